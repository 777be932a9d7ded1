"""Read files below a root, so that nothing in the tree can lead outside it, block or grow without bound.

With the root "" this is the machine itself and the kernel resolves links. With another root every link, absolute
ones too, is resolved inside it, ``..`` stops at the root, loops end, and FIFOs and devices are never opened.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import stat as modes

from kdoctor.host import TEXT_LIMIT, FileStat, Kind, Reason, Unreadable
from kdoctor.host.elf import Elf, NotElf, parse_elf

_MAX_LINKS = 40
_MAX_NAMES = 200_000
_KINDS: dict[int, Kind] = {
    modes.S_IFREG: "file",
    modes.S_IFDIR: "directory",
    modes.S_IFLNK: "link",
    modes.S_IFCHR: "character",
    modes.S_IFBLK: "block",
    modes.S_IFIFO: "fifo",
    modes.S_IFSOCK: "socket",
}
_REASONS: dict[int, Reason] = {
    errno.ENOENT: "absent",
    errno.ENOTDIR: "absent",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.ELOOP: "link-loop",
    errno.EISDIR: "not-a-file",
    errno.ENXIO: "not-a-file",
}


def unreadable(path: str, error: OSError) -> Unreadable:
    """The reason behind an OSError."""
    return Unreadable(path, _REASONS.get(error.errno or 0, "broken"), error.strerror or str(error))


class Files:
    """The read-only file functions of a Host, below ``root``."""

    def __init__(self, root: str = "") -> None:
        """``root`` "" means the machine itself."""
        self.root = os.path.realpath(root) if root else ""

    def _real(self, path: str, *, follow: bool = True) -> str:
        """The path on this machine; raises OSError for a loop of links."""
        if not self.root:
            return path
        todo = [part for part in path.split("/") if part not in ("", ".")]
        done: list[str] = []
        links = 0
        while todo:
            part = todo.pop(0)
            if part == "..":
                done = done[:-1]
                continue
            here = os.path.join(self.root, *done, part)  # noqa: PTH118  hot path: pathlib costs five times as much
            try:
                target = os.readlink(here) if todo or follow else ""  # noqa: PTH115  hot path
            except OSError:
                target = ""
            if not target:
                done.append(part)
                continue
            links += 1
            if links > _MAX_LINKS:
                raise OSError(errno.ELOOP, "too many links", path)
            if target.startswith("/"):
                done = []
            todo = [piece for piece in target.split("/") if piece not in ("", ".")] + todo
        return os.path.join(self.root, *done)  # noqa: PTH118  hot path

    def read_bytes(self, path: str, *, offset: int = 0, limit: int = TEXT_LIMIT) -> bytes | Unreadable:
        """At most ``limit`` bytes from ``offset`` of a regular file."""
        try:
            handle = os.open(self._real(path), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except (OSError, ValueError) as error:
            return unreadable(path, error) if isinstance(error, OSError) else Unreadable(path, "absent", str(error))
        try:
            if not modes.S_ISREG(os.fstat(handle).st_mode):
                return Unreadable(path, "not-a-file")
            if offset:
                os.lseek(handle, offset, os.SEEK_SET)
            return _read_up_to(handle, limit)
        except OSError as error:
            return unreadable(path, error)
        finally:
            os.close(handle)

    def read_text(self, path: str, *, limit: int = TEXT_LIMIT) -> str | Unreadable:
        """The same as text; bytes that are not UTF-8 become U+FFFD."""
        data = self.read_bytes(path, limit=limit)
        return data.decode("utf-8", "replace") if isinstance(data, bytes) else data

    def list(self, directory: str) -> tuple[str, ...] | Unreadable:
        """Sorted names in a directory."""
        try:
            with os.scandir(self._real(directory)) as entries:
                return tuple(sorted(entry.name for entry, _ in zip(entries, range(_MAX_NAMES), strict=False)))
        except OSError as error:
            return unreadable(directory, error)

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Sorted paths that match."""
        paths = ["/" if pattern.startswith("/") else ""]
        for part in [piece for piece in pattern.split("/") if piece]:
            wild = any(sign in part for sign in "*?[")
            paths = [
                os.path.join(path, name)  # noqa: PTH118  hot path
                for path in paths
                for name in (self._matching(path, part) if wild else (part,))
            ]
        return tuple(path for path in paths if isinstance(self.stat(path), FileStat))

    def _matching(self, directory: str, part: str) -> tuple[str, ...]:
        names = self.list(directory)
        return tuple(fnmatch.filter(names, part)) if isinstance(names, tuple) else ()

    def resolve(self, path: str) -> str | Unreadable:
        """The path with every link followed, as seen from the root."""
        try:
            if not self.root:
                return os.path.realpath(path, strict=True)
            real = self._real(path)
            os.lstat(real)
        except OSError as error:
            return unreadable(path, error)
        return real[len(self.root) :] or "/"

    def stat(self, path: str, *, follow: bool = True) -> FileStat | Unreadable:
        """What the path is."""
        try:
            real = self._real(path, follow=follow)
            found = os.stat(real, follow_symlinks=follow and not self.root)
        except (OSError, ValueError) as error:
            return unreadable(path, error) if isinstance(error, OSError) else Unreadable(path, "absent", str(error))
        return FileStat(
            kind=_KINDS.get(modes.S_IFMT(found.st_mode), "other"),
            size=found.st_size,
            mode=modes.S_IMODE(found.st_mode),
            uid=found.st_uid,
            gid=found.st_gid,
            identity=f"{found.st_dev}:{found.st_ino}",
        )

    def elf(self, path: str) -> Elf | Unreadable:
        """The dynamic section of an ELF file."""
        try:
            handle = os.open(self._real(path), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except OSError as error:
            return unreadable(path, error)
        try:
            if not modes.S_ISREG(os.fstat(handle).st_mode):
                return Unreadable(path, "not-a-file")
            return parse_elf(lambda offset, size: os.pread(handle, size, offset))
        except NotElf as error:
            return Unreadable(path, "broken", str(error))
        except OSError as error:
            return unreadable(path, error)
        finally:
            os.close(handle)


def _read_up_to(handle: int, limit: int) -> bytes:
    parts = []
    while limit > 0:
        data = os.read(handle, min(limit, 1 << 20))
        if not data:
            break
        parts.append(data)
        limit -= len(data)
    return b"".join(parts)
