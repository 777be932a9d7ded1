"""What is kept of an output, and what becomes of targets that take no more."""

from __future__ import annotations

import os
import sys
import threading
import tracemalloc

import pytest

from kdoctor.host.relay import HEAD, TAIL, Kept, Relay, write_all

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")


@pytest.mark.parametrize("size", [1, 999, 1 << 16, 3 << 20])
@pytest.mark.parametrize("length", [0, 1, HEAD, HEAD + TAIL, HEAD + TAIL + 1, 4 << 20])
def test_the_whole_is_kept_as_long_as_it_fits_and_then_both_ends(size: int, length: int) -> None:
    data = os.urandom(min(length, 1 << 20)) * 4
    data = data[:length]
    if size == 1:
        data = data[: HEAD + 10]
    kept = Kept()
    for start in range(0, len(data), size):
        kept.add(data[start : start + size])
    whole = len(data) <= HEAD + TAIL
    assert kept.parts() == (((data,) if data else ()) if whole else (data[:HEAD], data[-TAIL:]))


def test_the_memory_is_bounded_however_much_goes_by() -> None:
    kept, piece = Kept(), bytes(1 << 16)
    tracemalloc.start()
    for _ in range(1000):
        kept.add(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * (HEAD + TAIL)


def test_a_last_line_without_an_end_is_known() -> None:
    kept = Kept()
    seen = []
    for data in (b"", b"a", b"\n", b"b" * HEAD, b"\n"):
        kept.add(data)
        seen.append(kept.in_line())
    assert seen == [False, True, False, True, False]


def test_a_target_that_others_made_non_blocking_gets_everything() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    data = os.urandom(1 << 20)
    got = bytearray()

    def take() -> None:
        while chunk := os.read(read, 1 << 16):
            got.extend(chunk)

    reader = threading.Thread(target=take)
    reader.start()
    write_all(write, data)
    os.close(write)
    reader.join()
    os.close(read)
    assert got == data


def test_a_reader_that_left_closes_the_source() -> None:
    (gone, target), (source, sink), (ended, end) = os.pipe(), os.pipe(), os.pipe()
    os.close(gone)
    relay = Relay("stdout", source, target, ended)
    relay.start()
    os.write(sink, b"to nobody")
    relay.join(10)
    with pytest.raises(BrokenPipeError):
        os.write(sink, b"more")
    assert (relay.is_alive(), relay.failed) == (False, None)
    for descriptor in (target, sink, ended, end):
        os.close(descriptor)
