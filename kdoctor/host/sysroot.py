"""A machine that is only files: an unpacked image, or a recorded machine with its answers.

Nothing is executed. A recorded machine is a folder with ``machine.toml`` or ``machine.json`` beside ``root/`` (see
``kdoctor.host.machine``). Without either the folder is the root of an image. Not under the root and not in the
document means no such file: nothing falls through to the machine that kdoctor runs on.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kdoctor.host import (
    TEXT_LIMIT,
    Answer,
    Asked,
    FileStat,
    NotRun,
    Platform,
    Process,
    Ran,
    Runner,
    Unanswered,
    Unreadable,
)
from kdoctor.host.files import Files
from kdoctor.host.machine import ROOT, Machine, RecordedRefusal, question_key, read_machine
from kdoctor.model.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kdoctor.host.elf import Elf
    from kdoctor.model.facts.base import Origin

_MACHINES = {62: "x86_64", 183: "aarch64", 3: "i686"}
_T = TypeVar("_T")


class SysrootHost(Files):
    """A Host over a folder of files."""

    origin: Origin = "sysroot"

    def __init__(self, folder: str) -> None:
        """Open a recorded machine or an image; raises Trouble where the folder is neither."""
        base = Path(folder)
        _refuse_no_directory(base, folder)
        found = read_machine(base)
        self.recorded = found is not None
        self.machine = found or Machine()
        super().__init__(str(base / ROOT if self.recorded else base))
        self.environ: Mapping[str, str] = self.machine.environ
        self.user = self.machine.user
        self.cwd = self.machine.cwd
        self.platform = self.machine.platform if self.recorded else self._platform_of_image()
        self._children: dict[str, set[str]] = {}
        self._nodes = self._by_real_path(self.machine.nodes)
        self._elves = self._by_real_path(self.machine.elf)
        self._not_elf = self._by_real_path(self.machine.not_elf)
        self._unreadable = self._by_real_path(self.machine.unreadable)
        self._unreachable = self._by_real_path(self.machine.unreachable)
        self._take_names()

    @property
    def deep(self) -> bool:
        """Whether the frameworks themselves were asked when the machine was recorded."""
        return any(key.startswith("devices@") for key in (*self.machine.answers, *self.machine.unanswered))

    def _platform_of_image(self) -> Platform:
        for shell in ("/bin/sh", "/bin/busybox", "/usr/bin/env"):
            header = super().read_bytes(shell, limit=20)
            if isinstance(header, bytes) and header[:4] == b"\x7fELF":
                number = int.from_bytes(header[18:20], "little")
                return Platform(os="linux", machine=_MACHINES.get(number, str(number)))
        return Platform(os="linux", machine="x86_64")

    def _by_real_path(self, table: Mapping[str, _T]) -> dict[str, _T]:
        """The table by paths without links; Files asks under those."""
        return {self._inside_or_same(path): value for path, value in table.items()}

    def _inside_or_same(self, path: str) -> str:
        try:
            return self.inside(path)
        except (OSError, ValueError):
            return path

    def _take_names(self) -> None:
        """Every directory that the document implies, with the names in it."""
        for directory, names in self.machine.names.items():
            real = self._inside_or_same(directory)
            self._take_directory(real, (name.rstrip("/") for name in names))
            for name in names:
                if name.endswith("/"):
                    self._take_directory(f"{real.rstrip('/')}/{name.rstrip('/')}", ())
        for table in (self._nodes, self._elves, self._not_elf, self._unreadable):
            for path in table:
                parent, _, name = path.rpartition("/")
                self._take_directory(parent or "/", (name,))
        for path, node in self._nodes.items():
            if node.kind == "directory":
                self._take_directory(path, ())

    def _take_directory(self, directory: str, names: Iterable[str]) -> None:
        self._children.setdefault(directory, set()).update(names)
        while directory != "/" and directory:
            parent, _, name = directory.rpartition("/")
            directory = parent or "/"
            known = self._children.setdefault(directory, set())
            if name in known and directory != "/":
                break
            known.add(name)

    def _is_named(self, inside: str) -> bool:
        parent, _, name = inside.rpartition("/")
        return inside in self._children or name in self._children.get(parent or "/", ())

    def is_directory_inside(self, inside: str) -> bool:
        """Whether a path without links is a directory, in the document or under the root."""
        return inside in self._children or super().is_directory_inside(inside)

    def _refusal(self, path: str, *tables: Mapping[str, RecordedRefusal]) -> Unreadable | str:
        """The recorded reason why the path cannot be read; else the path without links."""
        try:
            inside = self.inside(path)
        except (OSError, ValueError):
            return path
        found = next((table[inside] for table in tables if inside in table), None)
        return Unreadable(path, found.reason, found.detail) if found else inside

    def stat(self, path: str, *, follow: bool = True) -> FileStat | Unreadable:
        """What the path is; a recorded node wins over the file that stands for it."""
        found = super().stat(path, follow=follow)
        if isinstance(found, FileStat) and found.kind == "link":
            return found
        inside = self._refusal(path, self._unreachable)
        if isinstance(inside, Unreadable):
            return inside
        node = self._nodes.get(inside)
        if node is None:
            if isinstance(found, FileStat) or found.reason != "absent" or not self._is_named(inside):
                return found
            if inside in self._children:
                return FileStat(kind="directory", mode=0o755, identity=inside)
            return FileStat(kind="file", identity=inside)
        return FileStat(
            kind=node.kind,
            size=node.size,
            mode=int(node.mode, 8),
            uid=node.uid,
            gid=node.gid,
            owner=node.owner,
            group=node.group,
            identity=inside,
        )

    def list(self, directory: str) -> tuple[str, ...] | Unreadable:
        """Sorted names in a directory, those of the document included."""
        found = super().list(directory)
        inside = self._refusal(directory, self._unreachable, self._unreadable)
        if isinstance(inside, Unreadable):
            return inside
        if inside in self._children:
            return tuple(sorted(self._children[inside].union(found if isinstance(found, tuple) else ())))
        return Unreadable(directory, "absent", "Not a directory") if self._is_only_named(found, inside) else found

    def _is_only_named(self, found: object, inside: str) -> bool:
        return isinstance(found, Unreadable) and found.reason == "absent" and self._is_named(inside)

    def resolve(self, path: str) -> str | Unreadable:
        """The path with every link followed."""
        found = super().resolve(path)
        inside = self._refusal(path, self._unreachable)
        if isinstance(inside, Unreadable):
            return inside
        return inside if self._is_only_named(found, inside) else found

    def _unread(self, path: str) -> Unreadable | None:
        """Why the document lets nothing be read of the path, None where a file under the root may be."""
        inside = self._refusal(path, self._unreachable, self._unreadable)
        if isinstance(inside, Unreadable):
            return inside
        node = self._nodes.get(inside)
        if node is not None and node.kind != "file":
            return Unreadable(path, "not-a-file", f"is a {node.kind}")
        if not self._is_only_named(super().stat(path), inside):
            return None
        if inside in self._children:
            return Unreadable(path, "not-a-file", "is a directory")
        return Unreadable(path, "broken", "not recorded")

    def read_bytes(self, path: str, *, offset: int = 0, limit: int = TEXT_LIMIT) -> bytes | Unreadable:
        """Files only; a recorded node that is no file is not opened."""
        unread = self._unread(path)
        return super().read_bytes(path, offset=offset, limit=limit) if unread is None else unread

    def elf(self, path: str) -> Elf | Unreadable:
        """The recorded headers of a library, or those of the file."""
        inside = self._refusal(path, self._unreachable)
        if isinstance(inside, str) and inside in self._elves:
            return self._elves[inside]
        if isinstance(inside, str) and inside in self._not_elf:
            return Unreadable(path, "broken", self._not_elf[inside])
        unread = self._unread(path)
        return super().elf(path) if unread is None else unread

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Ran | NotRun:  # noqa: ARG002  nothing runs here
        """The recorded result."""
        found = self.machine.commands.get(" ".join(argv))
        if found is None:
            return NotRun(why="not-recorded", detail=" ".join(argv))
        if found.why:
            return NotRun(why=found.why, detail=found.detail)
        return Ran(code=found.code, out=found.out, err=found.err, truncated=found.truncated)

    def ask(
        self,
        question: str,
        *,
        runner: Runner,
        timeout_s: float,  # noqa: ARG002  nothing runs here
        environ: Mapping[str, str] | None = None,
    ) -> Asked:
        """The recorded answer: the one for these variables, else the one for any."""
        machine = self.machine
        for key in (question_key(question, runner, environ), question_key(question, runner, None)):
            if key in machine.unanswered:
                return Unanswered(reason=machine.unanswered[key], crashed=machine.crashed.get(key, ""))
            if key in machine.answers:
                return Answer(json=machine.answers[key].encode("utf-8", "replace"), noise=machine.noise.get(key, ""))
        return Unanswered(reason="not recorded" if self.recorded else "nothing is executed in a sysroot")

    def process(self, pid: int) -> Process | None:
        """The recorded process."""
        found = self.machine.processes.get(str(pid))
        return Process(pid=pid, name=found.name, user=found.user) if found else None


def _refuse_no_directory(base: Path, folder: str) -> None:
    try:
        is_directory, is_there = base.is_dir(), base.exists()
        if is_directory:
            next(base.iterdir(), None)
    except (OSError, ValueError) as error:
        reference = "sysroot-not-readable"
        raise Trouble(reference, f"--sysroot {folder}: {getattr(error, 'strerror', '') or error}") from error
    if not is_directory:
        reference = "sysroot-not-a-directory"
        seen = "is not a directory" if is_there else "does not exist"
        raise Trouble(reference, f"--sysroot {folder}: {seen}", hint="Name the directory that holds usr, etc, ...")
