"""Run one child so that nothing it does can hold kdoctor up.

The child gets its own session and no standard input; its output is read without blocking and kept only up to a
bound; at the deadline its whole session is killed, and where even SIGKILL does not end it (a driver call that
sleeps in the kernel) it is left behind and reported with the state that /proc gives. `subprocess.run(timeout=)`
waits without limit in that case, and for every grandchild that holds the pipe.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kdoctor.host import NotRun, Ran

if TYPE_CHECKING:
    from collections.abc import Mapping

OUTPUT_LIMIT = 8 << 20
_GRACE_S = 1.0
_ABANDONED: list[subprocess.Popen[bytes]] = []  # unkillable children: their Popen must outlive us, or __del__ waits


class Child:
    """One running child with bounded output."""

    def __init__(self, process: subprocess.Popen[bytes], limit: int) -> None:
        """Take over a process whose pipes are fresh."""
        self.process = process
        self.limit = limit
        self.truncated = False
        self.kept: dict[IO[bytes], bytearray] = {}
        self.selector = selectors.DefaultSelector()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                self.selector.register(pipe, selectors.EVENT_READ)
                self.kept[pipe] = bytearray()

    def wait(self, deadline: float) -> bool:
        """Read until the child ends; False at the deadline. A grandchild that holds a pipe is not waited for."""
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if self.selector.get_map():
                read = self._read(min(left, 0.05))
            else:
                read = False
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(min(left, 0.05))
            if not read and self.process.poll() is not None:
                self._read(0)
                return True

    def _read(self, timeout_s: float) -> bool:
        read = False
        for key, _ in self.selector.select(timeout_s):
            pipe = key.fileobj
            if isinstance(pipe, int) or pipe not in self.kept:
                continue
            data = os.read(pipe.fileno(), 1 << 16)
            if not data:
                self.selector.unregister(pipe)
                continue
            read = True
            room = self.limit - len(self.kept[pipe])
            self.truncated |= len(data) > room
            self.kept[pipe] += data[:room]
        return read

    def end(self) -> bool:
        """Kill the child's session; False where it does not die."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        try:
            self.process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            _ABANDONED.append(self.process)
            return False
        return True

    def text(self, pipe: IO[bytes] | None) -> str:
        """What that pipe gave."""
        return self.kept[pipe].decode("utf-8", "replace") if pipe is not None else ""


def spawn(
    argv: tuple[str, ...], *, timeout_s: float, environ: Mapping[str, str], limit: int = OUTPUT_LIMIT
) -> Ran | NotRun:
    """Run ``argv`` and return what it printed, or why there is no result; never raises for what the child does."""
    if sys.platform == "win32":
        return _spawn_windows(argv, timeout_s, environ)
    try:
        process = subprocess.Popen(  # noqa: S603  argv is ours or the user's interpreter; no shell
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
            start_new_session=True,
        )
    except FileNotFoundError as error:
        return NotRun(why="not-found", detail=str(error.filename or argv[0]))
    except (OSError, ValueError) as error:
        return NotRun(why="denied", detail=str(error))
    child = Child(process, limit)
    ended = child.wait(time.monotonic() + timeout_s)
    stuck = "" if ended else _state(process.pid)
    if not child.end():
        return NotRun(why="unkillable", detail=f"{argv[0]} after {timeout_s:g} s{stuck}")
    out, err = child.text(process.stdout), child.text(process.stderr)
    child.selector.close()
    for pipe in child.kept:
        pipe.close()
    if not ended:
        return NotRun(why="timed-out", detail=f"{Path(argv[0]).name} gave no result in {timeout_s:g} s{stuck}")
    code = process.returncode
    if code < 0:
        return NotRun(why="crashed", detail=_signal_name(-code))
    return Ran(code=code, out=out, err=err, truncated=child.truncated)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _state(pid: int) -> str:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        where = Path(f"/proc/{pid}/wchan").read_text(encoding="utf-8").strip("0")
    except (OSError, IndexError):
        return ""
    return f" (state {state}{', in ' + where if where else ''})"


def _spawn_windows(argv: tuple[str, ...], timeout_s: float, environ: Mapping[str, str]) -> Ran | NotRun:
    try:
        done = subprocess.run(  # noqa: S603  argv is ours or the user's interpreter; no shell
            argv, stdin=subprocess.DEVNULL, capture_output=True, env=dict(environ), timeout=timeout_s, check=False
        )
    except FileNotFoundError:
        return NotRun(why="not-found", detail=argv[0])
    except subprocess.TimeoutExpired:
        return NotRun(why="timed-out", detail=f"{Path(argv[0]).name} gave no result in {timeout_s:g} s")
    except (OSError, ValueError) as error:
        return NotRun(why="denied", detail=str(error))
    out = done.stdout[:OUTPUT_LIMIT].decode("utf-8", "replace")
    return Ran(code=done.returncode, out=out, err=done.stderr[:OUTPUT_LIMIT].decode("utf-8", "replace"))
