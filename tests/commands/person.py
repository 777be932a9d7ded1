"""A person at a terminal: types, reads what comes, changes the window's size."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator, Mapping, Sequence


class Person:
    """A command in a terminal of its own, as its session's leader."""

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], *, rows: int = 24, columns: int = 80) -> None:
        """Start it."""
        self.seen = b""
        self.code: int | None = None
        self.pid, self.terminal = pty.fork()
        if not self.pid:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(argv[0], tuple(argv), environ)  # noqa: S606  an argv of the test's own

    def leaves(self) -> None:
        """Close the window; what does not end by that is killed."""
        os.close(self.terminal)
        deadline = time.monotonic() + 10
        while self.code is None and time.monotonic() < deadline:
            self._ends(os.WNOHANG)
            time.sleep(0.02)
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            self._ends(0)

    def _ends(self, options: int) -> None:
        pid, status = os.waitpid(self.pid, options)
        if pid:
            self.code = os.waitstatus_to_exitcode(status)

    def types(self, text: str) -> None:
        """Press these keys."""
        os.write(self.terminal, text.encode())

    def resizes(self, rows: int, columns: int) -> None:
        """Drag the window's corner."""
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def reads(self, text: str, within_s: float = 20.0) -> str:
        """What came up to and with this text; fails where it does not come."""
        deadline = time.monotonic() + within_s
        while text.encode() not in self.seen:
            assert self._takes(deadline), f"{text!r} did not come: {self.seen!r}"
        before, found, self.seen = self.seen.partition(text.encode())
        return (before + found).decode()

    def _takes(self, deadline: float) -> bool:
        if not select.select([self.terminal], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self.terminal, 1 << 16)
        except OSError:
            return False
        self.seen += data
        return bool(data)

    def waits(self, within_s: float = 20.0) -> int:
        """Read to the end; the exit code."""
        deadline = time.monotonic() + within_s
        while self._takes(deadline):
            pass
        self._ends(0)
        assert self.code is not None
        return self.code


@contextlib.contextmanager
def person(argv: Sequence[str], environ: Mapping[str, str]) -> Iterator[Person]:
    """Someone who closes the window in the end."""
    someone = Person(argv, environ)
    try:
        yield someone
    finally:
        someone.leaves()
