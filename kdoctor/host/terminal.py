"""A terminal between a command and the real one: the command sees a terminal, and what it prints can be kept.

Where the command's standard output is the terminal it gets a whole one of its own: the real one is then set raw, and
what is typed goes on byte by byte, so that line editing, Ctrl-C, Ctrl-Z and full-screen programs are the new one's. In
a pipeline (standard input is something else) the real one still sends signals, as they are for the others in it too.
Where only standard error is a terminal it alone is replaced; keys and signals stay those of the real terminal.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import signal
import termios
import threading
import tty
from typing import Any, TypeAlias

from kdoctor.host.relay import write_all

_OUTPUT, _LOCAL, _CHARACTERS = 1, 3, 6  # in what tcgetattr gives
_KEYS_OF: dict[int, int] = {signal.SIGINT: termios.VINTR, signal.SIGQUIT: termios.VQUIT, signal.SIGTSTP: termios.VSUSP}
_Settings: TypeAlias = list[Any]  # as termios gives and takes it
_LOOK_S = 0.25
_KEYS = 4096


def whole() -> int:
    """Our terminal, to read keys from, where standard output is it and no input is another one; else -1."""
    if not os.isatty(1) or (os.isatty(0) and os.fstat(0).st_rdev != os.fstat(1).st_rdev):
        return -1
    if os.isatty(0):
        return os.dup(0)
    try:
        found = os.open(os.ctermid(), os.O_RDWR)
    except OSError:
        return -1
    if os.ttyname(found) in (os.ttyname(1), os.ctermid()):
        return found
    os.close(found)
    return -1


def is_ours(terminal: int) -> bool:
    """Whether we are in the foreground, and so may read the terminal and set it."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # not our controlling terminal: nobody is asked
        return True


def make(like: int, *, whole: bool) -> tuple[int, int]:
    """A new terminal with the settings and the size of ``like``: our end and the command's.

    Not ``whole``: for output alone, which the real terminal edits.
    """
    ours, theirs = os.openpty()
    settings = termios.tcgetattr(like)
    if not whole:
        settings[_OUTPUT] &= ~termios.OPOST
        settings[_LOCAL] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, settings)
    copy_size(like, ours)
    return ours, theirs


def copy_size(source: int, target: int) -> None:
    """Rows and columns; who is in front of the target is told where they changed."""
    with contextlib.suppress(OSError):
        fcntl.ioctl(target, termios.TIOCSWINSZ, fcntl.ioctl(source, termios.TIOCGWINSZ, bytes(8)))


class Keyboard(threading.Thread):
    """Passes on what is typed, while we are in the foreground; the real terminal is raw meanwhile."""

    def __init__(self, terminal: int, ours: int) -> None:
        """``ours``: our end of the command's terminal."""
        super().__init__(daemon=True)
        self.terminal, self.ours = terminal, ours
        self.signals = not os.isatty(0)
        self.saved: _Settings | None = None
        self.paused = False
        self.lock = threading.Lock()
        self.leaving, self.leave = os.pipe()

    def run(self) -> None:
        """Until the terminal is gone or we leave; in the background, look now and then whether that changed."""
        with selectors.DefaultSelector() as leaving, selectors.DefaultSelector() as either:
            leaving.register(self.leaving, selectors.EVENT_READ)
            either.register(self.leaving, selectors.EVENT_READ)
            either.register(self.terminal, selectors.EVENT_READ)
            while True:
                self.take()
                held = self.saved is not None
                ready = {key.fd for key, _ in (either if held else leaving).select(None if held else _LOOK_S)}
                if self.leaving in ready or (ready and not self._pass_on()):
                    return

    def _pass_on(self) -> bool:
        try:
            typed = os.read(self.terminal, _KEYS) if is_ours(self.terminal) else None
            if typed:
                write_all(self.ours, typed)
        except OSError:
            return False
        if typed is None:
            self.saved = None  # whoever is in the foreground now has set it as they need it
        return typed != b""

    def press(self, number: int) -> bool:
        """Press the key of this signal at the command's terminal; whether there is one."""
        if number not in _KEYS_OF:
            return False
        with contextlib.suppress(OSError, termios.error):
            keys = termios.tcgetattr(self.ours)[_CHARACTERS]
            write_all(self.ours, keys[_KEYS_OF[number]])
        return True

    def take(self) -> None:
        """Set the terminal raw, where it is ours."""
        with self.lock, contextlib.suppress(termios.error):
            if self.saved is None and not self.paused and is_ours(self.terminal):
                saved = termios.tcgetattr(self.terminal)
                tty.setraw(self.terminal, termios.TCSADRAIN)
                if self.signals:
                    raw = termios.tcgetattr(self.terminal)
                    raw[_LOCAL] |= termios.ISIG
                    termios.tcsetattr(self.terminal, termios.TCSADRAIN, raw)
                self.saved = saved

    def give_back(self) -> None:
        """Set the terminal as it was, and leave it so until ``go_on``."""
        with self.lock, contextlib.suppress(termios.error):
            self.paused = True
            if self.saved is not None:
                termios.tcsetattr(self.terminal, termios.TCSADRAIN, self.saved)
            self.saved = None

    def go_on(self) -> None:
        """After ``give_back``: take the terminal again, now or when we are in the foreground."""
        self.paused = False
        self.take()

    def let_go(self) -> None:
        """Leave what is typed from now on to others; the terminal is still to be given back."""
        os.close(self.leave)
        self.join(_LOOK_S)  # longer only where it waits for room that nobody will make
