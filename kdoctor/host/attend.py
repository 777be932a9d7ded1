"""Run a command in the foreground as if nobody were between it and its user, and keep what it printed.

The command has our standard input, environment, directory, open files and signals; each of its outputs is a terminal
where ours is one, and a pipe where ours is something else. On Windows it has our console itself where there is one, and
only what goes to a pipe or a file is kept.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec

from kdoctor.host.relay import Relay
from kdoctor.model.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = {1: "stdout", 2: "stderr"}
NOT_EXECUTABLE, NOT_FOUND = 126, 127
_BY_SIGNAL = 128
_BY_USER = ("SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE")


class Printed(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of an output: all of it as one part, or its beginning and its end."""

    name: str
    parts: tuple[bytes, ...]


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a command ended: its exit status, or the signal that ended it.

    ``in_line``: the terminal's last line has no end yet; ``failed``: outputs that could not be passed on, and why.
    """

    status: int = 0
    signal: int = 0
    printed: tuple[Printed, ...] = ()
    in_line: bool = False
    failed: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        """The exit status as a shell tells it; 3 where the command ended well and its output is lost."""
        if self.signal:
            return _BY_SIGNAL + self.signal
        return self.status or (3 if self.failed else 0)

    @property
    def has_failed(self) -> bool:
        """Whether it failed by itself: being ended by its user, or by a reader that left, is no failure."""
        numbers = {number for name in _BY_USER if (number := getattr(signal, name, None))}
        return bool(self.status or self.signal) and not numbers & {self.signal, self.status - _BY_SIGNAL}


def attend(command: tuple[str, ...]) -> Ended:
    """Run it to its end. Raises Trouble, with a shell's exit status, where it cannot be started."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        if sys.platform == "win32":
            return _attend_windows(command)
        from kdoctor.host.job import run_job  # noqa: PLC0415  not on Windows

        return run_job(command)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Trouble("command-not-found", f"{command[0]}: command not found", code=NOT_FOUND) from error
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise Trouble("command-not-started", f"{command[0]}: {said}", code=NOT_EXECUTABLE) from error


def ended(waited: int, relays: Iterable[Relay]) -> Ended:
    """The result of a wait status and of the relays, which have ended."""
    some = tuple(relays)
    code = os.waitstatus_to_exitcode(waited)
    return Ended(
        status=max(code, 0),
        signal=max(-code, 0),
        printed=tuple(Printed(name=relay.stream, parts=relay.kept.parts()) for relay in some),
        in_line=any(relay.kept.in_line() and os.isatty(relay.target) for relay in some),
        failed=tuple(f"{relay.stream}: {relay.failed.strerror}" for relay in some if relay.failed is not None),
    )


def _attend_windows(command: tuple[str, ...]) -> Ended:
    """Pipes for what is no console; Ctrl-C reaches the command by itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    kept = [number for number in NAMES if not os.isatty(number)]
    with contextlib.ExitStack() as pipes:
        process = pipes.enter_context(
            subprocess.Popen(
                command,
                stdout=subprocess.PIPE if 1 in kept else None,
                stderr=subprocess.PIPE if 2 in kept else None,  # noqa: PLR2004  the stream's number
                close_fds=False,
            )
        )
        sources = {1: process.stdout, 2: process.stderr}
        relays = [Relay(NAMES[number], os.dup(pipe.fileno()), number, -1) for number, pipe in sources.items() if pipe]
        for relay in relays:
            relay.start()
        code = process.wait()
        for relay in relays:
            relay.join(1.0)  # a process that it left behind may hold the other end for ever
    printed = tuple(Printed(name=relay.stream, parts=relay.kept.parts()) for relay in relays)
    return Ended(status=code, printed=printed)
