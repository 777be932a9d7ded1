"""Which Python a command is, and whether its end is worth a look."""

from __future__ import annotations

import platform
import signal
import sys
from pathlib import Path
from types import ModuleType

import pytest

from kdoctor.commands.after import is_suspect
from kdoctor.commands.check import Request
from kdoctor.commands.logs import check_text_and_machine, symptoms_in
from kdoctor.commands.run import python_of
from kdoctor.host import instructions
from kdoctor.host.attend import Ended, Printed
from kdoctor.host.live import LiveHost
from kdoctor.symptoms.find import FEW

HEALTHY = Path(__file__).resolve().parents[1] / "machines/ubuntu2404-550-rtx3060-tf220"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")


def folder(tmp_path: Path) -> Path:
    """Commands of several kinds."""
    heads = {
        "python3.12": "\x7fELF",
        "pythonic": "\x7fELF",
        "pypy3": "\x7fELF",
        "train": "#!/opt/env/bin/python3\n",
        "spaced": "#! /opt/env/bin/python -u\nprint()\n",
        "by-env": "#!/usr/bin/env python3.12\n",
        "by-env-options": "#!/usr/bin/env -S A=1 python3.12 -u\n",
        "shell": "#!/bin/sh\n",
        "empty": "",
        "nothing": "#!\n",
    }
    for name, head in heads.items():
        (tmp_path / name).write_text(head)
        (tmp_path / name).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ("python3.12", "{}/python3.12"),
        ("{}/python3.12", "{}/python3.12"),
        ("./python", "./python"),
        ("pypy3", "{}/pypy3"),
        ("pythonic", ""),
        ("train", "/opt/env/bin/python3"),
        ("spaced", "/opt/env/bin/python"),
        ("by-env", "{}/python3.12"),
        ("by-env-options", "{}/python3.12"),
        ("shell", ""),
        ("empty", ""),
        ("nothing", ""),
        ("nosuch", ""),
    ],
)
def test_the_python_of_a_command(program: str, found: str, tmp_path: Path) -> None:
    host = LiveHost(environ={"PATH": str(folder(tmp_path))})
    assert python_of(host, program.format(tmp_path)) == found.format(tmp_path)


@pytest.mark.parametrize(
    ("ended", "failed"),
    [
        (Ended(), False),
        (Ended(status=1), True),
        (Ended(signal=signal.SIGSEGV), True),
        (Ended(signal=signal.SIGKILL), True),
        (Ended(status=137), True),
        (Ended(signal=signal.SIGINT), False),
        (Ended(status=130), False),
        (Ended(signal=signal.SIGPIPE), False),
        (Ended(status=143), False),
    ],
)
def test_what_its_user_ended_has_not_failed(ended: Ended, failed: bool) -> None:  # noqa: FBT001  a column of the table
    assert ended.has_failed == failed


@pytest.mark.parametrize(("text", "suspect"), [(b"Epoch 1/2\n", False), (b"no GPU\n", True), (b"", False)])
def test_an_output_without_a_word_on_hardware_is_not_read(text: bytes, suspect: bool) -> None:  # noqa: FBT001  the same
    assert is_suspect(Ended(printed=(Printed(name="stdout", parts=(text,)),))) == suspect


def test_what_the_command_just_saw_outranks_what_is_seen_beside_it() -> None:
    """Unlike an old log's word: nothing can have been put right since."""
    text = b"TensorFlow version: 2.9.1\nFailed to initialize NVML: Driver/library version mismatch\n"
    made = check_text_and_machine(
        symptoms_in([("stderr", text)]), Request(sysroot=str(HEALTHY)), lambda _: None, fresh=True
    )
    primary = made.report.primary
    assert primary is not None
    assert (primary.name, primary.severity) == ("driver-userland-kernel-mismatch", "error")
    assert "So the command saw it" in primary.why
    assert [finding.name for finding in made.report.findings] == [primary.name]


def test_an_output_that_is_no_text_says_nothing() -> None:
    assert symptoms_in([("stdout", bytes(range(9)) * 999), ("stderr", b"CUDA_ERROR_NO_DEVICE\n")]).lines == 1


def test_an_output_is_read_without_hyperscan_on_a_processor_that_cannot_run_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would end the process."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("model name\t: AMD Phenom(tm) II X4\nflags\t\t: fpu sse sse2 sse4a\n")
    monkeypatch.setattr(instructions, "_CPUINFO", str(cpuinfo))
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setitem(sys.modules, "hyperscan", ModuleType("hyperscan"))  # AttributeError where it is used
    said = symptoms_in([("stderr", b"CUDA_ERROR_NO_DEVICE\n" * 2 * FEW)])
    assert [seen.id for seen in said.seen] == ["no-cuda-device-detected"]
