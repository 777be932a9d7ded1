"""`kdoctor check --log`, as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--log", "-", "--from", "-"), "standard input"),
        (("--log", "-", "--log", "-"), "standard input"),
        (("--log", "-", "--here", "--from", "facts.json"), "choose one"),
        (("--here",), "--here needs --log"),
        (("--log", "-", "--deep"), "add --here"),
        (("--log", "-", "--record", "there"), "add --here"),
        (("--log", "-", "--select", "KD999"), "no rule 'KD999'"),
    ],
)
def test_options_that_do_not_go_together_are_said_in_one_line(options: tuple[str, ...], word: str) -> None:
    ran = check(*options)
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert len(ran.stderr.splitlines()) <= 2  # what is wrong, and a hint
    assert word in ran.stderr.decode()


def test_select_and_ignore_hold_for_a_log() -> None:
    text = f"{MISMATCH}CUDA_ERROR_OUT_OF_MEMORY: out of memory\n".encode()

    def causes(*options: str) -> list[str]:
        report = json.loads(check("--log", "-", "--format", "json", *options, given=text).stdout)
        return [finding["cause"] for finding in report["findings"]]

    both = {"driver-userland-kernel-mismatch", "gpu-memory-exhausted"}
    assert set(causes()) >= both
    assert causes("--select", "gpu-memory-exhausted") == ["gpu-memory-exhausted"]
    assert set(causes("--ignore", "KD6")) & both == {"driver-userland-kernel-mismatch"}


def joined(machine: str, text: str, *options: str) -> dict[str, Any]:
    root = TREE / "tests" / "machines" / machine
    ran = check("--log", "-", "--sysroot", str(root), "--format", "json", *options, given=text.encode())
    return json.loads(ran.stdout)  # type: ignore[no-any-return]  # a JSON object


def test_what_log_and_machine_both_show_is_one_finding_with_the_evidence_of_both() -> None:
    report = joined("ubuntu2204-535-rtx3090-tf220-driver-mismatch", MISMATCH)
    primary = report["primary"]
    assert (report["origin"], primary["cause"]) == ("sysroot", "driver-userland-kernel-mismatch")
    assert [item["source"] for item in primary["evidence"] if item["fact"] == "line"] == ["standard input:1"]
    assert len(primary["evidence"]) > 1
    assert [finding["cause"] for finding in report["findings"]].count(primary["cause"]) == 1


def test_what_the_machine_rules_out_is_said_to_be_of_then() -> None:
    report = joined("ubuntu2404-550-rtx3060-tf220", "Failed to initialize NVML: Driver/library version mismatch\n")
    found = report["primary"]
    assert (found["cause"], found["severity"], found["confidence"]) == (
        "driver-userland-kernel-mismatch",
        "warning",
        "possible",
    )
    assert "does not show it now" in found["why"]


def test_what_the_machine_cannot_judge_is_as_the_log_says() -> None:
    text = "AttributeError: module 'tensorflow' has no attribute 'placeholder'\n"
    found = joined("ubuntu2404-550-rtx3060-tf220", text)["primary"]
    assert (found["cause"], found["severity"]) == ("old-keras-api", "error")


def test_the_root_on_the_machine_stays_above_what_the_log_shows_of_it() -> None:
    text = "Could not find cuda drivers on your machine, GPU will not be used.\n"
    report = joined("debian12-none-rtx3060-tf220-no-driver", text)
    assert report["primary"]["cause"] == "driver-missing"


def test_a_log_of_other_versions_is_said_to_be_so() -> None:
    text = f"{MISMATCH}Driver Version: 470.82.01\nGeForce RTX 3060, tensorflow==2.9.1\n"
    report = joined("ubuntu2404-550-rtx3060-tf220", text)
    note = next(finding for finding in report["findings"] if finding["name"] == "log-of-other-versions")
    assert note["what"].startswith("The log names driver 470.82.01, tensorflow 2.9.1; here is driver 550.")
    same = joined("ubuntu2404-550-rtx3060-tf220", f"{MISMATCH}Driver Version: 550\nRTX 3060, tensorflow==2.20\n")
    assert "log-of-other-versions" not in [finding["name"] for finding in same["findings"]]


def test_a_healthy_log_beside_a_healthy_machine_is_exit_0() -> None:
    root = TREE / "tests" / "machines" / "ubuntu2404-550-rtx3060-tf220"
    text = b"Created device /job:localhost/replica:0/task:0/device:GPU:0 with 7000 MB memory\n"
    ran = check("--log", "-", "--sysroot", str(root), given=text)
    assert ran.returncode == 0, ran.stdout
    assert b"examined" in ran.stdout
    assert b"standard input: 1 line" in ran.stdout


def test_here_is_the_live_machine() -> None:
    report = json.loads(check("--log", "-", "--here", "--format", "json", given=MISMATCH.encode()).stdout)
    assert report["origin"] == "live"
    assert {"symptoms", "system"} <= set(report["facts"]["sections"])


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


def test_a_cause_that_only_logs_tell_has_a_page() -> None:
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONPATH": str(TREE)}
    command = [sys.executable, "-m", "kdoctor", "explain", "old-keras-api"]
    ran = subprocess.run(command, capture_output=True, env=environ, timeout=60, check=False)
    assert (ran.returncode, ran.stdout.split(b"\n")[0]) == (0, b"LOG  old-keras-api   (error)")
