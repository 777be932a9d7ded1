"""`kdoctor summary`, as a user types it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]
MACHINE = TREE / "tests/machines/ubuntu2404-550-rtx3060-tf221-cusolver"
ENVIRON = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONPATH": str(TREE)}


def kdoctor(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "kdoctor", *arguments)
    return subprocess.run(
        command, input=given, capture_output=True, text=True, env=ENVIRON, timeout=60, check=False, cwd=TREE
    )


def test_this_machine_in_a_few_lines() -> None:
    ran = kdoctor("summary")
    rows = ran.stdout.splitlines()
    assert (ran.returncode, ran.stderr, rows[0], rows[-1]) == (0, "", "```text", "```")
    assert rows[1].endswith("`kdoctor summary`")
    assert len(rows) <= 15


def test_recorded_facts_give_the_summary_of_their_machine(tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text(kdoctor("facts", "--sysroot", str(MACHINE)).stdout)
    there, here = (kdoctor("summary", *origin) for origin in (("--from", str(facts)), ("--sysroot", str(MACHINE))))
    assert there.stdout.splitlines()[2:] == here.stdout.splitlines()[2:]
    assert "KD211 wheel-outside-runpath" in there.stdout


def test_a_log_has_a_summary_too() -> None:
    ran = kdoctor("summary", "--log", "-", given="Failed to initialize NVML: Driver/library version mismatch\n")
    assert "driver-userland-kernel-mismatch" in ran.stdout
    assert "standard input: 1 line" in ran.stdout


def test_the_whole_is_markdown() -> None:
    ran = kdoctor("summary", "--full", "--sysroot", str(MACHINE))
    titles = [line for line in ran.stdout.splitlines() if line.startswith("<details>")]
    assert [title.partition("<summary>")[2].partition("<")[0].partition(":")[0] for title in titles] == [
        "Findings",
        "Libraries",
        "Facts",
    ]


@pytest.mark.parametrize("options", [("--from", "-", "--sysroot", "/"), ("--here",), ("--no-redact",)])
def test_a_slip_of_the_users_is_one_line_and_2(options: tuple[str, ...]) -> None:
    ran = kdoctor("summary", *options)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
