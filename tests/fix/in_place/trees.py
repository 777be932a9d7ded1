"""Whole trees as values, to be compared before and after."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from kdoctor.host.owner import this_owner
from kdoctor.host.store import Manifest
from kdoctor.model.change import Change, Edit


def tree(root: Path) -> dict[str, tuple[object, ...]]:
    """Everything in and below a directory: kind and mode, owner, time, and the content or what a link leads to."""
    return dict(_below(root))


def _below(path: Path) -> Iterator[tuple[str, tuple[object, ...]]]:
    found = os.lstat(path)
    content: str | None = None
    if path.is_symlink():
        content = str(path.readlink())
    elif path.is_file():
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    yield str(path), (found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns, content)
    if path.is_dir() and not path.is_symlink():
        for each in path.iterdir():
            yield from _below(each)


def age(root: Path) -> None:
    """Give everything a time of long ago, so that a time that is set anew cannot be the same by chance."""
    for folder, directories, files in os.walk(root, topdown=False):
        for number, name in enumerate((*directories, *files)):
            when = 1_600_000_000_000_000_000 + number * 1_000_000_007
            os.utime(Path(folder, name), ns=(when, when), follow_symlinks=False)
    os.utime(root, ns=(1_500_000_000_123_456_789,) * 2)


def manifest(title: str = "a test") -> Manifest:
    """What a record begins with."""
    return Manifest(schema=1, id="", rule="KD403", title=title, stage="saving", owner=this_owner())


def of(*edits: Edit) -> Change:
    """A change of files."""
    return Change(kind="file", title="a test", edits=edits)
