"""A line is added whole or not at all, whatever the disk does and whoever else writes."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kdoctor.host.journal import append, path_of, tail
from kdoctor.model.trouble import Trouble

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
NAME = "lines.jsonl"


@contextmanager
def room(limit: int) -> Iterator[None]:
    """No file may become larger; the kernel then writes what fits and refuses the rest, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a history."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))


def test_lines_are_added_and_read_back() -> None:
    assert tail(NAME) == b""
    append(NAME, b"one\n")
    append(NAME, b"two\n")
    assert tail(NAME) == b"one\ntwo\n"


@pytest.mark.parametrize("limit", [4, 5, 9, 103])
def test_a_disk_that_is_full_takes_no_half_of_a_line(limit: int) -> None:
    append(NAME, b"one\n")
    with room(limit), pytest.raises(Trouble, match=r"lines\.jsonl: File too large"):
        append(NAME, b"x" * 99 + b"\n")
    assert tail(NAME) == b"one\n"
    append(NAME, b"two\n")
    assert tail(NAME) == b"one\ntwo\n"


def test_what_a_killed_one_left_does_not_swallow_the_next() -> None:
    append(NAME, b"one\ntw")
    append(NAME, b"three\n")
    assert tail(NAME) == b"one\ntw\nthree\n"


def test_several_at_once_do_not_mix() -> None:
    code = f"from kdoctor.host.journal import append\nfor _ in range(50): append({NAME!r}, b'x' * 5000 + b'\\n')"
    running = [subprocess.Popen((sys.executable, "-c", code)) for _ in range(4)]
    assert [one.wait(60) for one in running] == [0] * 4
    assert set(tail(NAME).splitlines()) == {b"x" * 5000}
    assert tail(NAME).count(b"\n") == 200


def test_a_folder_in_its_place_is_told() -> None:
    Path(path_of(NAME)).mkdir(parents=True)
    with pytest.raises(Trouble, match="Is a directory"):
        append(NAME, b"one\n")
    with pytest.raises(Trouble, match="Is a directory"):
        tail(NAME)
