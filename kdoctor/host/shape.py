"""Where the paths that were asked for really are: links, contents, and names, by paths without links.

Input: paths of this machine with what they were found to be. Output: what a recording writes below ``root/`` and
what its document says of paths. Reads links and kinds of files, nothing else.
"""

from __future__ import annotations

import os
from typing import Any

import msgspec

from kdoctor.host import FileStat, Unreadable
from kdoctor.host.elf import Elf
from kdoctor.host.files import kind_of_mode

_MAX_LINKS = 40
_OF_THIS_PROCESS = ("/proc/self", "/proc/thread-self")  # links to a number that differs in every run
_PLAIN_MODES = 0o777
_NODE_KINDS = ("character", "block", "fifo", "socket", "other")


class Shape:
    """The recorded part of a file system. ``links``: link to absolute target, ``contents``: file to bytes."""

    def __init__(self) -> None:
        """Start with nothing; the root itself needs no name."""
        self.links: dict[str, str] = {}
        self.contents: dict[str, bytes] = {}
        self._directories: set[str] = set()
        self._files: set[str] = set()
        self._nodes: dict[str, FileStat] = {}
        self._elves: dict[str, Elf] = {}
        self._not_elf: dict[str, str] = {}
        self._unreadable: dict[str, Unreadable] = {}
        self._unreachable: dict[str, Unreadable] = {}
        self._targets: dict[str, str] = {}

    def real(self, path: str) -> str:
        """The path without links, of which each on the way is taken; a loop ends in one of its links."""
        todo = [part for part in reversed(path.split("/")) if part not in ("", ".")]
        done: list[str] = []
        links = 0
        while todo:
            part = todo.pop()
            if part == "..":
                self._take_kind("/" + "/".join(done), None)
                done = done[:-1]
                continue
            done.append(part)
            here = "/" + "/".join(done)
            target = self._target(here)
            if not target or links > _MAX_LINKS:
                continue
            links += 1
            done = [] if target.startswith("/") else done[:-1]
            self.links[here] = _absolute(done, target)
            todo += [part for part in reversed(target.split("/")) if part not in ("", ".")]
        return "/" + "/".join(done)

    def _target(self, path: str) -> str:
        if path not in self._targets:
            try:
                self._targets[path] = "" if path in _OF_THIS_PROCESS else os.readlink(path)
            except (OSError, ValueError):
                self._targets[path] = ""
        return self._targets[path]

    def take(self, path: str, found: FileStat | Unreadable | None) -> None:
        """A path and what it was found to be; None: look."""
        if not path:
            return
        real = self.real(path)
        if isinstance(found, Unreadable):
            if found.reason == "not-a-file":
                self._take_kind(real, None)
            elif found.reason not in ("absent", "link-loop") and not self._exists(real):
                self._unreachable[real] = found
        else:
            self._take_kind(real, found)

    def _exists(self, real: str) -> bool:
        try:
            os.lstat(real)
        except (OSError, ValueError):
            return False
        return True

    def _take_kind(self, real: str, found: FileStat | None) -> None:
        if found is None:
            try:
                kind = kind_of_mode(os.lstat(real).st_mode)
            except (OSError, ValueError):
                return
        else:
            kind = found.kind
        if kind == "directory":
            self._directories.add(real)
        elif kind in _NODE_KINDS or (found is not None and found.mode & ~_PLAIN_MODES and kind == "file"):
            self._nodes[real] = found or self._nodes.get(real) or FileStat(kind=kind)
        elif kind == "file":
            self._files.add(real)

    def refuse(self, path: str, why: Unreadable) -> None:
        """A path that exists and gave nothing."""
        real = self.real(path)
        if why.reason not in ("absent", "link-loop", "not-a-file") and real not in self._unreachable:
            self._unreadable[real] = why

    def take_elf(self, path: str, found: Elf | Unreadable) -> None:
        """A library's headers, or what is wrong with it."""
        real = self.real(path)
        if isinstance(found, Elf):
            self._elves[real] = found
        elif found.reason == "broken" and self._exists(real):
            self._not_elf[real] = found.detail
        else:
            self.take(path, found)
            self.refuse(path, found)

    def take_names(self, directory: str, names: tuple[str, ...]) -> None:
        """A directory and all names in it."""
        real = self.real(directory)
        self._directories.add(real)
        for name in names:
            path = f"{real.rstrip('/')}/{name}"
            is_directory = os.path.isdir(path)
            (self._directories if is_directory and not self._target(path) else self._files).add(path)
            if is_directory and self._target(path):
                self._directories.add(self.real(path))

    def take_contents(self, path: str, data: bytes) -> None:
        """A file and what was read of it."""
        real = self.real(path)
        if len(data) >= len(self.contents.get(real, b"")):
            self.contents[real] = data

    def document(self) -> dict[str, Any]:
        """What the document says of paths."""
        nodes = {path: _node(found) for path, found in self._nodes.items()}
        return {
            "names": self._names(),
            "nodes": nodes,
            "unreadable": {path: _refusal(why) for path, why in self._unreadable.items()},
            "unreachable": {path: _refusal(why) for path, why in self._unreachable.items()},
            "elf": {path: _plain(elf) for path, elf in self._elves.items()},
            "not_elf": dict(self._not_elf),
        }

    def _names(self) -> dict[str, list[str]]:
        """Names by directory, without those that a file, a link or another part of the document gives already."""
        told = {*self.contents, *self.links, *self._nodes, *self._elves, *self._not_elf, *self._unreadable}
        told -= set(self._unreadable) & self._directories
        named = {path: path for path in self._files - told}
        named |= {path: f"{path}/" for path in self._directories - told if path != "/"}
        names: dict[str, list[str]] = {}
        for path, marked in named.items():
            parent = path.rpartition("/")[0] or "/"
            names.setdefault(parent, []).append(marked[len(parent.rstrip("/")) + 1 :])
        return {directory: sorted(listed) for directory, listed in names.items()}


def _absolute(directory: list[str], target: str) -> str:
    """The target of a link in a directory; a ``..`` after a name stays, since the name may be a link itself."""
    parts = [part for part in target.split("/") if part not in ("", ".")]
    while parts and parts[0] == "..":
        directory, parts = directory[:-1], parts[1:]
    return "/" + "/".join([*directory, *parts])


def relative(link: str, target: str) -> str:
    """The target as the link has to name it to stay inside any root.

    >>> relative("/usr/lib/liba.so", "/usr/lib/liba.so.1"), relative("/etc/alternatives/x", "/opt/x")
    ('liba.so.1', '../../opt/x')
    """
    parent, _, name = target.rpartition("/")
    if name and parent == link.rpartition("/")[0]:
        return name
    return "../" * (link.count("/") - 1) + target.lstrip("/") or "."


def _node(found: FileStat) -> dict[str, Any]:
    owner, group = found.owner or str(found.uid), found.group or str(found.gid)
    kept = {"kind": found.kind, "mode": f"{found.mode:04o}", "uid": found.uid, "gid": found.gid, "size": found.size}
    return {**kept, "owner": owner, "group": group}


def _refusal(why: Unreadable) -> dict[str, str]:
    return {"reason": why.reason, "detail": why.detail}


def _plain(elf: Elf) -> dict[str, Any]:
    """An Elf without the fields that have their usual value."""
    usual = msgspec.to_builtins(Elf(bits=0, machine=""))
    return {name: value for name, value in msgspec.to_builtins(elf).items() if value != usual[name]}
