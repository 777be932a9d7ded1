"""A Host of a few files in memory, and one answer for every child."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Literal

from kdoctor.host import TEXT_LIMIT, Answer, FileStat, NotRun, Platform, Unreadable, User

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kdoctor.host import Asked, Process, Ran, Runner
    from kdoctor.host.elf import Elf


class Paper:
    """Files by path; nothing else exists."""

    origin: Literal["sysroot"] = "sysroot"
    platform = Platform(os="linux", machine="x86_64", kernel="6.8.0-48-generic")
    user = User(uid=1000, home="/home/user")
    cwd = ""

    def __init__(self, files: Mapping[str, bytes], answer: bytes = b"") -> None:
        """What is there, and what a child prints."""
        self.files = dict(files)
        self.answer = answer
        self.environ: Mapping[str, str] = {}

    def read_bytes(self, path: str, *, offset: int = 0, limit: int = TEXT_LIMIT) -> bytes | Unreadable:
        found = self.files.get(path)
        return Unreadable(path, "absent") if found is None else found[offset : offset + limit]

    def read_text(self, path: str, *, limit: int = TEXT_LIMIT) -> str | Unreadable:
        found = self.read_bytes(path, limit=limit)
        return found.decode("utf-8", "replace") if isinstance(found, bytes) else found

    def list(self, directory: str) -> tuple[str, ...] | Unreadable:
        start = f"{directory.rstrip('/')}/"
        names = {path[len(start) :].partition("/")[0] for path in self.files if path.startswith(start)}
        return tuple(sorted(names)) or Unreadable(directory, "absent")

    def glob(self, pattern: str) -> tuple[str, ...]:
        return tuple(sorted(path for path in self.files if fnmatch.fnmatchcase(path, pattern)))

    def resolve(self, path: str) -> str | Unreadable:
        return path if isinstance(self.stat(path), FileStat) else Unreadable(path, "absent")

    def stat(self, path: str, *, follow: bool = True) -> FileStat | Unreadable:  # noqa: ARG002  there are no links
        if path in self.files:
            return FileStat(kind="file", mode=0o644, size=len(self.files[path]), identity=path)
        if isinstance(self.list(path), tuple):
            return FileStat(kind="directory", mode=0o755, identity=path)
        return Unreadable(path, "absent")

    def elf(self, path: str) -> Elf | Unreadable:
        return Unreadable(path, "broken", "not an ELF file")

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Ran | NotRun:  # noqa: ARG002  nothing runs
        return NotRun(why="not-found", detail=argv[0])

    def ask(
        self,
        question: str,  # noqa: ARG002  the answer to all of them is the same
        *,
        runner: Runner,  # noqa: ARG002  as above
        timeout_s: float,  # noqa: ARG002  as above
        environ: Mapping[str, str] | None = None,  # noqa: ARG002  as above
    ) -> Asked:
        return Answer(json=self.answer)

    def process(self, pid: int) -> Process | None:  # noqa: ARG002  none runs
        return None
