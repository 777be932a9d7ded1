"""A terminal of its own for a command line: a real pty, and what a person then sees of what was written to it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

RUNNER = r"""
import fcntl, os, pty, struct, sys, termios
rows, columns, key, *argv = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))
    os.execvp(argv[0], argv)
seen = b""
while True:
    try:
        data = os.read(terminal, 65536)
    except OSError:
        break
    seen += data
    if key and key.encode() in seen:
        os.write(terminal, b"\x03")
        key = ""
    if not data:
        break
sys.stdout.buffer.write(seen)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
TOKEN = re.compile(r"\x1b\[(\??)([\d;]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n])")


class Shown(NamedTuple):
    """``raw``: all that was written; ``text``: what is to be read afterwards, what scrolled away included."""

    code: int
    raw: str
    text: str
    cursor: bool


def in_terminal(
    argv: Sequence[str], *, rows: int, columns: int, environ: Mapping[str, str], interrupt_at: str = ""
) -> Shown:
    """Run it to its end; where ``interrupt_at`` is seen, Ctrl-C is pressed."""
    ran = subprocess.run(
        (sys.executable, "-c", RUNNER, str(rows), str(columns), interrupt_at, *argv),
        capture_output=True,
        timeout=120,
        env=environ,
        check=False,
    )
    assert ran.stderr == b"", ran.stderr
    raw = ran.stdout.decode()
    screen = Screen(rows, columns)
    screen.feed(raw)
    return Shown(ran.returncode, raw, screen.text(), screen.cursor)


class Screen:
    """As much of a terminal as progress needs: lines that wrap and scroll, the cursor up, a line erased."""

    def __init__(self, rows: int, columns: int) -> None:
        """An empty one."""
        self.rows, self.columns = rows, columns
        self.lines = [""]
        self.row = self.column = 0
        self.cursor = True

    def feed(self, raw: str) -> None:
        for private, number, command, back, down, sign in TOKEN.findall(raw):
            if sign:
                self._write(sign)
            elif back:
                self.column = 0
            elif down:
                self._down()
            elif private and number == "25":
                self.cursor = command == "h"
            elif command == "A":
                top = max(0, len(self.lines) - self.rows)
                self.row = max(top, self.row - int(number or 1))
            elif command == "K":
                self.lines[self.row] = "" if number == "2" else self.lines[self.row][: self.column]

    def _down(self) -> None:
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")

    def _write(self, sign: str) -> None:
        if self.column == self.columns:
            self.column = 0
            self._down()
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[: self.column] + sign + line[self.column + 1 :]
        self.column += 1

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines).strip("\n") + "\n"
