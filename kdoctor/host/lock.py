"""One kdoctor at a time for each prefix: a locked file beside it, that says who holds it and what they left.

The kernel gives the lock back when its holder dies, however it dies; the file then stays, with the record of what
that holder had begun, and the next one cleans up by it and removes the file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from typing import TYPE_CHECKING

import msgspec

from kdoctor.host.owner import Owner
from kdoctor.model.trouble import Trouble

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable

_RECORD_LIMIT = 1 << 16
_STEP_S = 0.05


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What a lock file says: its holder, the staging directory it was about to make, the parents it made."""

    owner: Owner
    staging: str = ""
    parents: tuple[str, ...] = ()


class Busy(msgspec.Struct, frozen=True):
    """What is being done under a lock, for who may not wait: a reference and the begin of a sentence."""

    reference: str
    what: str


MAKING = Busy("prefix-busy", "this environment is being made")


class Lock:
    """The held lock of one prefix. ``before``: what the last holder left where it did not end by itself."""

    def __init__(self, path: str, descriptor: int) -> None:
        """Take over a locked descriptor."""
        self.path = path
        self.descriptor = descriptor
        self.before = _read(descriptor)

    def write(self, record: Record) -> None:
        """Say what is about to be done, on the disk before it is done."""
        data = msgspec.json.encode(record)
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, data, 0)
        os.fsync(self.descriptor)

    def release(self) -> None:
        """Remove the file and let go, in this order, so that nobody locks a file that is gone without noticing."""
        with contextlib.suppress(OSError):
            os.unlink(self.path)
        self.let_go()

    def let_go(self) -> None:
        """Let go, and leave the file for who comes next."""
        os.close(self.descriptor)


def take(path: str, *, wait_s: float, on_wait: Callable[[str], None] | None = None, busy: Busy = MAKING) -> Lock:
    """Lock ``path``, waiting at most ``wait_s``. Raises Trouble that names the holder, in the words of ``busy``.

    ``on_wait`` is told once who is waited for.
    """
    if sys.platform == "win32":
        raise Trouble("fix-not-on-windows", "kdoctor does not make environments on Windows yet.")
    deadline = time.monotonic() + wait_s
    told = on_wait is None
    while True:
        descriptor = _open(path)
        if _locks(descriptor, path):
            if _is_still_there(descriptor, path):
                return Lock(path, descriptor)
            os.close(descriptor)
            continue
        record = _read(descriptor)
        os.close(descriptor)
        holder = str(record.owner) if record else "another kdoctor"
        if time.monotonic() >= deadline:
            hint = f"Wait for it, or end it; the lock is {path}."
            raise Trouble(busy.reference, f"{busy.what} by {holder}", hint=hint)
        if not told and on_wait is not None:
            told = True
            on_wait(holder)
        time.sleep(_STEP_S)


def _open(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0), 0o644)


def _locks(descriptor: int, path: str) -> bool:
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL):
            message = f"the file system of {os.path.dirname(path)} has no file locks ({error.strerror})"
            raise Trouble("no-file-locks", message, hint="Choose a prefix on another file system.") from error
        raise
    return True


def _is_still_there(descriptor: int, path: str) -> bool:
    """Whether the locked file is the one that the path leads to: its last holder removes it."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except OSError:
        return False


def _read(descriptor: int) -> Record | None:
    try:
        return msgspec.json.decode(os.pread(descriptor, _RECORD_LIMIT, 0), type=Record)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
