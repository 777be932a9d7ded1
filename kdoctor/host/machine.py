"""The document beside ``root/`` in a recorded machine: all of a machine that a folder of files can not hold.

Written by hand it is ``machine.toml``, written by the recorder ``machine.json``; both have the form of ``Machine``.
A path in it is one of the examined machine. Whatever it names exists, without a file under ``root/``: only what was
read has one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec
import tomli

from kdoctor.host import Platform, Reason, User
from kdoctor.host.elf import Elf
from kdoctor.model.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BY_HAND = "machine.toml"
BY_RECORDER = "machine.json"
ROOT = "root"
_LIMIT = 16 << 20


class RecordedNode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A device node, or the mode and owner of a file that a version-control checkout loses."""

    kind: Literal["character", "block", "file", "directory", "fifo", "socket", "other"] = "character"
    mode: str = "0666"
    uid: int = 0
    gid: int = 0
    owner: str = "root"
    group: str = "root"
    size: int = 0

    def __post_init__(self) -> None:
        """Refuse a mode that is no octal number."""
        if not self.mode or set(self.mode) - set("01234567"):
            message = f"mode {self.mode!r} is not an octal number such as 0666"
            raise ValueError(message)


class RecordedRefusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why something that exists could not be read."""

    reason: Reason = "denied"
    detail: str = ""


class RecordedCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A command's recorded result; ``why``, as in NotRun, where it gave none."""

    code: int = 0
    out: str = ""
    err: str = ""
    truncated: bool = False
    why: Literal["", "not-found", "denied", "timed-out", "unkillable", "crashed", "not-recorded", "refused"] = ""
    detail: str = ""


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
    """The whole document.

    ``names``: directory to names in it of which nothing was read; a directory's name ends in a slash.
    ``elf``: path to the headers of a library; ``not_elf``: path to what is wrong with it.
    ``unreadable``: what exists and could not be read; ``unreachable``: what could not even be told to exist.
    ``answers``, ``unanswered``, ``noise``, ``crashed``: by ``question@runner``, see ``question_key``.
    """

    about: str = ""
    recorded: str = ""
    composed: bool = False
    platform: Platform = Platform(os="linux", machine="x86_64")
    user: User = User(uid=1000, gids=(1000,), groups=("user",), name="user", home="/home/user")
    cwd: str = ""
    interpreter: str = ""
    environ: dict[str, str] = {}
    names: dict[str, tuple[str, ...]] = {}
    nodes: dict[str, RecordedNode] = {}
    unreadable: dict[str, RecordedRefusal] = {}
    unreachable: dict[str, RecordedRefusal] = {}
    elf: dict[str, Elf] = {}
    not_elf: dict[str, str] = {}
    answers: dict[str, str] = {}
    unanswered: dict[str, str] = {}
    noise: dict[str, str] = {}
    crashed: dict[str, str] = {}
    commands: dict[str, RecordedCommand] = {}
    processes: dict[str, RecordedProcess] = {}
    expect: Expectation = Expectation()


def question_key(question: str, runner: str, environ: Mapping[str, str] | None) -> str:
    """The key of an answer.

    >>> question_key("devices", "examined", {"KDOCTOR_ASK": "jax"})
    'devices@examined KDOCTOR_ASK=jax'
    """
    return " ".join([f"{question}@{runner}", *(f"{name}={value}" for name, value in sorted((environ or {}).items()))])


def read_machine(folder: Path) -> Machine | None:
    """The recorded machine in a folder, None where there is no document. Raises Trouble with the place."""
    written = [path for name in (BY_HAND, BY_RECORDER) if (path := folder / name).is_file()]
    if not written:
        return None
    if len(written) > 1:
        reference = "machine-twice"
        raise Trouble(reference, f"{folder} has both {BY_HAND} and {BY_RECORDER}", hint="Keep one of them.")
    path = written[0]
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
        if len(data) > _LIMIT:
            reference = "machine-too-large"
            raise Trouble(reference, f"{path} is larger than {_LIMIT >> 20} MB")
        return msgspec.convert(_decoded(path.name, data), Machine)
    except (OSError, ValueError, RecursionError) as error:
        reference = "machine-not-readable"
        said = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Trouble(reference, f"{path}: {said}") from error


def _decoded(name: str, data: bytes) -> Any:  # noqa: ANN401  JSON or TOML, validated by the caller
    return tomli.loads(data.decode("utf-8")) if name == BY_HAND else msgspec.json.decode(data)


def machine_as_json(machine: Mapping[str, object]) -> bytes:
    """The document as the recorder writes it: sorted, one value a line, so that a change can be reviewed."""
    return msgspec.json.format(msgspec.json.encode(machine, order="sorted"), indent=1) + b"\n"
