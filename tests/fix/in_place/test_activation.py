"""Activating adds the directories, deactivating leaves LD_LIBRARY_PATH exactly as it was; in real shells."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kdoctor.fix.in_place.activation import ACTIVATE, DEACTIVATE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
SHELLS = [shell for shell in ("bash", "dash", "zsh", "ksh") if shutil.which(shell)]
SHOW = 'echo "${LD_LIBRARY_PATH-unset}"; '


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("before", "active"),
    [
        ("unset LD_LIBRARY_PATH; ", "/a b/it's"),
        ("export LD_LIBRARY_PATH=; ", "/a b/it's"),
        ("export LD_LIBRARY_PATH='/x:/y z'; ", "/a b/it's:/x:/y z"),
        ("export LD_LIBRARY_PATH='was:unset'; ", "/a b/it's:was:unset"),
    ],
)
def test_what_was_is_back_after_deactivating(tmp_path: Path, shell: str, before: str, active: str) -> None:
    on, off = tmp_path / "on.sh", tmp_path / "off.sh"
    on.write_text(ACTIVATE.format(directories="'/a b/it'\"'\"'s'"), encoding="utf-8")
    off.write_text(DEACTIVATE, encoding="utf-8")
    script = f"set -u; {before}{SHOW}. {on}; {SHOW}. {off}; {SHOW}env | grep -c KDOCTOR || true"
    ran = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True)
    first, second, third, ours = ran.stdout.splitlines()
    assert (second, third, ours, ran.stderr) == (active, first, "0", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_deactivating_without_having_activated_changes_nothing(tmp_path: Path, shell: str) -> None:
    (tmp_path / "off.sh").write_text(DEACTIVATE, encoding="utf-8")
    script = f"set -u; export LD_LIBRARY_PATH=/x; . {tmp_path}/off.sh; {SHOW}"
    assert subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True).stdout == "/x\n"
