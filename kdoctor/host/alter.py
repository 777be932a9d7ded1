"""The door for changes in place: everything that may be touched is saved first, and comes back if anything fails.

The order on the disk: the record in the stage "saving" with the copies, then "changing", then the change itself, then
the states after it, then "done". A kill in between is told by the stage, and the next start puts back by it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from typing import TYPE_CHECKING

from kdoctor.host.place import free_bytes
from kdoctor.host.rename import rename_new, sync_directory, sync_tree
from kdoctor.host.restore import part_in, restore
from kdoctor.host.states import State, differing, is_derived, listing, state_of, surroundings
from kdoctor.host.store import Before, Manifest, Record, new_record
from kdoctor.model.change import Change, Edit, MakeLink, Packages, RemoveFile, WriteFile
from kdoctor.model.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SPARE_BYTES, _SPARE_FOR_LISTS_BYTES = 1 << 20, 64 << 20
_MEBI = 1 << 20


@contextlib.contextmanager
def recorded(store: str, manifest: Manifest, change: Change) -> Iterator[Record]:
    """Room to do the change, which the caller does inside; whatever is raised there, everything is put back.

    The lock of the store is held by the caller. Raises Trouble; nothing is changed then.
    """
    states = _states(change)
    saved = _to_be_saved(change, states)
    _refuse_unwritable(change)
    spare = _SPARE_FOR_LISTS_BYTES if change.packages else _SPARE_BYTES
    _refuse_full(store, sum(states[path].size for path in saved) + spare)
    with _told(store):
        record = new_record(store, manifest)
        try:
            _save(record, Before(states=states, saved=saved))
            record.say("changing")
        except BaseException:
            record.discard()
            raise
    with _told(change.edits[0].path if change.edits else manifest.roots[0]), _put_back_on_failure(record):
        yield record
        after = {path: state_of(path) for path in states} | listing(manifest.roots)
        for root in filter(os.path.isdir, manifest.roots):
            sync_tree(root)
        record.write("after.json", differing(states, after))
        record.say("done")


@contextlib.contextmanager
def _put_back_on_failure(record: Record) -> Iterator[None]:
    try:
        yield
    except BaseException:
        try:
            restore(record)
        except OSError as error:
            message = f"{error.filename}: {error.strerror or error}; the change failed and is not yet put back"
            hint = "`kdoctor undo` goes on with it; the saved files are safe."
            raise Trouble("not-put-back", message, hint=hint) from error
        record.discard()
        raise


@contextlib.contextmanager
def _told(place: str) -> Iterator[None]:
    """A disk that fails as one Trouble."""
    try:
        yield
    except OSError as error:
        where = error.filename or place
        message = f"{where}: {error.strerror or error}; nothing was changed"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Trouble("disk-full", message, hint="Free some space on that disk.") from error
        raise Trouble("disk-failed", message) from error


def _states(change: Change) -> dict[str, State]:
    found = surroundings(edit.path for edit in change.edits)
    packages = change.packages
    if packages is not None:
        found |= listing(packages.roots)
        found |= surroundings(path for path in packages.files if path not in found)
    return found


def _to_be_saved(change: Change, states: Mapping[str, State]) -> dict[str, str]:
    """The files that may go or change, each with the name of its copy."""
    paths = [edit.path for edit in change.edits]
    if change.packages is not None:
        paths += [*change.packages.files, *_derived(change.packages, states)]
    files = (path for path in dict.fromkeys(paths) if states[path].kind == "file")
    return {path: str(number) for number, path in enumerate(files)}


def _derived(packages: Packages, states: Mapping[str, State]) -> Iterator[str]:
    """What Python has compiled of the files of packages."""
    folders = {os.path.dirname(path) for path in packages.files}
    for path in states:
        if is_derived(path) and os.path.dirname(os.path.dirname(path)) in folders:
            yield path


def _refuse_unwritable(change: Change) -> None:
    """Raise Trouble before anything is copied where the change could not be done."""
    paths = [edit.path for edit in change.edits] + list(change.packages.roots if change.packages else ())
    for path in paths:
        folder = path if change.packages else os.path.dirname(path)
        while not os.path.lexists(folder):
            folder = os.path.dirname(folder)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Trouble("target-read-only", f"{folder} cannot be written, so nothing was changed")


def _refuse_full(store: str, need_bytes: int) -> None:
    free = free_bytes(store)
    if free is not None and free < need_bytes:
        need = -(-need_bytes // _MEBI)
        message = f"{store} has {free // _MEBI} MiB free; {need} MiB are needed to save what will be changed"
        raise Trouble("disk-too-small", message, hint="Free some space, or set XDG_DATA_HOME to another disk.")


def _save(record: Record, before: Before) -> None:
    for path, name in before.saved.items():
        shutil.copy2(path, record.copy_of(name), follow_symlinks=False)
        if state_of(path) != before.states[path]:
            raise Trouble("changed-meanwhile", f"{path} is being changed by something else; nothing was changed")
    sync_tree(record.folder)
    record.write("before.json", before)


def carry_out(edit: Edit, record: Record) -> None:
    """Do one edit in one step. Raises Trouble where the place is no longer what the plan saw."""
    folder = os.path.dirname(edit.path)
    os.makedirs(folder, exist_ok=True)
    if isinstance(edit, MakeLink):
        if os.path.lexists(edit.path):
            raise Trouble("changed-meanwhile", f"{edit.path} exists by now; nothing was changed")
        os.symlink(edit.target, edit.path)
    else:
        _refuse_other(edit)
        if isinstance(edit, RemoveFile):
            os.unlink(edit.path)
        else:
            _write(edit, part_in(folder, record))
    sync_directory(folder)


def _refuse_other(edit: WriteFile | RemoveFile) -> None:
    now = None
    if os.path.lexists(edit.path):
        with open(os.open(edit.path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            now = file.read()
    if now != edit.before:
        raise Trouble("changed-meanwhile", f"{edit.path} has changed meanwhile; nothing was changed")


def _write(edit: WriteFile, part: str) -> None:
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
        file.write(edit.after)
        file.flush()
        os.fsync(file.fileno())
    if edit.before is None:
        rename_new(part, edit.path)
        return
    now = os.lstat(edit.path)
    with contextlib.suppress(PermissionError):
        os.chown(part, now.st_uid, now.st_gid)
    shutil.copystat(edit.path, part)
    os.utime(part)
    os.replace(part, edit.path)
