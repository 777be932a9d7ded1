"""A machine that is only files: an unpacked image, or a recorded machine with its answers.

Nothing is executed. A recorded machine is a folder with ``machine.toml`` beside ``root/``; what a folder of files
can not hold (device nodes, children's answers, the environment, the headers of large libraries) is in there. Without
``machine.toml`` the folder is the root of an image. Not under the root means no such file: nothing falls through to
the machine that kdoctor runs on.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

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
    User,
)
from kdoctor.host.elf import Elf
from kdoctor.host.files import Files
from kdoctor.model.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kdoctor.model.facts.base import Origin

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MACHINE = "machine.toml"
_MACHINE_LIMIT = 16 << 20
_MACHINES = {62: "x86_64", 183: "aarch64", 3: "i686"}


class RecordedNode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A device node, or the mode and owner of a file that a version-control checkout loses."""

    kind: Literal["character", "block", "file", "directory", "socket"] = "character"
    mode: str = "0666"
    uid: int = 0
    gid: int = 0
    owner: str = "root"
    group: str = "root"
    size: int = 0


class RecordedCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A command's recorded result."""

    code: int = 0
    out: str = ""
    err: str = ""


class RecordedProcess(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A process that held a GPU when the machine was recorded."""

    name: str
    user: str = ""


class Expectation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What kdoctor must find on this machine; read by the tests alone."""

    primary: str = ""
    also: tuple[str, ...] = ()
    healthy: bool = False


class Machine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contents of ``machine.toml``. ``answers``: question@runner to the JSON that it printed."""

    about: str = ""
    recorded: str = ""
    composed: bool = False
    platform: Platform = Platform(os="linux", machine="x86_64")
    user: User = User(uid=1000, gids=(1000,), groups=("user",), name="user", home="/home/user")
    cwd: str = ""
    interpreter: str = ""
    environ: dict[str, str] = {}
    nodes: dict[str, RecordedNode] = {}
    elf: dict[str, Elf] = {}
    answers: dict[str, str] = {}
    unanswered: dict[str, str] = {}
    commands: dict[str, RecordedCommand] = {}
    processes: dict[str, RecordedProcess] = {}
    expect: Expectation = Expectation()


def read_machine(folder: Path) -> Machine:
    """The machine in a folder; a folder without ``machine.toml`` is an image. Raises Trouble with the place."""
    path = folder / MACHINE
    if not path.is_file():
        return Machine()
    try:
        with path.open("rb") as file:
            data = file.read(_MACHINE_LIMIT + 1)
        if len(data) > _MACHINE_LIMIT:
            reference = "machine-too-large"
            raise Trouble(reference, f"{path} is larger than {_MACHINE_LIMIT >> 20} MB")
        return msgspec.convert(tomllib.loads(data.decode("utf-8")), Machine)
    except (OSError, ValueError, RecursionError) as error:
        reference = "machine-not-readable"
        raise Trouble(reference, f"{path}: {error}") from error


class SysrootHost(Files):
    """A Host over a folder of files."""

    origin: Origin = "sysroot"

    def __init__(self, folder: str) -> None:
        """Open a recorded machine or an image; raises Trouble where the folder is neither."""
        base = Path(folder)
        if not base.is_dir():
            reference = "sysroot-not-a-directory"
            seen = "is not a directory" if base.exists() else "does not exist"
            raise Trouble(reference, f"--sysroot {folder}: {seen}", hint="Name the directory that holds usr, etc, ...")
        self.machine = read_machine(base)
        self.recorded = (base / MACHINE).is_file()
        super().__init__(str(base / "root" if self.recorded else base))
        self.environ: Mapping[str, str] = self.machine.environ
        self.user = self.machine.user
        self.cwd = self.machine.cwd
        self.platform = self.machine.platform if self.recorded else self._platform_of_image()

    def _platform_of_image(self) -> Platform:
        for shell in ("/bin/sh", "/bin/busybox", "/usr/bin/env"):
            header = self.read_bytes(shell, limit=20)
            if isinstance(header, bytes) and header[:4] == b"\x7fELF":
                number = int.from_bytes(header[18:20], "little")
                return Platform(os="linux", machine=_MACHINES.get(number, str(number)))
        return Platform(os="linux", machine="x86_64")

    def stat(self, path: str, *, follow: bool = True) -> FileStat | Unreadable:
        """What the path is; a recorded node wins over the file that stands for it."""
        node = self.machine.nodes.get(path)
        if node is None:
            return super().stat(path, follow=follow)
        return FileStat(
            kind=node.kind,
            size=node.size,
            mode=int(node.mode, 8),
            uid=node.uid,
            gid=node.gid,
            owner=node.owner,
            group=node.group,
            identity=path,
        )

    def list(self, directory: str) -> tuple[str, ...] | Unreadable:
        """Sorted names in a directory, recorded nodes included."""
        found = super().list(directory)
        inside = directory.rstrip("/") + "/"
        nodes = {
            path[len(inside) :] for path in self.machine.nodes if path.startswith(inside) and "/" not in path[len(inside) :]
        }
        if not nodes:
            return found
        return tuple(sorted(nodes.union(found if isinstance(found, tuple) else ())))

    def read_bytes(self, path: str, *, offset: int = 0, limit: int = TEXT_LIMIT) -> bytes | Unreadable:
        """Files only; a recorded node that is no file is not opened."""
        node = self.machine.nodes.get(path)
        if node is not None and node.kind != "file":
            return Unreadable(path, "not-a-file")
        return super().read_bytes(path, offset=offset, limit=limit)

    def elf(self, path: str) -> Elf | Unreadable:
        """The recorded headers of a library, or those of the file."""
        recorded = self.machine.elf.get(path)
        if recorded is not None:
            return recorded
        real = self.resolve(path)
        if isinstance(real, str) and real in self.machine.elf:
            return self.machine.elf[real]
        return super().elf(path)

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Ran | NotRun:  # noqa: ARG002  nothing runs here
        """The recorded result."""
        found = self.machine.commands.get(" ".join(argv))
        if found is None:
            return NotRun(why="not-recorded", detail=" ".join(argv))
        return Ran(code=found.code, out=found.out, err=found.err)

    def ask(
        self,
        question: str,
        *,
        runner: Runner,
        timeout_s: float,  # noqa: ARG002  nothing runs here
        environ: Mapping[str, str] | None = None,  # noqa: ARG002  nothing runs here
    ) -> Asked:
        """The recorded answer."""
        key = f"{question}@{runner}"
        if key in self.machine.unanswered:
            return Unanswered(reason=self.machine.unanswered[key])
        if key in self.machine.answers:
            return Answer(json=self.machine.answers[key].encode())
        return Unanswered(reason="not recorded" if self.recorded else "nothing is executed in a sysroot")

    def process(self, pid: int) -> Process | None:
        """The recorded process."""
        found = self.machine.processes.get(str(pid))
        return Process(pid=pid, name=found.name, user=found.user) if found else None
