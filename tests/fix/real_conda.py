"""The conda that KDOCTOR_CONDA names, started as a user would."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

CONDA = os.environ.get("KDOCTOR_CONDA", "")
needs_conda = [pytest.mark.conda, pytest.mark.skipif(not CONDA, reason="KDOCTOR_CONDA names no conda")]


def environ(home: Path, **more: str) -> dict[str, str]:
    """A user's variables, with a base environment of their own."""
    return {
        "HOME": str(home), "PATH": "/usr/bin:/bin", "CONDA_ROOT": str(home / "root"), "LC_ALL": "C.UTF-8",
        "CONDA_NUMBER_CHANNEL_NOTICES": "0", **more,
    }  # fmt: skip


def conda(variables: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run([CONDA, *words], env=variables, capture_output=True, text=True, check=False, timeout=300)


def answer(variables: Mapping[str, str], *words: str) -> Any:  # noqa: ANN401  whatever conda answers
    """Its answer in JSON; a test that gets none fails."""
    ran = conda(variables, *words, "--json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads(ran.stdout)
