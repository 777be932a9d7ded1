"""Read files below a root, so that nothing in the tree can lead outside it, block or grow without bound.

With the root "" this is the machine itself and the kernel resolves links. With another root every link, absolute
ones too, is resolved inside it, ``..`` stops at the root, loops end, and FIFOs and devices are never opened.
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import itertools
import os
import stat as modes
from typing import TYPE_CHECKING

from kdoctor.host import TEXT_LIMIT, FileStat, Kind, Reason, Unreadable
from kdoctor.host.elf import Elf, NotElf, parse_elf

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def unreadable(path: str, error: OSError | ValueError) -> Unreadable:
    """The reason behind a failed call; a ValueError is a name that no file can have, such as one with a NUL."""
    if not isinstance(error, OSError):
        return Unreadable(path, "absent", "no file can have this name")
    return Unreadable(path, _REASONS.get(error.errno or 0, "broken"), error.strerror or str(error))


class Files:
    """The read-only file functions of a Host, below ``root``."""

    def __init__(self, root: str = "") -> None:
        """``root`` "" means the machine itself."""
        self.root = os.path.realpath(root).rstrip("/") if root else ""
        # Several probes ask for the same headers and directories; a Host lives for one examination.
        self._elves: dict[str, Elf | Unreadable] = {}
        self._lists: dict[str, tuple[str, ...] | Unreadable] = {}

    def inside(self, path: str, *, follow: bool = True) -> str:
        """The path with links resolved inside the root, whether or not its end exists.

        Raises OSError for a loop of links and where ``..`` follows something that is no directory.
        """
        if not path:
            raise OSError(errno.ENOENT, "an empty path", path)
        todo = _parts(path)
        done: list[str] = []
        links = 0
        while todo:
            part = todo.pop()
            if part in (".", ".."):
                self._refuse_no_directory(done, path)
                done = done[:-1] if part == ".." else done
                continue
            here = "/".join((self.root, *done, part))
            try:
                target = os.readlink(here) if todo or follow else ""
            except OSError:
                target = ""
            if not target:
                done.append(part)
                continue
            links += 1
            if links > _MAX_LINKS:
                raise OSError(errno.ELOOP, "too many levels of links", path)
            if target.startswith("/"):
                done = []
            todo += _parts(target)
        return "/" + "/".join(done)

    def _refuse_no_directory(self, done: list[str], path: str) -> None:
        if done and not self.is_directory_inside("/" + "/".join(done)):
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)

    def is_directory_inside(self, inside: str) -> bool:
        """Whether a path without links is a directory."""
        return os.path.isdir(self.root + inside)

    def _real(self, path: str, *, follow: bool = True) -> str:
        """The path on this machine; raises OSError or ValueError."""
        return self.root + self.inside(path, follow=follow) if self.root else path

    @contextlib.contextmanager
    def _opened(self, path: str) -> Iterator[int]:
        """A regular file, open; asked before it is opened, because opening a device can act on it."""
        real = self._real(path)
        links = os.O_NOFOLLOW if self.root and hasattr(os, "O_NOFOLLOW") else 0
        _refuse_no_file(os.stat(real, follow_symlinks=not self.root), path)
        handle = os.open(real, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | links)
        try:
            _refuse_no_file(os.fstat(handle), path)
            yield handle
        finally:
            os.close(handle)

    def read_bytes(self, path: str, *, offset: int = 0, limit: int = TEXT_LIMIT) -> bytes | Unreadable:
        """At most ``limit`` bytes from ``offset`` of a regular file."""
        try:
            with self._opened(path) as handle:
                if offset:
                    os.lseek(handle, offset, os.SEEK_SET)
                return _read_up_to(handle, limit)
        except (OSError, ValueError) as error:
            return unreadable(path, error)

    def read_text(self, path: str, *, limit: int = TEXT_LIMIT) -> str | Unreadable:
        """The same as text; bytes that are not UTF-8 become U+FFFD."""
        data = self.read_bytes(path, limit=limit)
        return data.decode("utf-8", "replace") if isinstance(data, bytes) else data

    def list(self, directory: str) -> tuple[str, ...] | Unreadable:
        """Sorted names in a directory."""
        if directory not in self._lists:
            self._lists[directory] = self._list(directory)
        return self._lists[directory]

    def _list(self, directory: str) -> tuple[str, ...] | Unreadable:
        try:
            with os.scandir(self._real(directory)) as entries:
                return tuple(sorted(entry.name for entry in itertools.islice(entries, _MAX_NAMES)))
        except (OSError, ValueError) as error:
            return unreadable(directory, error)

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Sorted paths that match; a part in brackets that exists by that very name matches too."""
        paths = ["/" if pattern.startswith("/") else ""]
        for part in [piece for piece in pattern.split("/") if piece]:
            if any(sign in part for sign in "*?["):
                found = (_join(path, name) for path in paths for name in self._matching(path, part))
                paths = list(itertools.islice(found, _MAX_NAMES))
            else:
                paths = [_join(path, part) for path in paths]
        return tuple(sorted(path for path in paths if isinstance(self.stat(path), FileStat)))

    def _matching(self, directory: str, part: str) -> tuple[str, ...]:
        listed = self.list(directory)
        names = fnmatch.filter(listed, part) if isinstance(listed, tuple) else []
        if "[" in part and part not in names and isinstance(self.stat(_join(directory, part)), FileStat):
            names.append(part)
        return tuple(names)

    def resolve(self, path: str) -> str | Unreadable:
        """The path with every link followed, as seen from the root."""
        try:
            if not self.root:
                os.stat(path)  # realpath takes `file/..` for a directory
                return os.path.realpath(path, strict=True)
            inside = self.inside(path)
            os.lstat(self.root + inside)
        except (OSError, ValueError) as error:
            return unreadable(path, error)
        return inside

    def stat(self, path: str, *, follow: bool = True) -> FileStat | Unreadable:
        """What the path is."""
        try:
            found = os.stat(self._real(path, follow=follow), follow_symlinks=follow and not self.root)
        except (OSError, ValueError) as error:
            return unreadable(path, error)
        return FileStat(
            kind=kind_of_mode(found.st_mode),
            size=found.st_size,
            mode=modes.S_IMODE(found.st_mode),
            uid=found.st_uid,
            gid=found.st_gid,
            identity=f"{found.st_dev}:{found.st_ino}",
        )

    def elf(self, path: str) -> Elf | Unreadable:
        """The dynamic section of an ELF file."""
        if path not in self._elves:
            self._elves[path] = self._elf(path)
        return self._elves[path]

    def _elf(self, path: str) -> Elf | Unreadable:
        try:
            with self._opened(path) as handle:
                return parse_elf(lambda offset, size: os.pread(handle, size, offset))
        except NotElf as error:
            return Unreadable(path, "broken", str(error))
        except (OSError, ValueError) as error:
            return unreadable(path, error)


def kind_of_mode(mode: int) -> Kind:
    """What a mode of ``os.stat`` says the file is."""
    return _KINDS.get(modes.S_IFMT(mode), "other")


def _refuse_no_file(found: os.stat_result, path: str) -> None:
    if not modes.S_ISREG(found.st_mode):
        raise OSError(errno.EISDIR, f"is a {kind_of_mode(found.st_mode)}", path)


def _parts(path: str) -> list[str]:
    """The parts of a path, the last one first; a slash at its end, which asks for a directory, is a part "."."""
    parts = [part for part in reversed(path.split("/")) if part not in ("", ".")]
    return [".", *parts] if path.endswith(("/", "/.")) else parts


def _join(directory: str, name: str) -> str:
    return name if not directory else f"{directory.rstrip('/')}/{name}"


def _read_up_to(handle: int, limit: int) -> bytes:
    parts = []
    while limit > 0:
        data = os.read(handle, min(limit, 1 << 20))
        if not data:
            break
        parts.append(data)
        limit -= len(data)
    return b"".join(parts)
