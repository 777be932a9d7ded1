"""A command as the job of a shell: its terminal, its signals, stopping and going on.

Signals for us are held back and taken one by one, so that it is known who sent them: what the terminal sends reaches
the command by itself where it shares our terminal, and everything else is sent on. A command with a terminal of its
own has a warden between: a process that leads the terminal's session, as only a command whose parent is in its own
session can be stopped by Ctrl-Z. The warden tells how the command ended and stays until all output has been read,
since a terminal whose leader has ended drops what is on its way.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import termios
import time
from typing import TYPE_CHECKING, NoReturn

from kdoctor.host import terminal
from kdoctor.host.attend import NAMES, Ended, ended
from kdoctor.host.relay import Relay

if TYPE_CHECKING:
    from collections.abc import Callable

_SENT_ON = ("HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "ALRM", "CONT", "TSTP", "WINCH")
_BY_KERNEL = 0x80  # SI_KERNEL of Linux: a key on the terminal, or its end
_STREAMS = (1, 2)
_LOOK_S, _QUIET_LOOKS, _MOST_LOOKS = 0.01, 3, 50
_FAILED, _ENDED = "failed", "ended"


class Signals:
    """Our signals, to be taken one by one; what is ignored stays so, for the command too."""

    def __init__(self) -> None:
        """Nothing is held back yet."""
        named = {getattr(signal, f"SIG{name}") for name in _SENT_ON}
        self.sent_on = {number for number in named if signal.getsignal(number) is not signal.SIG_IGN}
        self.before: set[signal.Signals | int] = set()

    def hold(self) -> None:
        """Hold them back from now on."""
        held = {*self.sent_on, signal.SIGCHLD, signal.SIGTTOU, signal.SIGTTIN}
        self.before = signal.pthread_sigmask(signal.SIG_BLOCK, held)

    def next(self) -> tuple[int, bool]:
        """The next one, and whether it comes from a terminal; waits for it."""
        wanted = {*self.sent_on, signal.SIGCHLD}
        if hasattr(signal, "sigwaitinfo"):
            found = signal.sigwaitinfo(wanted)
            return found.si_signo, found.si_code == _BY_KERNEL
        number = signal.sigwait(wanted)  # macOS does not say who sent it
        return number, number in {signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP} and terminal.is_ours(0)

    def let_through(self) -> None:
        """As they were before, for us or in a new process."""
        signal.pthread_sigmask(signal.SIG_SETMASK, self.before)


def stop(whom: int) -> None:
    """Stop ourselves (``whom``: our number, or 0 for all of our group), and come back when we are continued."""
    os.kill(whom, signal.SIGTSTP)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTSTP})
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTSTP})


def run_job(command: tuple[str, ...]) -> Ended:
    """Run it to its end. Raises OSError where it cannot be started."""
    with contextlib.ExitStack() as undo:
        signals = Signals()
        signals.hold()
        undo.callback(signals.let_through)
        keys = terminal.whole()
        if keys < 0:
            return _beside(command, signals, undo)
        undo.callback(os.close, keys)
        return _with_own_terminal(command, signals, keys, undo)


class Outputs:
    """The command's ends of its outputs, and what passes them on. Streams that are one and the same stay one."""

    def __init__(self, undo: contextlib.ExitStack, streams: tuple[int, ...]) -> None:
        """A terminal for each terminal, a pipe for everything else; a stream that is closed stays closed."""
        self.theirs: dict[int, int] = {}
        self.sizes: list[tuple[int, int]] = []
        self.relays: list[Relay] = []
        self.ended, self.end = os.pipe()
        undo.callback(os.close, self.ended)
        known: dict[tuple[int, int], int] = {}
        for number in streams:
            with contextlib.suppress(OSError):
                if not os.get_inheritable(number):  # it was closed, and we put something in its place
                    continue
                status = os.fstat(number)
                same = known.setdefault((status.st_dev, status.st_ino), number)
                self.theirs[number] = self.theirs[same] if same != number else self._made(number)

    def _made(self, number: int) -> int:
        if os.isatty(number):
            ours, theirs = terminal.make(number, whole=False)
            self.sizes.append((number, os.dup(ours)))
        else:
            ours, theirs = os.pipe()
            _widen(ours)
        self.add(number, ours)
        return theirs

    def add(self, number: int, ours: int) -> None:
        """Pass on what comes out of ``ours``."""
        self.relays.append(Relay(NAMES[number], ours, number, self.ended))

    def resize(self) -> None:
        """The real terminal has another size now."""
        for source, target in self.sizes:
            terminal.copy_size(source, target)

    def start(self) -> None:
        """The command has its ends: close ours of them, and begin."""
        for descriptor in set(self.theirs.values()):
            os.close(descriptor)
        for relay in self.relays:
            relay.start()

    def forget(self) -> None:
        """In another process: leave all that is ours to us, so that it goes when we do."""
        for descriptor in (self.end, *(relay.source for relay in self.relays), *(ours for _, ours in self.sizes)):
            os.close(descriptor)

    def settle(self) -> None:
        """The command has stopped: what it printed before shall be seen before others use the terminal."""
        sources = [relay.source for relay in self.relays if relay.is_alive()]
        quiet = 0
        for _ in range(_MOST_LOOKS):
            time.sleep(_LOOK_S)
            quiet = 0 if select.select(sources, (), (), 0)[0] else quiet + 1
            if quiet == _QUIET_LOOKS:
                return

    def finish(self) -> None:
        """The command has ended: pass on what is there."""
        os.close(self.end)
        for relay in self.relays:
            relay.join()


