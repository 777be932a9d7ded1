"""A user with a shell: runs kdoctor, and reads what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from tests.fix.in_place.wheels import surroundings


class Said(msgspec.Struct, frozen=True):
    """What one command came to."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401  JSON
        """The one document on stdout."""
        return json.loads(self.out)


class User(msgspec.Struct, frozen=True):
    """Somebody whose home, data and index are in one folder; ``more``: further variables."""

    folder: Path
    more: dict[str, str] = {}

    @property
    def environ(self) -> dict[str, str]:
        """The variables of the shell."""
        return surroundings(self.folder) | self.more

    @property
    def store(self) -> Path:
        """Where the records are."""
        return self.folder / "data/kdoctor/undo"

    def kdoctor(self, *words: str) -> Said:
        """Run kdoctor without a terminal."""
        argv = [sys.executable, "-m", "kdoctor", *words]
        ran = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            cwd=self.folder,
        )
        return Said(ran.returncode, ran.stdout, ran.stderr)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start kdoctor, to be killed."""
        quiet = subprocess.DEVNULL
        argv = [sys.executable, "-m", "kdoctor", *words]
        return subprocess.Popen(argv, env=self.environ, stdin=quiet, stdout=quiet, stderr=quiet, cwd=self.folder)
