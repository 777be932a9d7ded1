"""What a path is, in full: enough to tell whether it changed, and to make it again from a saved copy."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class State(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``size`` is that of a file, ``target`` that of a link; "other" is what kdoctor never touches."""

    kind: Literal["absent", "file", "directory", "link", "other"] = "absent"
    mode: int = 0
    size: int = 0
    mtime_ns: int = 0
    uid: int = 0
    gid: int = 0
    target: str = ""


ABSENT = State()


def state_of(path: str) -> State:
    """What the path itself is; a link is not followed."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    target = os.readlink(path) if stat.S_ISLNK(found.st_mode) else ""
    return _state(found, target)


def _state(found: os.stat_result, target: str) -> State:
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}
    kind = kinds.get(stat.S_IFMT(found.st_mode), "other")
    return State(
        kind=kind,  # type: ignore[arg-type]  # one of the table's
        mode=stat.S_IMODE(found.st_mode),
        size=found.st_size if kind == "file" else 0,
        mtime_ns=found.st_mtime_ns,
        uid=found.st_uid,
        gid=found.st_gid,
        target=target,
    )


def listing(roots: Iterable[str]) -> dict[str, State]:
    """Everything in and below some directories, which may be absent themselves; names that are no text are left out."""
    found: dict[str, State] = {}
    for root in roots:
        found[root] = state_of(root)
        if found[root].kind == "directory":
            found.update(_below(root))
    return found


def _below(folder: str) -> Iterator[tuple[str, State]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not _is_text(entry.name):
                continue
            state = _state(entry.stat(follow_symlinks=False), os.readlink(entry.path) if entry.is_symlink() else "")
            yield entry.path, state
            if state.kind == "directory":
                yield from _below(entry.path)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_derived(path: str) -> bool:
    """Whether Python makes the file by itself, from a source beside it."""
    return path.endswith(".pyc") or os.path.basename(path) == "__pycache__"


def differing(before: Mapping[str, State], after: Mapping[str, State]) -> dict[str, State]:
    """What became of every path that is not what it was."""
    gone = {path: ABSENT for path, state in before.items() if path not in after and state.kind != "absent"}
    return gone | {path: state for path, state in after.items() if state != before.get(path, ABSENT)}


def surroundings(paths: Iterable[str]) -> dict[str, State]:
    """The states of paths, of the directories that would have to be made for them, and of those that hold these."""
    found: dict[str, State] = {}
    for path in paths:
        found[path] = state_of(path)
        parent = os.path.dirname(path)
        while parent not in found:
            found[parent] = state_of(parent)
            if found[parent].kind != "absent":
                break
            parent = os.path.dirname(parent)
    return found
