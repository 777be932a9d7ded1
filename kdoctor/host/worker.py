"""Run one of kdoctor's own scripts in a child that may crash, grow or hang, and hear of its progress.

The request goes in by a file without a name, the result comes back by another: a child that crashes while it ends,
after its result, has answered, and one that is killed has left nothing. On stderr, lines that begin with the record
separator are events; the rest is noise. The child ends when kdoctor does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import IO, TYPE_CHECKING

import msgspec

from kdoctor.host import NotRun
from kdoctor.host.live import INSIDE
from kdoctor.host.stream import Listener
from kdoctor.model.trace import trace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EVENT = b"\x1e"
_RESULT_LIMIT = 256 << 20
_NOISE_LIMIT = 4000
_STEP_S = 0.25


class Worked(msgspec.Struct, frozen=True, kw_only=True):
    """The result document, undecoded, and the end of what else the child printed."""

    json: bytes
    noise: str = ""


class _Talk:
    """Events and noise of a child, both from its stderr."""

    def __init__(self, on_event: Callable[[bytes], None]) -> None:
        self.on_event = on_event
        self.noise = bytearray()
        self.heard = time.monotonic()

    def line(self, _: IO[bytes], line: bytes) -> None:
        if line.startswith(EVENT):
            self.heard = time.monotonic()
            self.on_event(line[1:])
        else:
            self.noise += line + b"\n"
            del self.noise[:-_NOISE_LIMIT]


def tethered(*argv: str) -> tuple[str, ...]:
    """The command by which a program, an absolute path and its arguments, runs no longer than kdoctor does."""
    return (sys.executable, str(INSIDE / "tether.py"), str(os.getpid()), *argv)


def work(
    script: str,
    request: bytes,
    *,
    timeout_s: float,
    idle_s: float | None = None,
    environ: Mapping[str, str] | None = None,
    on_event: Callable[[bytes], None] = lambda _: None,
) -> Worked | NotRun:
    """Run ``kdoctor/inside/<script>.py`` on kdoctor's own interpreter.

    ``idle_s``: the longest time without an event. ``environ``: variables on top of kdoctor's own.
    """
    begun = time.monotonic()
    # The request may hold passwords, so no name leads to it.
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as answered:
        asked.write(request)
        asked.seek(0)
        process = subprocess.Popen(
            (sys.executable, str(INSIDE / f"{script}.py"), str(os.getpid())),
            stdin=asked,
            stdout=answered,
            stderr=subprocess.PIPE,
            env={**os.environ, **(environ or {})},
            start_new_session=sys.platform != "win32",
        )
        talk = _Talk(on_event)
        child = Listener(process, talk.line)
        ended = False
        try:
            why = _wait(child, talk, timeout_s, idle_s)
            ended = not why
        finally:
            dead = child.end(thorough=not ended)
            child.close()
        trace(__name__, "worker %s: %s in %.3f s", script, why or "ended", time.monotonic() - begun)
        noise = talk.noise.decode("utf-8", "replace").strip()
        result = _result(answered)
        if result is not None:
            return Worked(json=result, noise=noise)
        if not dead:
            return NotRun(why="unkillable", detail=why, err=noise)
        return NotRun(why="timed-out", detail=why, err=noise) if why else _ending(process.returncode, noise)


def _wait(child: Listener, talk: _Talk, timeout_s: float, idle_s: float | None) -> str:
    """Wait for the end; else say which limit was reached."""
    deadline = time.monotonic() + timeout_s
    while True:
        now = time.monotonic()
        if child.wait(min(deadline, now + _STEP_S)):
            return ""
        now = time.monotonic()
        if now >= deadline:
            return f"it took longer than {timeout_s:g} s"
        if idle_s is not None and now - talk.heard >= idle_s:
            return f"nothing came for {idle_s:g} s"


def _result(file: IO[bytes]) -> bytes | None:
    """The result, if the child wrote it to its end."""
    size = os.fstat(file.fileno()).st_size
    if not 0 < size <= _RESULT_LIMIT:
        return None
    file.seek(0)
    data = file.read()
    return data.rstrip(b"\n") if data.endswith(b"\n") else None


def _ending(code: int, noise: str) -> NotRun:
    last = noise.splitlines()[-1][:300] if noise else ""
    if code < 0:
        return NotRun(why="crashed", detail=f"signal {-code}{': ' + last if last else ''}", err=noise)
    return NotRun(why="crashed", detail=f"exit status {code} and no result{': ' + last if last else ''}", err=noise)
