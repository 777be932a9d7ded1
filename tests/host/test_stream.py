"""Children that are heard line by line: what they say arrives, and silence, floods and crashes end well."""

from __future__ import annotations

import os
import sys
import time

import pytest

from kdoctor.host.stream import Ended, converse
from tests.host.test_journal import room
from tests.processes import is_alive

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")


def heard(code: str, request: bytes = b"", *, idle_s: float = 20.0, piece_s: float = 20.0) -> tuple[Ended, list[bytes]]:
    """How a Python child ended, and its lines; one that begins with `new` begins a piece."""
    lines: list[bytes] = []

    def on_line(line: bytes) -> bool:
        lines.append(line)
        return line.startswith(b"new")

    argv = (sys.executable, "-u", "-c", code)
    return converse(argv, request, environ=os.environ, on_line=on_line, idle_s=idle_s, piece_s=piece_s), lines


def test_lines_come_in_order_and_the_request_is_on_stdin() -> None:
    ended, lines = heard("import sys; print(sys.stdin.read()); print('b'); sys.stderr.write('noise')", b"a")
    assert (ended.why, lines) == ("ended", [b"a", b"b"])


def test_a_failure_gives_its_last_line() -> None:
    ended, _ = heard("raise ValueError('no such device')")
    assert (ended.why, ended.detail) == ("failed", "exit status 1: ValueError: no such device")


def test_a_crash_is_named() -> None:
    ended, lines = heard("print('a'); import os; os.kill(os.getpid(), 11)")
    assert (ended.why, ended.detail, lines) == ("crashed", "SIGSEGV", [b"a"])


def test_silence_and_slowness_are_told_apart() -> None:
    silent, _ = heard("import time; print('a'); time.sleep(30)", idle_s=0.5)
    assert silent.why == "idle"
    busy = "import time\nfor i in range(999): print(i); time.sleep(0.05)"
    slow, _ = heard(busy, idle_s=5, piece_s=0.8)
    assert slow.why == "slow"
    pieces = "import time\nfor i in range(20): print('new', i); time.sleep(0.05)"
    assert heard(pieces, piece_s=0.6)[0].why == "ended"


def test_a_flood_costs_nothing() -> None:
    started = time.monotonic()
    ended, lines = heard("import sys\nfor _ in range(300): sys.stdout.write('x' * 1_000_000)\nprint(); print('end')")
    assert (ended.why, lines[-1]) == ("ended", b"end")
    assert sum(map(len, lines)) < 3_000_000
    assert time.monotonic() - started < 20


def test_what_the_listener_raises_ends_the_child() -> None:
    pids = []

    def stop(line: bytes) -> bool:
        pids.append(int(line))
        raise KeyboardInterrupt

    code = "import os, time; print(os.getpid()); time.sleep(60)"
    with pytest.raises(KeyboardInterrupt):
        converse((sys.executable, "-u", "-c", code), b"", environ=os.environ, on_line=stop, idle_s=9, piece_s=9)
    assert not is_alive(pids[0])


def test_a_program_that_is_not_there_is_said() -> None:
    ended = converse(("/nonexistent",), b"", environ={}, on_line=lambda _: False, idle_s=1, piece_s=1)
    assert (ended.why, ended.detail) == ("not-started", "/nonexistent: No such file or directory")


def test_a_request_for_which_there_is_no_room_starts_nothing() -> None:
    with room(10):
        ended, lines = heard("print('a')", b"x" * 100)
    assert (ended.why, lines) == ("not-started", [])
    assert ended.detail == "a temporary file for its request: File too large"
