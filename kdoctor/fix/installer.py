"""What makes virtual environments and installs wheels: uv where it is, else pip; both lock with hashes first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from kdoctor.host import NotRun, Ran
from kdoctor.host.spawn import spawn
from kdoctor.host.worker import tethered
from kdoctor.host.workspace import Workspace
from kdoctor.model.trouble import Trouble

RESOLVE_TIMEOUT_S = 600.0
INSTALL_TIMEOUT_S = 3600.0
LOCK = "kdoctor-requirements.lock"
PYLOCK = "pylock.toml"
_SHORT = 400


class Installer(Protocol):
    """uv or pip, told of the user's options. ``python``: the interpreter that it works for."""

    @property
    def python(self) -> str:
        """The interpreter's path."""

    def make(self, room: Workspace) -> None:
        """A virtual environment in the room's prefix. Raises Trouble."""

    def lock(self, specs: tuple[str, ...], python: str, room: Workspace) -> tuple[str, ...]:
        """Resolve into LOCK and PYLOCK, which stay in the environment; NAME==VERSION of each. Raises Trouble."""

    def install(self, python: str, room: Workspace) -> None:
        """Install what was locked into the environment of that interpreter. Raises Trouble."""


def run(argv: tuple[str, ...], environ: Mapping[str, str], *, timeout_s: float, doing: str) -> Ran:
    """Run uv or pip, no longer than kdoctor runs; raises Trouble with its own last words where it fails."""
    ran = spawn(tethered(*argv), timeout_s=timeout_s, environ={**environ, "NO_COLOR": "1", "VIRTUAL_ENV": ""})
    if isinstance(ran, NotRun):
        raise Trouble("pip-not-run", f"{doing}: {argv[0]}: {ran}")
    if ran.code:
        raise Trouble("pip-failed", f"{doing}: {reason_of(ran.err)}", hint=hint_of(ran.err))
    return ran


def reason_of(text: str) -> str:
    r"""What uv or pip says, in one line.

    >>> reason_of("  x No solution found when resolving:\n  because a==1 needs b\n")
    'No solution found when resolving: because a==1 needs b'
    >>> reason_of("WARNING: new pip\nERROR: No matching distribution found for a==2")
    'No matching distribution found for a==2'
    >>> reason_of("Using Python 3.12 environment at: env\nerror: No solution found\n")
    'No solution found'
    """
    errors = [line.partition(":")[2] for line in text.splitlines() if line.startswith("ERROR:")]
    said = "\n".join(line for line in text.splitlines() if not line.startswith("Using Python "))
    words = re.sub(r"[^\x20-\x7e]+", " ", " ".join((errors[-1] if errors else said).split()))
    return re.sub(r"^(x|error:)\s+", "", words.strip())[:_SHORT].strip() or "it gave no reason"


def hint_of(text: str) -> str:
    """What to do about it, where the text tells."""
    if re.search(r"No space left", text):
        return "Free some space, or choose another --prefix."
    if re.search(r"error sending request|dns|connect|timed out|401|403|50\d", text, re.IGNORECASE):
        return "The package index could not be used: check the network, proxy and index settings of pip or uv."
    return ""
