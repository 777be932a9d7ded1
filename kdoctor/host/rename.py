"""Put one directory in another's place so that nobody sees anything in between, and have it on the disk.

Linux can do both in one step: renameat2 with NOREPLACE (never over something) and with EXCHANGE. Where the kernel,
the C library or the file system cannot, the caller is told and takes two steps that can be undone.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import stat
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_AT_FDCWD = -100
_NOREPLACE = 1
_EXCHANGE = 2
_UNSUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}
_TRIES = 20
_PAUSE_S = 0.05


def _renameat2(old: str, new: str, flag: int) -> bool:
    """Whether it was done; False where this system cannot, OSError where it failed."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    if libc.renameat2(_AT_FDCWD, os.fsencode(old), _AT_FDCWD, os.fsencode(new), flag) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number), new)


def exchange(one: str, other: str) -> bool:
    """Swap two directories in one step; False where this system cannot."""
    return _renameat2(one, other, _EXCHANGE)


def rename_new(old: str, new: str) -> None:
    """Rename to a name that is not taken; FileExistsError where it is."""
    if _renameat2(old, new, _NOREPLACE):
        return
    if os.path.lexists(new):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new)
    os.rename(old, new)


def sync_directory(path: str) -> None:
    """Have the names in a directory on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some file systems have nothing to do for a directory
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(path: str) -> None:
    """Have everything below on the disk: one call for the file system instead of one for each of 30,000 files."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            if hasattr(libc, "syncfs") and libc.syncfs(descriptor) == 0:
                return
            number = ctypes.get_errno()
            if number in (errno.EIO, errno.ENOSPC, errno.EDQUOT):
                raise OSError(number, os.strerror(number), path)
        finally:
            os.close(descriptor)
    if hasattr(os, "sync"):
        os.sync()


def write_file(path: str, data: bytes, mode: int = 0o644) -> None:
    """A file that holds all of ``data`` or does not exist, on the disk when this returns."""
    part = f"{path}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    os.replace(part, path)
    sync_directory(os.path.dirname(path))


def remove_tree(path: str) -> None:
    """Remove a directory that nothing else uses; a process that is just dying may still add to it for a moment."""
    for _ in range(_TRIES):
        if _is_removed(path):
            return
        time.sleep(_PAUSE_S)
    _rmtree(path)


def _is_removed(path: str) -> bool:
    try:
        _rmtree(path)
    except FileNotFoundError:
        return not os.path.lexists(path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def _rmtree(path: str) -> None:
    if os.path.islink(path) or not os.path.isdir(path):
        os.unlink(path)
    elif sys.version_info >= (3, 12):
        shutil.rmtree(path, onexc=lambda call, where, _: _again(call, where))
    else:
        shutil.rmtree(path, onerror=lambda call, where, _: _again(call, where))


def _again(call: Callable[..., object], where: str) -> None:
    """Packages may bring directories without the right to write."""
    if not os.path.lexists(where):
        return
    for each in (os.path.dirname(where), where):
        if os.path.isdir(each) and not os.path.islink(each):
            os.chmod(each, os.stat(each).st_mode | stat.S_IRWXU)
    if call in (os.unlink, os.rmdir):
        call(where)
    else:
        _rmtree(where)
