"""Run one child so that nothing it does can hold kdoctor up.

The child gets its own session and no standard input; its output is read without blocking and kept only up to a
bound; at the deadline its whole session is killed, and where even SIGKILL does not end it (a driver call that
sleeps in the kernel) it is left behind and reported with the state that /proc gives. `subprocess.run(timeout=)`
waits without limit in that case, and for every grandchild that holds the pipe. Children that still run when kdoctor
exits, because nobody waits for their probe any more, are killed then.
"""

from __future__ import annotations

import atexit
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
from kdoctor.model.trace import command_line, trace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OUTPUT_LIMIT = 8 << 20
_GRACE_S = 1.0
_STEP_S = 0.05
_LAST_READS = 512
_SESSION_FIELD = 3  # of /proc/PID/stat, counted from the state, which follows the name in brackets
_RUNNING: set[int] = set()  # sessions to be killed when kdoctor exits


class Child:
    """One running child with bounded output."""

    def __init__(self, process: subprocess.Popen[bytes], limit: int) -> None:
        """Take over a process whose pipes are fresh."""
        self.process = process
        self.limit = limit
        self.truncated = False
        self.kept: dict[IO[bytes], bytearray] = {}
        self.selector = selectors.DefaultSelector()
        _RUNNING.add(process.pid)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                self.selector.register(pipe, selectors.EVENT_READ)
                self.kept[pipe] = bytearray()

    def wait(self, deadline: float) -> bool:
        """Read until the child ends; False at the deadline. A grandchild that holds a pipe is not waited for."""
        while True:
            ended = self._has_ended()
            if ended:
                for _ in range(_LAST_READS):
                    if not self._read(0):
                        break
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if self.selector.get_map():
                self._read(min(left, _STEP_S))
            else:
                time.sleep(min(left, _STEP_S))

    def _has_ended(self) -> bool:
        """Whether the child has ended; it is not reaped, so that its session keeps its number until it is killed."""
        if not hasattr(os, "waitid"):  # macOS before Python 3.13
            return self.process.poll() is not None
        try:
            return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def _read(self, timeout_s: float) -> bool:
        read = False
        for key, _ in self.selector.select(timeout_s):
            pipe = key.fileobj
            if isinstance(pipe, int) or pipe not in self.kept:
                continue
            try:
                data = os.read(pipe.fileno(), 1 << 16)
            except BlockingIOError:
                continue
            if not data:
                self.selector.unregister(pipe)
                continue
            read = True
            room = self.limit - len(self.kept[pipe])
            self.truncated |= len(data) > room
            self.kept[pipe] += data[: max(room, 0)]
        return read

    def end(self, *, thorough: bool) -> bool:
        """Kill the child's session; False where it does not die. ``thorough``: process groups of its own too."""
        _kill_group(self.process.pid)
        for pid in _members(self.process.pid) if thorough else ():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            self.process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            return False
        _RUNNING.discard(self.process.pid)
        return True

    def close(self) -> None:
        """Close the pipes; a child that would not die keeps its ends."""
        self.selector.close()
        for pipe in self.kept:
            pipe.close()

    def text(self, pipe: IO[bytes] | None) -> str:
        """What that pipe gave."""
        return self.kept[pipe].decode("utf-8", "replace") if pipe is not None else ""


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _members(session: int) -> Iterator[int]:
    """The processes of a session, on Linux."""
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):
            fields = entry.read_bytes().rpartition(b")")[2].split()
            if int(fields[_SESSION_FIELD]) == session:
                yield int(entry.parent.name)


@atexit.register
def kill_running() -> None:
    """Kill every child that still runs; whoever leaves by ``os._exit`` has to call it first."""
    for pid in tuple(_RUNNING):
        _kill_group(pid)


def spawn(
    argv: tuple[str, ...],
    *,
    timeout_s: float,
    environ: Mapping[str, str],
    limit: int = OUTPUT_LIMIT,
    keep: tuple[int, ...] = (),
) -> Ran | NotRun:
    """Run ``argv`` and return what it printed, or why there is no result; never raises for what the child does.

    ``keep``: descriptors that the child gets too; a lock among them is held until the child has ended.
    """
    begun = time.monotonic()
    ran = _spawned(argv, timeout_s, environ, limit, keep)
    ended = f"exit status {ran.code}" if isinstance(ran, Ran) else str(ran)
    trace(__name__, "child %s: %s in %.3f s", command_line(argv), ended, time.monotonic() - begun)
    return ran


def _spawned(
    argv: tuple[str, ...], timeout_s: float, environ: Mapping[str, str], limit: int, keep: tuple[int, ...]
) -> Ran | NotRun:
    if sys.platform == "win32":
        return _spawn_windows(argv, timeout_s, environ)
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
            start_new_session=True,
            pass_fds=keep,
        )
    except (OSError, ValueError) as error:
        return _not_started(argv[0], error)
    return _result_of(Child(process, limit), Path(argv[0]).name, timeout_s)


def _not_started(program: str, error: OSError | ValueError) -> NotRun:
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return NotRun(why="denied", detail=f"{program}: {getattr(error, 'strerror', '') or error}")
    if os.path.exists(program):
        return NotRun(why="not-found", detail=f"the loader or #! interpreter that {program} names")
    return NotRun(why="not-found", detail=program)


def _result_of(child: Child, name: str, timeout_s: float) -> Ran | NotRun:
    process = child.process
    try:
        ended = child.wait(time.monotonic() + timeout_s)
    except BaseException:  # Ctrl-C: what follows must not run beside the child
        child.end(thorough=True)
        raise
    stuck = "" if ended else _state(process.pid)
    dead = child.end(thorough=not ended)
    out, err = child.text(process.stdout), child.text(process.stderr)
    child.close()
    if not dead:
        return NotRun(why="unkillable", detail=f"{name} after {timeout_s:g} s{stuck}", out=out, err=err)
    if not ended:
        return NotRun(why="timed-out", detail=f"{name} gave no result in {timeout_s:g} s{stuck}", out=out, err=err)
    code = process.returncode
    if code < 0:
        return NotRun(why="crashed", detail=signal_name(-code), out=out, err=err)
    return Ran(code=code, out=out, err=err, truncated=child.truncated)


def signal_name(number: int) -> str:
    """SIGKILL for 9."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _state(pid: int) -> str:
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0].decode()
    except (OSError, IndexError):
        return ""
    where = ""
    with contextlib.suppress(OSError):
        where = Path(f"/proc/{pid}/wchan").read_text(encoding="ascii", errors="replace").strip("0\n")
    return f" (state {state}{', in ' + where if where else ''})"


def _spawn_windows(argv: tuple[str, ...], timeout_s: float, environ: Mapping[str, str]) -> Ran | NotRun:
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, env=dict(environ), timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return NotRun(why="timed-out", detail=f"{Path(argv[0]).name} gave no result in {timeout_s:g} s")
    except (OSError, ValueError) as error:
        return _not_started(argv[0], error)
    out = done.stdout[:OUTPUT_LIMIT].decode("utf-8", "replace")
    return Ran(code=done.returncode, out=out, err=done.stderr[:OUTPUT_LIMIT].decode("utf-8", "replace"))
