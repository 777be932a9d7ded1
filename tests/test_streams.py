"""Odd standard streams: closed, full, cut off, no terminal, no arguments."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parent.parent
KDOCTOR = f'"{sys.executable}" -m kdoctor'
ENVIRON = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONPATH": str(TREE)}


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell that starts kdoctor."""
    return subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, timeout=30, env=ENVIRON, check=False)


@pytest.mark.parametrize("streams", [">&-", "2>&- >/dev/null", ">&- 2>&-"])
def test_closed_streams_are_no_crash(streams: str) -> None:
    ran = shell(f"{KDOCTOR} explain KD101 {streams}")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_a_full_disk_is_one_line_and_three() -> None:
    ran = shell(f"{KDOCTOR} explain >/dev/full")
    assert ran.returncode == 3
    assert ran.stderr.count("\n") == 1
    assert "No space left on device" in ran.stderr


def test_a_reader_that_leaves_early_is_quiet() -> None:
    ran = shell(f"{KDOCTOR} explain | head -1")
    assert ran.stdout.startswith("KD101")
    assert ran.stderr == ""


def test_no_arguments_print_the_help_and_nothing_else() -> None:
    ran = shell(KDOCTOR)
    assert ran.returncode == 2
    assert "Usage: kdoctor" in ran.stdout + ran.stderr
    assert "Try" not in ran.stderr


def test_nothing_is_coloured_in_a_pipe() -> None:
    ran = shell(f"{KDOCTOR} check")
    assert "\x1b" not in ran.stdout + ran.stderr
    assert max(len(line) for line in ran.stdout.splitlines() if " " in line.strip()) <= 100
