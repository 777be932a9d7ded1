"""`kdoctor check --log`, as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]
MISMATCH = "Failed to initialize NVML: Driver/library version mismatch\n"


def check(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONPATH": str(TREE)}
    command = [sys.executable, "-m", "kdoctor", "check", *arguments]
    return subprocess.run(command, input=given, capture_output=True, env=environ, timeout=60, check=False)


def test_a_cause_is_exit_1_and_one_document(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    log.write_text(f"TensorFlow version: 2.9.1\n{MISMATCH}")
    ran = check("--log", str(log), "--format", "json")
    report = json.loads(ran.stdout)
    assert (ran.returncode, report["origin"], report["primary"]["cause"]) == (
        1,
        "log",
        "driver-userland-kernel-mismatch",
    )
    assert report["primary"]["evidence"][0]["source"] == f"{log}:2"


def test_standard_input_and_a_file_are_judged_together(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("nothing\n")
    ran = check("--log", str(log), "--log", "-", "--format", "json", given=MISMATCH.encode())
    assert json.loads(ran.stdout)["primary"]["evidence"][0]["source"] == "standard input:1"


def test_a_healthy_log_is_exit_0() -> None:
    text = "Created device /job:localhost/replica:0/task:0/device:GPU:0 with 7000 MB memory\n"
    ran = check("--log", "-", given=text.encode())
    assert ran.returncode == 0
    assert b"Nothing wrong was found" in ran.stdout


def test_a_text_that_does_not_suffice_names_the_command_that_decides() -> None:
    ran = check("--log", "-", given=b"it does not work\n")
    assert ran.returncode == 0
    assert b"`kdoctor check`" in ran.stdout


def test_escapes_reach_no_terminal() -> None:
    text = f"\x1b]0;owned\x07\x1b[31m{MISMATCH.strip()} \x1b[2J \u202e \x9b2J\n"
    for output in ("text", "json"):
        ran = check("--log", "-", "--format", output, given=text.encode())
        assert not set(ran.stdout.decode()) & set("\x1b\x07\x9b\u202e")


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda path: path.mkdir(), "is a directory"),
        (lambda path: path.write_bytes(bytes(9000)), "is not text"),
        (lambda path: path.symlink_to("/dev/zero"), "neither a file nor a pipe"),
        (lambda _: None, "No such file"),
    ],
)
def test_what_can_not_be_read_is_said_in_one_line(make: object, word: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    make(path)  # type: ignore[operator]  # a lambda of the list above
    ran = check("--log", str(path))
    assert (ran.returncode, ran.stdout, ran.stderr.decode().count("\n")) == (3, b"", 1)
    assert word in ran.stderr.decode()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission_is_said(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("x")
    path.chmod(0)
    assert check("--log", str(path)).returncode == 3


def test_log_and_another_origin_exclude_each_other() -> None:
    ran = check("--log", "-", "--from", "-")
    assert ran.returncode == 2
    assert b"choose one" in ran.stderr


def test_a_check_of_a_machine_imports_nothing_of_this(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    script = (
        "import sys\nfrom kdoctor.cli import run\n"
        f"run(['check', '--sysroot', {str(tmp_path / 'root')!r}])\n"
        "bad = [name for name in sys.modules if 'symptoms' in name.split('.')[1:2] or name.endswith('.clues')]\n"
        "sys.exit(7 if bad else 0)\n"
    )
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONPATH": str(TREE)}
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, env=environ, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
