"""Hear a child line by line while it runs, and end it where it says nothing for too long.

The request goes in by a file without a name; lines that are longer than any sensible one are dropped, so that a child
that prints without end costs nothing.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import IO, Literal

import msgspec

from kdoctor.host.spawn import OUTPUT_LIMIT, Child, signal_name
from kdoctor.model.trace import command_line, trace

_NOISE_LIMIT = 4000
_LINE_LIMIT = 1 << 20
_MOST_READS = 64
_STEP_S = 0.25


class Listener(Child):
    """A child whose pipes are read line by line as they come."""

    def __init__(self, process: subprocess.Popen[bytes], on_line: Callable[[IO[bytes], bytes], None]) -> None:
        """Take over a process whose pipes are fresh; ``on_line`` gets the pipe and a line without its end."""
        super().__init__(process, OUTPUT_LIMIT)
        self.on_line = on_line

    def _read(self, timeout_s: float) -> bool:
        read = super()._read(timeout_s)
        for pipe, kept in self.kept.items() if read else ():
            *lines, rest = bytes(kept).split(b"\n")
            kept[:] = rest if len(rest) <= _LINE_LIMIT else b""
            for line in lines:
                self.on_line(pipe, line)
        return read

    def take(self) -> None:
        """Read what has come, without waiting; of a child that prints without end, a bounded part."""
        for _ in range(_MOST_READS):
            if not self._read(0):
                break


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended. ``idle``: it said nothing for too long; ``slow``: one piece of work took too long.

    ``err``: the end of what it printed on standard error.
    """

    why: Literal["ended", "failed", "crashed", "idle", "slow", "unkillable", "not-started"]
    detail: str = ""
    err: str = ""


def converse(
    argv: tuple[str, ...],
    request: bytes,
    *,
    environ: Mapping[str, str],
    on_line: Callable[[bytes], bool],
    idle_s: float,
    piece_s: float,
) -> Ended:
    """Run a child and give every line of its standard output to ``on_line``.

    ``on_line`` says whether a new piece of work begins with the line; a piece may take ``piece_s``, and ``idle_s`` may
    pass without a line. Whatever ``on_line`` raises ends the child first.
    """
    noise, clock, begun = bytearray(), _Clock(), time.monotonic()
    try:
        file = _file_of(request)
    except OSError as error:
        return Ended(why="not-started", detail=f"a temporary file for its request: {error.strerror or error}")
    with file as asked:
        try:
            process = subprocess.Popen(
                argv,
                stdin=asked,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environ),
                start_new_session=sys.platform != "win32",
            )
        except OSError as error:
            return Ended(why="not-started", detail=f"{argv[0]}: {error.strerror or error}")

        def heard(pipe: IO[bytes], line: bytes) -> None:
            if pipe is process.stdout:
                clock.hear(new=on_line(line))
            else:
                noise.extend(line + b"\n")
                del noise[:-_NOISE_LIMIT]

        child = Listener(process, heard)
        late = ""
        dead = True
        try:
            while not late and not child.wait(time.monotonic() + _STEP_S):
                late = clock.late(idle_s, piece_s)
        finally:
            dead = child.end(thorough=True)
            child.close()
    ended = _ending(process.returncode, late, noise.decode("utf-8", "replace").strip(), dead=dead)
    trace(__name__, "child %s: %s in %.3f s", command_line(argv), ended.why, time.monotonic() - begun)
    return ended


def _file_of(content: bytes) -> IO[bytes]:
    """A file without a name, to be read from its begin."""
    with contextlib.ExitStack() as undo:
        file = undo.enter_context(tempfile.TemporaryFile())
        file.write(content)
        file.seek(0)
        undo.pop_all()
    return file


class _Clock:
    """When the child was heard, and when it began its present piece of work."""

    def __init__(self) -> None:
        self.heard = self.began = time.monotonic()

    def hear(self, *, new: bool) -> None:
        self.heard = time.monotonic()
        self.began = self.heard if new else self.began

    def late(self, idle_s: float, piece_s: float) -> str:
        """Which of the limits has passed."""
        now = time.monotonic()
        return "idle" if now - self.heard > idle_s else "slow" if now - self.began > piece_s else ""


def _ending(code: int | None, late: str, err: str, *, dead: bool) -> Ended:
    if not dead:
        return Ended(why="unkillable", detail="it does not end, not even killed", err=err)
    if late == "idle":
        return Ended(why="idle", detail="it said nothing for too long", err=err)
    if late == "slow":
        return Ended(why="slow", detail="it took too long", err=err)
    if code is None or code < 0:
        return Ended(why="crashed", detail=signal_name(-(code or 0)), err=err)
    last = err.splitlines()[-1][:300] if err else ""
    return Ended(why="failed", detail=f"exit status {code}: {last}", err=err) if code else Ended(why="ended", err=err)
