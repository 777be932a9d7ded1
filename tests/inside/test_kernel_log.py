"""What of the kernel's log a record may hold, by stand-ins for dmesg and journalctl."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from kdoctor.host import Answer
from kdoctor.host.live import LiveHost

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the stand-ins are shell scripts")
DENIED = "echo 'dmesg: read kernel buffer failed: Operation not permitted' >&2; exit 1"


def asked(folder: Path, dmesg: str, journalctl: str = "exit 0") -> Any:  # noqa: ANN401  JSON
    for name, script in {"dmesg": dmesg, "journalctl": journalctl}.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
    variables = {"PATH": f"{folder}:{os.environ.get('PATH', os.defpath)}"}
    answer = LiveHost().ask("kernel_log", runner="own", timeout_s=20, environ=variables)
    assert isinstance(answer, Answer), answer
    return json.loads(answer.json)


def test_only_lines_about_the_driver_are_told(tmp_path: Path) -> None:
    log = "[    0.0] Linux version 6.8\n[   12.3] nvidia: loading\n[   13.0] usb 1-1: SerialNumber: 42"
    assert asked(tmp_path, f"echo '{log}'") == {"source": "dmesg", "lines": ["nvidia: loading"]}


def test_the_journal_is_asked_where_dmesg_is_for_administrators(tmp_path: Path) -> None:
    found = asked(tmp_path, DENIED, "echo Linux version 6.8; echo 'NVRM: loading'")
    assert found == {"source": "journalctl -k -b", "lines": ["NVRM: loading"]}


def test_a_journal_that_shows_nothing_is_not_a_log_without_errors(tmp_path: Path) -> None:
    found = asked(tmp_path, DENIED)
    assert found["source"] == ""
    assert found["why"].endswith("Operation not permitted; journalctl: shows this user nothing")


def test_a_command_that_hangs_is_given_up(tmp_path: Path) -> None:
    assert asked(tmp_path, "sleep 60", "echo 'NVRM: loading'")["source"] == "journalctl -k -b"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("[1.0] NVRM: Xid (PCI:0000:65:00): 31, pid=1234, name=python, Ch 00000008", "31, Ch 00000008"),
        ("NVRM: Xid (PCI:0000:65:00): 79, pid=<unknown>, name=<unknown>, GPU has fallen off", "79, GPU has fallen off"),
        ("NVRM: Xid (PCI:0000:65:00): 43, pid=77, name=secret", "43"),
    ],
)
def test_a_process_is_not_told(tmp_path: Path, line: str, kept: str) -> None:
    assert asked(tmp_path, f"echo '{line}'")["lines"] == [f"NVRM: Xid (PCI:0000:65:00): {kept}"]


def test_the_newest_lines_are_told_and_repeated_ones_once(tmp_path: Path) -> None:
    lines = asked(tmp_path, 'i=0; while [ $i -lt 300 ]; do echo "[$i.0] NVRM: line $((i % 100))"; i=$((i+1)); done')[
        "lines"
    ]
    assert (len(lines), lines[-1]) == (60, "NVRM: line 99")
