"""The smallest Host: the real disk, for the methods that the loader uses."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Literal, NoReturn

from kdoctor.host import TEXT_LIMIT, FileStat, Platform, Reason, Unreadable, User
from kdoctor.host.elf import Elf, NotElf, parse_elf

if TYPE_CHECKING:
    from collections.abc import Mapping

_REASONS: dict[int, Reason] = {
    errno.ENOENT: "absent",
    errno.ENOTDIR: "absent",
    errno.EACCES: "denied",
    errno.ELOOP: "link-loop",
    errno.EISDIR: "not-a-file",
}


def _unreadable(path: str, error: OSError) -> Unreadable:
    return Unreadable(path, _REASONS.get(error.errno or 0, "broken"), error.strerror or "")


class Disk:
    """The files of this machine; whatever the loader does not ask for is refused."""

    origin: Literal["live"] = "live"
    platform = Platform(os="linux", machine=os.uname().machine)
    user = User()

    def __init__(self, cwd: str = "") -> None:
        """Look from ``cwd``."""
        self.cwd = cwd or str(os.getcwd())  # noqa: PTH109  as text
        self.environ: Mapping[str, str] = {}

    def read_bytes(self, path: str, *, offset: int = 0, limit: int = TEXT_LIMIT) -> bytes | Unreadable:
        """Read part of a file."""
        try:
            with open(path, "rb") as file:  # noqa: PTH123  as text
                file.seek(offset)
                return file.read(limit)
        except OSError as error:
            return _unreadable(path, error)

    def read_text(self, path: str, *, limit: int = TEXT_LIMIT) -> str | Unreadable:
        """Read the start of a file as text."""
        found = self.read_bytes(path, limit=limit)
        return found.decode("utf-8", "replace") if isinstance(found, bytes) else found

    def list(self, directory: str) -> tuple[str, ...] | Unreadable:
        """List a directory."""
        try:
            return tuple(sorted(os.listdir(directory)))  # noqa: PTH208  as text
        except OSError as error:
            return _unreadable(directory, error)

    def glob(self, pattern: str) -> NoReturn:
        """Refuse."""
        raise NotImplementedError(pattern)

    def resolve(self, path: str) -> str | Unreadable:
        """Follow every link."""
        try:
            return os.path.realpath(path, strict=True)
        except OSError as error:
            return _unreadable(path, error)

    def stat(self, path: str, *, follow: bool = True) -> FileStat | Unreadable:
        """Say what a path is."""
        try:
            found = os.stat(path, follow_symlinks=follow)  # noqa: PTH116  as text
        except OSError as error:
            return _unreadable(path, error)
        kind: Literal["directory", "file", "other"] = "other"
        if stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode):
            kind = "directory" if stat.S_ISDIR(found.st_mode) else "file"
        return FileStat(kind=kind, size=found.st_size, identity=f"{found.st_dev}:{found.st_ino}")

    def elf(self, path: str) -> Elf | Unreadable:
        """Read an ELF file's headers."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            return _unreadable(path, error)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return Unreadable(path, "not-a-file")
            return parse_elf(lambda offset, size: os.pread(descriptor, size, offset))
        except NotElf as error:
            return Unreadable(path, "broken", str(error))
        finally:
            os.close(descriptor)

    def run(self, argv: tuple[str, ...], timeout_s: float) -> NoReturn:
        """Refuse."""
        raise NotImplementedError(argv, timeout_s)

    def ask(self, question: str, **_rest: object) -> NoReturn:
        """Refuse."""
        raise NotImplementedError(question)

    def process(self, pid: int) -> NoReturn:
        """Refuse."""
        raise NotImplementedError(pid)
