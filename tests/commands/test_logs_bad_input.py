"""What is no log, or a very odd one: a clear word or the right answer, in bounded memory and time."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

TREE = Path(__file__).resolve().parents[2]
MISMATCH = b"Failed to initialize NVML: Driver/library version mismatch\n"
MOST_BYTES = 150_000_000
MEASURED = """
import os, resource, sys
from kdoctor.cli import run
code = run(sys.argv[1:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
if os.path.exists("/proc/self/status"):  # rusage counts what the process was before it became this program
    peak = next(int(line.split()[1]) << 10 for line in open("/proc/self/status") if line.startswith("VmHWM"))
sys.stderr.write(f"\\n{peak}")
sys.stderr.flush()
sys.exit(code)
"""
NO_FIFO = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")


class Ran:
    """How a check ended: exit status, report, what was said, and its peak memory."""

    def __init__(self, code: int, out: bytes, err: bytes) -> None:
        """Split what the child wrote."""
        said, _, peak = err.rpartition(b"\n")
        self.code, self.out, self.said = code, out, said.decode()
        self.peak_bytes = int(peak) if peak.isdigit() else 0

    def first_sign(self) -> tuple[str, int]:
        """The first kind of sign seen and its line."""
        seen = json.loads(self.out)["facts"]["sections"]["symptoms"]["seen"][0]
        return seen["id"], seen["lines"][0]["number"]


def started(*arguments: str, given: int | BinaryIO = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONPATH": str(TREE)}
    command = [sys.executable, "-c", MEASURED, "check", "--format", "json", *arguments]
    return subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ)


def check(*arguments: str, given: int | BinaryIO = subprocess.DEVNULL, timeout_s: float = 60) -> Ran:
    with started(*arguments, given=given) as child:
        out, err = child.communicate(timeout=timeout_s)
    return Ran(child.returncode, out, err)


@contextlib.contextmanager
def endless(data: bytes) -> Iterator[BinaryIO]:
    """The reading end of a pipe that gives the same bytes for ever."""
    read, write = os.pipe()

    def feed() -> None:
        with contextlib.suppress(OSError):
            while True:
                os.write(write, data)

    feeder = threading.Thread(target=feed, daemon=True)
    with os.fdopen(read, "rb") as reader:
        feeder.start()
        yield reader
    feeder.join(timeout=10)
    os.close(write)


def test_random_bytes_are_not_text(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(random.Random(1).randbytes(300_000))  # noqa: S311  no secret
    ran = check("--log", str(log))
    assert (ran.code, ran.out) == (3, b"")
    assert "is not text" in ran.said


@pytest.mark.parametrize("data", [bytes(1 << 16), random.Random(2).randbytes(1 << 16)], ids=["zeros", "random"])  # noqa: S311
def test_an_endless_pipe_of_no_text_ends_at_once(data: bytes) -> None:
    with endless(data) as pipe:
        ran = check("--log", "-", given=pipe)
    assert ran.code == 3
    assert "standard input is not text" in ran.said


@pytest.mark.parametrize("line", [b"y\n", b"CUDA_ERROR_OUT_OF_MEMORY: out of memory\n", b"no end "])
def test_an_endless_pipe_is_read_until_ctrl_c_in_bounded_memory(line: bytes) -> None:
    with endless(line * 1000) as pipe, started("--log", "-", given=pipe) as child:
        time.sleep(2.5)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
    ran = Ran(child.returncode, out, err)
    assert (ran.code, ran.out) == (130, b"")
    assert 0 < ran.peak_bytes < MOST_BYTES


def test_a_character_device_as_standard_input_is_not_text() -> None:
    with Path("/dev/zero").open("rb") as zeros:
        assert "is not text" in check("--log", "-", given=zeros).said


@NO_FIFO
def test_a_named_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"one\n" + MISMATCH,))
    writer.start()
    ran = check("--log", str(pipe))
    writer.join()
    assert (ran.code, ran.first_sign()[1]) == (1, 2)


def test_a_file_of_the_kernel_without_size_is_read() -> None:
    if not Path("/proc/self/mountinfo").exists():
        pytest.skip("no /proc here")
    ran = check("--log", "/proc/self/mountinfo")
    assert json.loads(ran.out)["facts"]["sections"]["symptoms"]["lines"] > 0


def test_nulls_broken_characters_and_escapes_around_a_sign(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(
        b"text first\n" * 500 + bytes(100_000) + b"\xff\xfe\x80 \x1b[31m" + MISMATCH + b"\xe2\x1b]0;x\x07\x80\xae"
    )
    ran = check("--log", str(log))
    assert ran.first_sign()[1] == 501
    assert not set(ran.out.decode()) & set("\x00\x07\x1b\x80\u202e")


def test_a_notebook_of_very_many_values_is_read_in_bounded_memory(tmp_path: Path) -> None:
    log = tmp_path / "notebook.ipynb"
    log.write_bytes(b'{"nbformat": 4, "cells": [' + b"[]," * 6_000_000 + b"[]]}")
    ran = check("--log", str(log))
    assert ran.code == 0
    assert ran.peak_bytes < MOST_BYTES


def test_a_notebook_with_a_large_picture_is_read_in_bounded_memory(tmp_path: Path) -> None:
    log = tmp_path / "notebook.ipynb"
    output = {"data": {"image/png": "A" * 20_000_000}, "text": [MISMATCH.decode()]}
    log.write_text(json.dumps({"nbformat": 4, "cells": [{"source": ["x = 1"], "outputs": [output]}]}))
    ran = check("--log", str(log))
    assert (ran.code, ran.first_sign()[1]) == (1, 2)
    assert ran.peak_bytes < MOST_BYTES


@pytest.mark.torture
@pytest.mark.parametrize("fill", [b"x", b" gpu cuda", b"\x1b[31m", b"\r", b"&lt;", b"\xe2\x80\x8b", b"\n"])
def test_a_line_of_100_mb_is_read_in_bounded_memory(fill: bytes, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file:
        file.write(b"begins\n")
        for _ in range(100):
            file.write(fill * (1_000_000 // len(fill)))
        file.write(b"\n" + MISMATCH)
    ran = check("--log", str(log), timeout_s=240)
    assert (ran.code, ran.peak_bytes < MOST_BYTES) == (1, True)


@pytest.mark.torture
def test_a_log_of_5_gb_is_read_in_bounded_memory(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file:
        file.write(b"step 1 loss 0.5\n" * 1000)
        file.seek(5_000_000_000)  # a hole: as a truncated log that is still written to has
        file.write(b"\n" + MISMATCH)
    ran = check("--log", str(log), timeout_s=240)
    assert ran.first_sign()[1] == 1002
    assert ran.peak_bytes < MOST_BYTES


@pytest.mark.torture
def test_a_log_of_many_kinds_of_long_lines_is_read_in_bounded_memory(tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311  no secret
    log = tmp_path / "log"
    with log.open("w") as file:
        for _ in range(40_000):
            line = "".join(chance.choices("abcdefgh", k=40)) * 9
            file.write(f"{line} gpu\n" * 2)
    ran = check("--log", str(log), timeout_s=240)
    assert ran.peak_bytes < MOST_BYTES
