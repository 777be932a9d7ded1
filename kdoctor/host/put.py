"""Put files in their places: all of them or none, each whole, and nothing that exists is lost unasked."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from typing import TYPE_CHECKING

from kdoctor.host.place import missing
from kdoctor.host.rename import rename_new, sync_directory
from kdoctor.model.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # a pipe that nobody reads is refused, not waited for


def put(files: Mapping[str, bytes], *, force: bool) -> None:
    """Write the files; ``force``: over files that exist. Raises Trouble, and then nothing is changed."""
    paths = {os.path.abspath(path): data for path, data in files.items()}
    refuse_files(paths, force=force)
    path = ""
    try:
        with contextlib.ExitStack() as undo:
            for path, data in paths.items():
                _make_folder(os.path.dirname(path), undo)
                _place(_aside(path, data, undo), path, undo)
            undo.pop_all()
    except OSError as error:
        where = error.filename or path  # a write that failed does not say where
        raise Trouble("file-not-written", f"{where}: {error.strerror}: nothing was written") from error
    for path in paths:
        with contextlib.suppress(OSError):
            os.unlink(_kept(path))
        sync_directory(os.path.dirname(path))


def refuse_files(paths: Iterable[str], *, force: bool) -> None:
    """Raise Trouble where one of these files may not be written."""
    for path in paths:
        _refuse(os.path.abspath(path), force=force)


def same_file(first: str, second: str) -> bool:
    """Whether two paths are one place, however they are written."""
    return os.path.realpath(first) == os.path.realpath(second)


def append(path: str, data: bytes, *, most: int) -> None:
    """Add to a file, which may be new, all or nothing; ``most``: bytes that it may then have. Raises Trouble."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _AT_ONCE, 0o666)
        try:
            size = os.fstat(descriptor).st_size
            if size + len(data) > most:
                raise Trouble("file-too-large", f"{path} would be larger than {most} bytes")
            _add(descriptor, data, size)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise Trouble("file-not-written", f"{path}: {error.strerror}") from error


def _add(descriptor: int, data: bytes, size: int) -> None:
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, size)
        raise


def _refuse(path: str, *, force: bool) -> None:
    if not os.path.lexists(path):
        return
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise Trouble("file-no-file", f"{path} is a link, a directory or a device; only a file is written over")
    if not force:
        hint = "Choose another place, or write over it with --force."
        raise Trouble("file-exists", f"{path} exists; kdoctor does not touch it", hint=hint)


def _make_folder(path: str, undo: contextlib.ExitStack) -> None:
    for folder in reversed(missing(path)):
        os.mkdir(folder)
        undo.callback(_quietly_remove_folder, folder)


def _aside(path: str, data: bytes, undo: contextlib.ExitStack) -> str:
    """The file beside its place, on the disk; with the rights of the one that it will replace."""
    part = f"{os.path.dirname(path)}/.{os.path.basename(path)[:100]}.kdoctor-{secrets.token_hex(4)}"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    undo.callback(_quietly_remove, part)
    with open(descriptor, "wb") as file:
        if os.path.exists(path) and hasattr(os, "fchmod"):
            os.fchmod(descriptor, stat.S_IMODE(os.stat(path).st_mode))
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    return part


def _place(part: str, path: str, undo: contextlib.ExitStack) -> None:
    """Put it there, so that it can be undone."""
    if not os.path.lexists(path):
        rename_new(part, path)
        undo.callback(_quietly_remove, path)
        return
    kept = _kept(path)
    undo.callback(_quietly_remove, kept)  # half of it, where the disk is full
    shutil.copy2(path, kept)
    undo.callback(os.replace, kept, path)
    os.replace(part, path)


def _kept(path: str) -> str:
    """Where the file that is written over waits until all is done."""
    return f"{os.path.dirname(path)}/.{os.path.basename(path)[:100]}.kdoctor-{os.getpid()}.old"


def _quietly_remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _quietly_remove_folder(path: str) -> None:
    with contextlib.suppress(OSError):
        os.rmdir(path)
