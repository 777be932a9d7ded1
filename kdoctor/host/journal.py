"""A file that grows by a line, in the user's data folder."""

from __future__ import annotations

import contextlib
import os
import sys

import platformdirs

from kdoctor.model.trouble import Trouble

if sys.platform != "win32":
    import fcntl

MAX_BYTES = 8 << 20
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)


def path_of(name: str) -> str:
    """Where the file of that name is."""
    return f"{platformdirs.user_data_dir('kdoctor')}/{name}"


def append(name: str, line: bytes) -> None:
    """Add a line, whole or not at all; raises Trouble where it cannot be written."""
    path = path_of(name)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(path, _FLAGS, 0o644)
        try:
            _append(descriptor, line)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise Trouble("history-not-written", f"{path}: {error.strerror or error}") from error


def _append(descriptor: int, line: bytes) -> None:
    """A full disk may take the begin of a line: that is cut off again. So is what a killed kdoctor left kept apart."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # some network file systems have no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    size = os.fstat(descriptor).st_size
    if size:
        os.lseek(descriptor, size - 1, os.SEEK_SET)
        line = line if os.read(descriptor, 1) == b"\n" else b"\n" + line
    rest = memoryview(line)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    except BaseException:
        os.ftruncate(descriptor, size)
        raise


def tail(name: str) -> bytes:
    """The end of the file, whole lines; nothing where there is none. Raises Trouble where it cannot be read."""
    path = path_of(name)
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - MAX_BYTES))
            data = file.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise Trouble("history-not-read", f"{path}: {error.strerror or error}") from error
    return data if size <= MAX_BYTES else data.partition(b"\n")[2]
