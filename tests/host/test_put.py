"""Files are put in their places whole, all or none; what was there is never lost, also where the disk is full."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kdoctor.host.put import append, put
from kdoctor.model.trouble import Trouble
from tests.host.test_journal import room

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")


def contents(folder: Path) -> dict[str, str]:
    """Every file below, those that begin with a dot too."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_files_are_written_over_only_when_asked(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(Trouble, match="exists; kdoctor does not touch it"):
        put({str(tmp_path / "a"): b"new"}, force=False)
    put({str(tmp_path / "a"): b"new", str(tmp_path / "more/b"): b"b"}, force=True)
    assert contents(tmp_path) == {"a": "new", "more/b": "b"}


@pytest.mark.parametrize("limit", [0, 10, 999])
def test_a_full_disk_leaves_everything_as_it_was(tmp_path: Path, limit: int) -> None:
    (tmp_path / "a").write_text("old")
    name = "more/b" if limit else "a"
    with room(limit), pytest.raises(Trouble, match=f"{tmp_path}/{name}: File too large: nothing was written"):
        put({str(tmp_path / "a"): b"new", str(tmp_path / "more/b"): b"x" * 1000}, force=True)
    assert contents(tmp_path) == {"a": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_older_file_that_cannot_be_kept_aside_stays(tmp_path: Path) -> None:
    """The new one fits, the copy of the old one does not."""
    (tmp_path / "a").write_text("old" * 400)
    with room(1000), pytest.raises(Trouble, match="File too large"):
        put({str(tmp_path / "a"): b"new"}, force=True)
    assert contents(tmp_path) == {"a": "old" * 400}


def test_what_is_added_is_behind_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    append(str(path), b"one\n", most=100)
    append(str(path), b"two\n", most=100)
    assert path.read_text() == "one\ntwo\n"


def test_what_does_not_fit_is_not_added_in_part(tmp_path: Path) -> None:
    """Neither beyond the size that is wanted, nor on a disk that is full."""
    path = tmp_path / "summary"
    append(str(path), b"one\n", most=100)
    with pytest.raises(Trouble, match="would be larger than 7 bytes"):
        append(str(path), b"two\n", most=7)
    with room(100), pytest.raises(Trouble, match="File too large"):
        append(str(path), b"x" * 1000, most=2000)
    assert path.read_text() == "one\n"
