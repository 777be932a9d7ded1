"""Whether a file can be loaded into a process, judged as its dynamic loader judges it.

Input: a Host and the process's executable. Output: a ``Judged`` for a path: use it, pass it over, leave this list of
directories, or stop. Directories are listed once and each file's headers are read once.
Rules: open_verify and open_path of glibc's ``dl-load.c``, as glibc 2.36 and musl 1.2.3 behaved on 2026-11-21. Stricter
than musl on purpose: it also maps executables and files of another architecture, which cannot work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from kdoctor.host import FileStat, Unreadable
from kdoctor.host.elf import Elf, NotElf, parse_header
from kdoctor.loader.tokens import base_name, directory_of

if TYPE_CHECKING:
    from kdoctor.host import Host

_HEADER_SIZE = 64
_UNLOADABLE = {"executable": "an executable, not a library", "pie": "an executable, not a library"}


class Judged(NamedTuple):
    """What the loader does with a path; ``reason`` is "" where there is no file or nothing wrong with it."""

    effect: Literal["use", "pass", "leave", "stop"]
    reason: str = ""
    elf: Elf | None = None


class Files:
    """The files of a machine as one process meets them."""

    def __init__(self, host: Host, process: Elf, *, first_file_decides: bool) -> None:
        """Judge for ``process``; ``first_file_decides``: as musl, which looks no further than the first file."""
        self._host = host
        self._process = process
        self._first_file_decides = first_file_decides
        self._names: dict[str, frozenset[str] | None] = {}
        self._identities: dict[str, str] = {}
        self._elves: dict[str, Elf | Unreadable] = {}

    def is_there(self, path: str) -> bool:
        """Whether the directory has such a name; a link that leads nowhere counts."""
        names = self._names_in(directory_of(path))
        if names is None:
            return isinstance(self._host.stat(path, follow=False), FileStat)
        return base_name(path) in names

    def _names_in(self, directory: str) -> frozenset[str] | None:
        """List a directory; None where its names cannot be listed but may still be opened."""
        if directory not in self._names:
            found = self._host.list(directory)
            if isinstance(found, Unreadable):
                self._names[directory] = None if found.reason == "denied" else frozenset()
            else:
                self._names[directory] = frozenset(found)
        return self._names[directory]

    def variants_in(self, directory: str, variants: tuple[str, ...]) -> tuple[str, ...]:
        """Keep the variants whose first part is a name in the directory."""
        names = self._names_in(directory)
        return tuple(each for each in variants if names is None or each.partition("/")[0] in names)

    def identity(self, path: str) -> str:
        """Tell whether two paths are one file; "" where there is no file."""
        if path not in self._identities:
            found = self._host.stat(path)
            self._identities[path] = "" if isinstance(found, Unreadable) else found.identity or self.real_path(path)
        return self._identities[path]

    def real_path(self, path: str) -> str:
        """Follow every link; the path itself where that fails."""
        found = self._host.resolve(path)
        return found if isinstance(found, str) else path

    def elf(self, path: str) -> Elf | Unreadable:
        """Read the headers of a file, once under all its names."""
        identity = self.identity(path) or path
        if identity not in self._elves:
            self._elves[identity] = self._host.elf(path)
        return self._elves[identity]

    def judge(self, path: str) -> Judged:
        """Say what the loader does when its search comes to this path."""
        found = self.elf(path)
        judged = self._judge_elf(found) if isinstance(found, Elf) else self._judge_unreadable(path, found)
        if self._first_file_decides and judged.reason and not _is_denied(found):
            return judged._replace(effect="stop")
        return judged

    def _judge_elf(self, elf: Elf) -> Judged:
        mine = self._process
        if elf.bits != mine.bits:
            return Judged("pass", f"wrong architecture: {elf.bits}-bit {elf.machine} in a {mine.bits}-bit process")
        # Debian and Ubuntu pass over the other byte order too; glibc as released stops at it. No library is both.
        if (elf.machine, elf.byte_order) != (mine.machine, mine.byte_order):
            return Judged("pass", f"wrong architecture: {elf.machine} in a process for {mine.machine}")
        if elf.kind == "other":
            return Judged("stop", "neither a shared library nor an executable")
        return Judged("use", elf=elf)

    def _judge_unreadable(self, path: str, found: Unreadable) -> Judged:
        if found.reason == "absent":
            return Judged("pass")
        if found.reason == "denied":
            return Judged("pass", "permission denied")
        if found.reason == "link-loop":
            return Judged("leave", "too many levels of symbolic links")
        if found.reason == "not-a-file":
            return Judged("stop", "not a regular file")
        return self._judge_broken(path, found)

    def _judge_broken(self, path: str, found: Unreadable) -> Judged:
        """Judge a damaged file by its header alone: one of another architecture is passed over all the same."""
        header = self._host.read_bytes(path, limit=_HEADER_SIZE)
        if isinstance(header, bytes) and len(header) == _HEADER_SIZE:
            try:
                judged = self._judge_elf(parse_header(lambda offset, size: header[offset : offset + size]))
            except NotElf:
                return Judged("stop", found.detail or found.reason)
            if judged.effect == "pass":
                return judged
        return Judged("stop", found.detail or found.reason)


def _is_denied(found: Elf | Unreadable) -> bool:
    return isinstance(found, Unreadable) and found.reason == "denied"


def why_unloadable(elf: Elf) -> str:
    """Say why a file of the right architecture is no library, "" where it is one."""
    return _UNLOADABLE.get(elf.kind, "" if elf.has_dynamic else "object file has no dynamic section")
