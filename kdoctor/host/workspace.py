"""The writing door: make a directory in full beside its place, and put it there in one step.

Everything is done in `.NAME.kdoctor-XXXXXXXX`, beside the target so that a rename is enough: `prefix` in it becomes
the target, `work` is for what is only needed on the way, and `kdoctor-staging.json` names the owner. However kdoctor
ends, the target is absent, or what it was, or complete; what was left is removed by the next start for the same
target, and nothing else is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from typing import TYPE_CHECKING

import msgspec

from kdoctor.host.lock import Record
from kdoctor.host.owner import this_owner
from kdoctor.host.place import refuse, refuse_surroundings
from kdoctor.host.recovery import MARKER, Marker, State, locked, put_back, remove_staging, stem
from kdoctor.host.rename import exchange, rename_new, sync_directory, sync_tree, write_file
from kdoctor.model.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Workspace:
    """A directory being made. ``prefix``: build it here; ``work``: scratch room; ``target``: where it will be."""

    def __init__(self, target: str, staging: str, *, replace: bool) -> None:
        """Make the directories; the marker comes first."""
        self.target = target
        self.staging = staging
        self.replace = replace
        self.prefix = os.path.join(staging, "prefix")
        self.work = os.path.join(staging, "work")
        os.mkdir(staging, 0o700)
        self._mark("making")
        os.mkdir(self.prefix, 0o755)
        os.mkdir(self.work, 0o700)
        self.committed = False

    def _mark(self, state: State) -> None:
        marker = Marker(owner=this_owner(), target=self.target, state=state)
        write_file(os.path.join(self.staging, MARKER), msgspec.json.encode(marker))

    def write(self, name: str, data: bytes) -> None:
        """A file of the new directory; ``name`` is relative to it."""
        path = os.path.join(self.prefix, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_file(path, data)

    def read(self, name: str) -> bytes:
        """A file of the new directory."""
        with open(os.path.join(self.prefix, name), "rb") as file:
            return file.read()

    def note(self, name: str, data: bytes) -> str:
        """A file that is only needed on the way; gives its path."""
        path = os.path.join(self.work, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def keep(self, note: str, name: str) -> bytes:
        """Take a file that was made on the way into the new directory; gives its content."""
        with open(os.path.join(self.work, note), "rb") as file:
            data = file.read()
        self.write(name, data)
        return data

    def link(self, name: str, target: str) -> None:
        """A symbolic link in the new directory, to a target relative to it; one that is there already stays."""
        path = os.path.join(self.prefix, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if not os.path.lexists(path):
            os.symlink(target, path)

    def hand_over(self) -> None:
        """Let another program write the target itself from here on; unless it is committed, it goes again."""
        self._mark("outside")
        self.prefix = self.target

    def discard(self) -> None:
        """Take the target away, in one step; what was in it is removed with the workspace."""
        os.rename(self.target, os.path.join(self.work, "gone"))
        sync_directory(os.path.dirname(self.target))

    def commit(self) -> None:
        """Put the directory in its place, on the disk when this returns. Raises Trouble where it is taken by now."""
        sync_tree(self.prefix)
        try:
            if self.prefix == self.target:
                self._mark("making")
            elif not (self.replace and os.path.lexists(self.target)):
                rename_new(self.prefix, self.target)
            elif not exchange(self.prefix, self.target):
                self._swap()
        except FileExistsError as error:
            message = f"{self.target} was made by something else meanwhile; kdoctor does not touch it"
            raise Trouble("prefix-exists", message) from error
        self.committed = True
        sync_directory(os.path.dirname(self.target))

    def _swap(self) -> None:
        """Two renames where one step is not to be had; a start after a kill in between puts the old one back."""
        old = os.path.join(self.staging, "old")
        self._mark("swapping")
        os.rename(self.target, old)
        try:
            os.rename(self.prefix, self.target)
        except OSError:
            os.rename(old, self.target)
            raise


@contextlib.contextmanager
def workspace(
    target: str,
    *,
    replace: bool = False,
    need_bytes: int = 0,
    wait_s: float = 0.0,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[Workspace]:
    """Room to make ``target``, an absolute path; what is not committed is gone at the end.

    Raises Trouble: the place will not do, somebody makes it for longer than ``wait_s``, or the disk fails.
    """
    refuse_surroundings(target)  # the rest once what was left there is put right
    with _told(target), locked(target, wait_s, on_wait) as (lock, parents):
        refuse(target, replace=replace, need_bytes=need_bytes)
        staging = f"{stem(target)}{secrets.token_hex(4)}"
        lock.write(Record(owner=this_owner(), staging=os.path.basename(staging), parents=parents))
        try:
            yield Workspace(target, staging, replace=replace)
        finally:
            put_back(staging, target)
            remove_staging(staging)


@contextlib.contextmanager
def _told(target: str) -> Iterator[None]:
    """A disk that fails as one Trouble."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = "Free some space, or choose a prefix on another disk."
            raise Trouble("disk-full", f"the disk of {target} became full", hint=hint) from error
        where = error.filename or target
        raise Trouble("disk-failed", f"{where}: {error.strerror or error}") from error
