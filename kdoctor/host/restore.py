"""Put everything back that a record covers: bytes, modes, times and links; what came into being goes.

Every step compares with what is there now, so that it may be killed anywhere and done again.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from typing import TYPE_CHECKING

from kdoctor.host.rename import remove_tree, sync_tree
from kdoctor.host.states import ABSENT, State, differing, is_derived, listing, state_of
from kdoctor.model.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kdoctor.host.store import Before, Record

_METADATA = re.compile(r"(?P<name>[A-Za-z0-9._]+?)-[^-]+\.dist-info$")


def touched(record: Record) -> dict[str, State]:
    """What the change made of each path that it touched; for one that was cut off, what is there now."""
    after = record.after
    if after is not None:
        return after
    before = record.before.states
    roots = record.manifest.roots
    now = {path: state_of(path) for path in before} | listing(roots)
    return differing(before, now)


def changed_since(record: Record) -> tuple[str, ...]:
    """Paths that somebody else has changed since, so that putting them back would lose their work."""
    before, after = record.before.states, touched(record)
    found = [path for path, state in after.items() if _is_foreign(path, before.get(path, ABSENT), state)]
    for path, state in after.items():
        if state.kind == "directory" and before.get(path, ABSENT).kind == "absent":
            found += _came_later(path, after)
    if record.after is None:
        found += [path for path in after if path not in before and _is_other_package(path, record.manifest.names)]
    return tuple(sorted(dict.fromkeys(found)))


def _is_foreign(path: str, before: State, after: State) -> bool:
    if is_derived(path) or "directory" in (before.kind, after.kind):
        return False
    return state_of(path) not in (before, after)


def _came_later(folder: str, after: Mapping[str, State]) -> Iterable[str]:
    """What lies in a directory that the change made, and is not of the change."""
    try:
        names = os.listdir(folder)
    except OSError:
        return ()
    paths = (os.path.join(folder, name) for name in names)
    return [path for path in paths if path not in after and not is_derived(path)]


def _is_other_package(path: str, names: tuple[str, ...]) -> bool:
    match = _METADATA.match(os.path.basename(path))
    return match is not None and re.sub(r"[-_.]+", "-", match["name"]).lower() not in names


def restore(record: Record) -> tuple[str, ...]:
    """Put everything back; gives the paths. Raises OSError or Trouble with the record as it is, to go on later."""
    before = record.before
    current = touched(record)
    finished = record.manifest.stage == "done"
    _refuse_unwritable(before, current)
    for path in {*current, *(() if record.manifest.roots else before.states)}:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.unlink(part_in(os.path.dirname(path), record))
    left = {path for path, state in current.items() if finished and _is_used_since(path, state)}
    record.say("undoing")
    _remove_new(before, current)
    _make_directories(before, current)
    for path in sorted(current):
        _put_back(path, before, record)
    for path in sorted(set(current) - left, reverse=True):
        _settle_directory(path, before.states.get(path, ABSENT))
    for folder in _one_for_each_disk({os.path.dirname(path) for path in current}):
        sync_tree(folder)  # before the copies go
    record.say("undone")
    record.forget_copies()
    return tuple(sorted(path for path, state in current.items() if state.kind != "directory"))


def _refuse_unwritable(before: Before, current: Mapping[str, State]) -> None:
    """Raise Trouble, before anything is put back, where a directory would not let it."""
    for folder in dict.fromkeys(os.path.dirname(path) for path in current if _has_to_move(path, before)):
        if os.path.isdir(folder) and not os.access(folder, os.W_OK | os.X_OK):
            raise Trouble("target-read-only", f"{folder} cannot be written, so nothing was put back")


def _has_to_move(path: str, before: Before) -> bool:
    """Whether a name has to come, go or get another file; the time of a directory is its own matter."""
    want, now = before.states.get(path, ABSENT), state_of(path)
    return want != now and not want.kind == now.kind == "directory"


def _one_for_each_disk(folders: Iterable[str]) -> Iterable[str]:
    return {os.stat(folder).st_dev: folder for folder in folders if os.path.isdir(folder)}.values()


def part_in(folder: str, record: Record) -> str:
    """The name under which a file of this record is written before it gets its own."""
    return os.path.join(folder, f".kdoctor-{record.manifest.id}.part")


def _is_used_since(path: str, state: State) -> bool:
    """Whether a directory has got or lost names since the change, so that its time is no longer ours to set."""
    return state.kind == "directory" and state_of(path).mtime_ns != state.mtime_ns


def _remove_new(before: Before, current: Mapping[str, State]) -> None:
    for path in sorted(current, reverse=True):
        if before.states.get(path, ABSENT).kind != "absent":
            continue
        kind = state_of(path).kind
        if kind in ("file", "link"):
            os.unlink(path)
        elif kind == "directory":
            _remove_directory(path)


def _remove_directory(path: str) -> None:
    """Remove a directory with what Python derived in it; one that holds anything else stays."""
    for name in os.listdir(path):
        if is_derived(name):
            remove_tree(os.path.join(path, name))
    with contextlib.suppress(OSError):
        os.rmdir(path)


def _make_directories(before: Before, current: Mapping[str, State]) -> None:
    """Make anew what the change removed, and nothing that has gone since with an environment as a whole."""
    for path in sorted(path for path, state in current.items() if state.kind == "absent"):
        wanted = before.states.get(path, ABSENT).kind == "directory" and state_of(path).kind == "absent"
        if wanted and os.path.isdir(os.path.dirname(path)):
            os.mkdir(path, 0o700)


def _put_back(path: str, before: Before, record: Record) -> None:
    want = before.states.get(path, ABSENT)
    folder = os.path.dirname(path)
    if want.kind not in ("file", "link") or state_of(path) == want or not os.path.isdir(folder):
        return  # without its directory it belongs to an environment that is gone
    part = part_in(folder, record)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(part)
    if want.kind == "link":
        os.symlink(want.target, part)
    elif path in before.saved:
        shutil.copy2(record.copy_of(before.saved[path]), part)
    elif is_derived(path):
        return
    else:
        raise Trouble("copy-missing", f"{path} was changed, and no copy of it was saved")
    _settle(part, want)
    os.replace(part, path)


def _settle(path: str, want: State) -> None:
    """Owner, mode and time, in this order: a new owner takes bits of the mode away."""
    now = os.lstat(path)
    if (now.st_uid, now.st_gid) != (want.uid, want.gid):
        with contextlib.suppress(PermissionError):
            os.chown(path, want.uid, want.gid, follow_symlinks=False)
    if want.kind != "link":
        os.chmod(path, want.mode)
    os.utime(path, ns=(now.st_atime_ns, want.mtime_ns), follow_symlinks=False)


def _settle_directory(path: str, want: State) -> None:
    if want.kind == "directory" and state_of(path) not in (want, ABSENT):
        _settle(path, want)
