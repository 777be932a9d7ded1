"""Virtual environments and wheels by uv, which makes environments that can be moved."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from kdoctor.fix.installer import INSTALL_TIMEOUT_S, LOCK, PYLOCK, RESOLVE_TIMEOUT_S, run
from kdoctor.host import Ran
from kdoctor.host.workspace import Workspace


class Uv(msgspec.Struct, frozen=True, kw_only=True):
    """``uv``: its path; ``environ``: what it runs in."""

    uv: str
    python: str
    environ: Mapping[str, str]

    def make(self, room: Workspace) -> None:
        """`uv venv`, relocatable."""
        words = ("venv", "--relocatable", "--allow-existing", "--no-project", "--seed", "-p", self.python, room.prefix)
        self.run(*words, timeout_s=RESOLVE_TIMEOUT_S, doing="making the environment")

    def lock(self, specs: tuple[str, ...], python: str, room: Workspace) -> tuple[str, ...]:
        """`uv pip compile`; the second time only the form changes."""
        wanted = room.note("requirements.in", "".join(f"{spec}\n" for spec in specs).encode())
        self._compile(wanted, python, room, LOCK, "--generate-hashes")
        locked = room.keep(LOCK, LOCK).decode()
        self._compile(f"{room.work}/{LOCK}", python, room, PYLOCK)
        room.keep(PYLOCK, PYLOCK)
        return tuple(re.findall(r"^([A-Za-z0-9._-]+==[^ \\;]+)", locked, re.MULTILINE))

    def _compile(self, wanted: str, python: str, room: Workspace, name: str, *options: str) -> None:
        words = ("pip", "compile", wanted, "-p", python, "--no-header", "-q", *options, "-o", f"{room.work}/{name}")
        self.run(*words, timeout_s=RESOLVE_TIMEOUT_S, doing="resolving")

    def install(self, python: str, room: Workspace) -> None:
        """`uv pip install` of the lock."""
        words = ("pip", "install", "--python", python, "--require-hashes", "-r", f"{room.prefix}/{LOCK}")
        self.run(*words, timeout_s=INSTALL_TIMEOUT_S, doing="installing")

    def run(self, *words: str, timeout_s: float, doing: str) -> Ran:
        """One command of uv. Raises Trouble where it fails."""
        environ = {**self.environ, "UV_PYTHON_DOWNLOADS": "never"}
        return run((self.uv, *words), environ, timeout_s=timeout_s, doing=doing)
