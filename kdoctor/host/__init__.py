"""The one door to the machine: every probe gets a Host and nothing else.

A Host reads; it has no way to write. Three kinds exist: ``live`` (this machine), ``sysroot`` (an unpacked image
or a recorded machine: files only, links resolved inside, nothing executed) and ``recorder`` (live, and keeps what
was read). A path that could not be read is an ``Unreadable`` value with its reason, never an empty text: absent,
forbidden and broken are different facts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, Union

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kdoctor.host.elf import Elf
    from kdoctor.model.facts.base import Origin

TEXT_LIMIT = 4 << 20
Reason = Literal["absent", "denied", "not-a-file", "link-loop", "too-large", "broken"]
Kind = Literal["file", "directory", "link", "character", "block", "fifo", "socket", "other"]
Runner = Literal["examined", "own"]


class Unreadable(msgspec.Struct, frozen=True):
    """Why a path could not be read; ``detail`` is the system's own word where there is one."""

    path: str
    reason: Reason
    detail: str = ""

    def __str__(self) -> str:
        """``/etc/x: denied``."""
        return f"{self.path}: {self.detail or self.reason}"


class FileStat(msgspec.Struct, frozen=True, kw_only=True):
    """What a path is; ``mode`` are the permission bits with set-uid; ``identity`` tells two names of a file."""

    kind: Kind
    size: int = 0
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    owner: str = ""
    group: str = ""
    identity: str = ""


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """``os``: linux, darwin or windows; ``machine``: x86_64, aarch64, ..."""

    os: str
    machine: str
    kernel: str = ""


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Who runs kdoctor; ``groups`` are names, or numbers where there is no name."""

    uid: int = 1000
    gids: tuple[int, ...] = ()
    groups: tuple[str, ...] = ()
    name: str = ""
    home: str = ""
    host_name: str = ""


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """A command that ended by itself; ``truncated``: it printed more than was kept."""

    code: int
    out: str
    err: str = ""
    truncated: bool = False


class NotRun(msgspec.Struct, frozen=True, kw_only=True):
    """A command without a result.

    ``why``: not-found, denied, timed-out, unkillable, crashed (``detail`` names the signal), not-recorded, refused.
    ``out`` and ``err``: what it had printed by then.
    """

    why: Literal["not-found", "denied", "timed-out", "unkillable", "crashed", "not-recorded", "refused"]
    detail: str = ""
    out: str = ""
    err: str = ""

    def __str__(self) -> str:
        """The reason as the end of a sentence."""
        return f"{self.why.replace('-', ' ')}{': ' + self.detail if self.detail else ''}"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a question script printed as its last JSON line, undecoded; ``noise``: what else it printed."""

    json: bytes
    noise: str = ""


class Unanswered(msgspec.Struct, frozen=True, kw_only=True):
    """A question without an answer, and why; ``crashed``: the signal that ended the child, "" if none."""

    reason: str
    crashed: str = ""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A running process of this machine."""

    pid: int
    name: str
    user: str = ""


Asked: TypeAlias = Union[Answer, Unanswered]  # noqa: UP007  evaluated at run time on Python 3.10


class Host(Protocol):
    """What probes may ask of a machine. All paths are absolute, of the examined machine."""

    @property
    def origin(self) -> Origin:
        """Where the facts come from."""

    @property
    def platform(self) -> Platform:
        """Operating system and processor architecture."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment of the user's shell."""

    @property
    def user(self) -> User:
        """Who asks."""

    @property
    def cwd(self) -> str:
        """The directory kdoctor was started in, "" where there is none."""

    def read_bytes(self, path: str, *, offset: int = 0, limit: int = TEXT_LIMIT) -> bytes | Unreadable:
        """At most ``limit`` bytes from ``offset``; regular files and /proc, /sys entries only."""

    def read_text(self, path: str, *, limit: int = TEXT_LIMIT) -> str | Unreadable:
        """The same as text; bytes that are not UTF-8 become U+FFFD."""

    def list(self, directory: str) -> tuple[str, ...] | Unreadable:
        """Sorted names in a directory."""

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Sorted paths that match; wildcards ``*?[]`` in any part, no ``**``."""

    def resolve(self, path: str) -> str | Unreadable:
        """The path with every link followed; Unreadable if the end does not exist."""

    def stat(self, path: str, *, follow: bool = True) -> FileStat | Unreadable:
        """What the path is."""

    def elf(self, path: str) -> Elf | Unreadable:
        """The dynamic section of an ELF file; ``broken`` where it is not one."""

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Ran | NotRun:
        """Run a command without a shell, LC_ALL=C, no standard input, output bounded."""

    def ask(
        self, question: str, *, runner: Runner, timeout_s: float, environ: Mapping[str, str] | None = None
    ) -> Asked:
        """Run ``kdoctor/inside/<question>.py`` in a child and take the last JSON line that it prints.

        ``runner``: the examined interpreter, or kdoctor's own. ``environ``: variables set on top of the user's.
        """

    def process(self, pid: int) -> Process | None:
        """The process of that number, None where it is not visible."""


def exists(host: Host, path: str) -> bool:
    """Whether the path leads to something that can be told to exist."""
    return isinstance(host.stat(path), FileStat)


def is_file(host: Host, path: str) -> bool:
    """Whether the path leads to a regular file."""
    found = host.stat(path)
    return isinstance(found, FileStat) and found.kind == "file"


def on_path(host: Host, name: str) -> str:
    """The first file of that name in the directories of $PATH, "" if there is none."""
    folders = host.environ.get("PATH", "").split(":")
    return next((f"{folder}/{name}" for folder in folders if folder and is_file(host, f"{folder}/{name}")), "")


def is_directory(host: Host, path: str) -> bool:
    """Whether the path leads to a directory."""
    found = host.stat(path)
    return isinstance(found, FileStat) and found.kind == "directory"


def text_of(host: Host, path: str, *, limit: int = TEXT_LIMIT) -> str:
    """The text of a file where only its presence matters; "" where it cannot be read."""
    found = host.read_text(path, limit=limit)
    return found if isinstance(found, str) else ""


def names_in(host: Host, directory: str) -> tuple[str, ...]:
    """The names in a directory where only their presence matters; empty where it cannot be read."""
    found = host.list(directory)
    return found if isinstance(found, tuple) else ()