def _widen(pipe: int) -> None:
    """Let a pipe hold 1 MiB where the system allows it: fewer changes between the command and us."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)


def _beside(command: tuple[str, ...], signals: Signals, undo: contextlib.ExitStack) -> Ended:
    """In our own session: keys, and what the terminal sends, reach the command without us."""
    outputs = Outputs(undo, _STREAMS)
    process = _start(command, outputs.theirs, signals.let_through)
    outputs.start()
    while True:
        number, by_terminal = signals.next()
        if number == signal.SIGCHLD:
            pid, status = os.waitpid(process, os.WNOHANG)
            if pid:
                outputs.finish()
                return ended(status, outputs.relays)
            continue
        if number == signal.SIGWINCH:
            outputs.resize()
        if not by_terminal or number == signal.SIGWINCH:  # which it got too early to see the new size
            os.kill(process, number)
        if number == signal.SIGTSTP:
            stop(os.getpid())


def _start(
    command: tuple[str, ...], theirs: dict[int, int], prepare: Callable[[], None], stdin: int | None = None
) -> int:
    """Start it, and return its number; it is not reaped by anybody but us."""
    process = subprocess.Popen(
        command,
        stdin=stdin,
        stdout=theirs.get(1),
        stderr=theirs.get(2),
        close_fds=False,  # files that it was given by its user, such as those of `<(...)`
        preexec_fn=prepare,  # noqa: PLW1509  no thread runs yet
    )
    process.returncode = 0  # so that it is not waited for when the object goes
    return process.pid


def _with_own_terminal(command: tuple[str, ...], signals: Signals, keys: int, undo: contextlib.ExitStack) -> Ended:
    """In a session of its own, with a terminal that stands for ours; ``keys``: to read what is typed."""
    shares = os.isatty(2) and os.fstat(2).st_rdev == os.fstat(1).st_rdev
    outputs = Outputs(undo, () if shares else (2,))
    ours, theirs = terminal.make(1, whole=True)
    outputs.add(1, ours)
    outputs.theirs |= dict.fromkeys((1, 2) if shares else (1,), theirs)
    heard, tell = os.pipe()
    leaving, leave = os.pipe()
    pid = os.fork()
    if not pid:
        outputs.forget()
        for descriptor in (heard, leave):
            os.close(descriptor)
        _Warden(theirs, signals, tell, leaving).run(command, outputs.theirs)
    for descriptor in (tell, leaving):
        os.close(descriptor)
    undo.callback(os.close, heard)
    outputs.sizes.append((1, os.dup(ours)))
    keyboard = terminal.Keyboard(keys, os.dup(ours))
    keyboard.take()  # before anything is printed, as a terminal that is not raw would edit it once more
    try:
        keyboard.start()
        outputs.start()
        how, value = _before_warden(pid, heard, keyboard, outputs, signals)
        keyboard.let_go()
        outputs.finish()
    finally:
        keyboard.give_back()
        os.close(leave)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
    if how == _FAILED:
        raise OSError(value, os.strerror(value))
    return ended(value, outputs.relays)


def _before_warden(
    warden: int, heard: int, keyboard: terminal.Keyboard, outputs: Outputs, signals: Signals
) -> tuple[str, int]:
    """What the warden says in the end; until then send signals on to it, and stop where the command has stopped."""
    os.set_blocking(heard, False)
    while True:
        number, by_terminal = signals.next()
        if number == signal.SIGWINCH:
            outputs.resize()
        elif number != signal.SIGCHLD:
            if not (by_terminal and keyboard.press(number)):
                os.kill(warden, number)
        else:
            with contextlib.suppress(BlockingIOError):
                how, _, value = os.read(heard, 64).decode().partition(" ")
                if how:
                    return how, int(value)
            pid, status = os.waitpid(warden, os.WNOHANG | os.WUNTRACED)
            if pid and not os.WIFSTOPPED(status):
                return _ENDED, status
            if pid:
                outputs.settle()
                keyboard.give_back()
                stop(0)
                keyboard.go_on()
                outputs.resize()
                os.kill(warden, signal.SIGCONT)


class _Warden:
    """The process between: leads the session of the command's terminal, and is the command's parent."""

    def __init__(self, own: int, signals: Signals, tell: int, leaving: int) -> None:
        self.terminal, self.signals, self.tell, self.leaving = own, signals, tell, leaving

    def run(self, command: tuple[str, ...], theirs: dict[int, int]) -> NoReturn:
        """Start the command, tell how it ended, and leave when all has been read."""
        try:
            os.setsid()
            fcntl.ioctl(self.terminal, termios.TIOCSCTTY, 0)
            try:
                stdin = self.terminal if os.isatty(0) else None
                pid = _start(command, theirs, self._prepare, stdin)
            except OSError as error:
                self._say(_FAILED, error.errno or 0)
            else:
                for descriptor in {*theirs.values()} - {self.terminal}:
                    os.close(descriptor)
                self._say(_ENDED, self._until_end(pid))
            os.tcsetpgrp(self.terminal, os.getpgrp())  # what the command left behind shall not get our hang-up
            os.read(self.leaving, 1)
        finally:
            os._exit(0)

    def _prepare(self) -> None:
        """In the command's process: a process group of its own, in the foreground."""
        os.setpgid(0, 0)
        os.tcsetpgrp(self.terminal, os.getpid())
        self.signals.let_through()

    def _until_end(self, command: int) -> int:
        while True:
            number, _ = self.signals.next()
            if number != signal.SIGCHLD:
                os.kill(command, number)
                continue
            pid, status = os.waitpid(command, os.WNOHANG | os.WUNTRACED)
            if pid and not os.WIFSTOPPED(status):
                return status
            if pid:
                os.kill(os.getpid(), signal.SIGSTOP)
                os.killpg(command, signal.SIGCONT)

    def _say(self, how: str, value: int) -> None:
        os.write(self.tell, f"{how} {value}".encode())
        os.kill(os.getppid(), signal.SIGCHLD)
