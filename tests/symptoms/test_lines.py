"""Any bytes as lines: encodings, line ends, escapes, endless lines."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from kdoctor.symptoms.lines import LONGEST, NotTextError, lines_of

TEXT = "first line\nsecond \u00e9\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_gives_the_same_lines(encoding: str) -> None:
    assert list(lines_of([TEXT.encode(encoding)])) == ["first line", "second \u00e9"]


def test_a_character_cut_between_two_chunks_stays_whole() -> None:
    data = TEXT.encode()
    assert list(lines_of(data[index : index + 1] for index in range(len(data)))) == ["first line", "second \u00e9"]


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"\x1b[1;31merror\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07", "error link"),
        (b"> > quoted", "quoted"),
        (b">>> import keras", ">>> import keras"),
        (b"2024-05-01T10:00:00.1234567Z ImportError", "ImportError"),
        (b"a &lt;b&gt; c", "a <b> c"),
        (b"bad \xff\xfe bytes\x00", "bad \ufffd\ufffd bytes"),
        ("\u202ereversed \u2018quoted\u2019".encode(), "reversed 'quoted'"),
    ],
)
def test_what_is_wrapped_around_a_line_goes(raw: bytes, line: str) -> None:
    assert list(lines_of([raw])) == [line]


def test_a_progress_bar_is_many_lines() -> None:
    assert list(lines_of([b"1/3\r2/3\r3/3\r\nend"])) == ["1/3", "2/3", "3/3", "end"]


@pytest.mark.parametrize("data", [bytes(5000), bytes(range(1, 32)) * 40, b"\x7fELF\x02\x01\x01" + bytes(2000)])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(NotTextError):
        list(lines_of([data]))


def test_an_endless_line_is_cut_and_costs_no_memory() -> None:
    def chunks() -> Iterator[bytes]:
        chunk = b"x" * (1 << 16)
        for _ in range(300):
            yield chunk
        yield b"\nend"

    tracemalloc.start()
    lines = list(lines_of(chunks()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lines == ["x" * LONGEST, "end"]
    assert peak < 4 << 20


def test_nothing_gives_no_lines() -> None:
    assert list(lines_of([])) == []
