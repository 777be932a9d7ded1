"""`kdoctor run` at a terminal: keys, sizes, signals and full-screen programs are as without it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.person import Person, person
from tests.processes import is_alive

TREE = Path(__file__).resolve().parents[2]
PYTHON = sys.executable
RUN = (PYTHON, "-m", "kdoctor", "run", "--")
ENVIRON = {
    "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONPATH": str(TREE), "LC_ALL": "C.UTF-8",
    "TERM": "xterm-256color", "PS1": "$ ", "RUN": " ".join(RUN),
}  # fmt: skip
MISMATCH = "Failed to initialize NVML: Driver/library version mismatch"
CURSES = """
import curses
def main(screen):
    screen.addstr(2, 3, "drawn %d x %d" % screen.getmaxyx()); screen.refresh()
    while (key := screen.getch()) != ord("q"):
        text = "resized" if key == curses.KEY_RESIZE else "key %d" % key
        screen.addstr(4, 3, "%s %d x %d  " % (text, *screen.getmaxyx())); screen.refresh()
curses.wrapper(main)
"""
SIZES = """
import os, signal, time
def tell(*_):
    size = os.get_terminal_size(2)
    os.write(2, f"{size}\\n".encode())
    if size.columns == 44:
        os._exit(0)
signal.signal(signal.SIGWINCH, tell)
os.write(2, b"ready\\n")
time.sleep(20)
"""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")


def at_terminal(*command: str) -> contextlib.AbstractContextManager[Person]:
    return person((*RUN, *command), ENVIRON)


@contextlib.contextmanager
def at_shell() -> Iterator[Person]:
    """A person with an interactive bash, which has jobs; the terminal's settings are the next that is read."""
    with person(("bash", "--norc", "--noprofile", "--noediting", "-i"), ENVIRON) as user:
        user.reads("$ ")
        user.types("stty -echo\n")
        user.reads("$ ")
        user.types("stty -g\n")
        yield user


def test_the_command_sees_terminals_of_the_same_size_and_settings() -> None:
    with person(("sh", "-c", "stty -a; stty rows 17 cols 61; stty intr ^X; $RUN stty -a; $RUN tty"), ENVIRON) as user:
        user.reads("intr = ^X")
    script = (
        "import os, sys; print(*(os.isatty(n) for n in (0, 1, 2)), os.get_terminal_size(2), os.path.exists('/dev/tty'))"
    )
    with at_terminal(PYTHON, "-c", script) as user:
        user.reads("True True True os.terminal_size(columns=80, lines=24) True")
        assert user.waits() == 0


def test_typed_lines_and_their_end_reach_the_command() -> None:
    with at_terminal("sh", "-c", 'read first; cat; echo "first $first"; exit 6') as user:
        user.types("one\ntwo\n")
        user.reads("two\r\ntwo\r\n")
        user.types("\x04")
        user.reads("first one\r\n")
        assert user.waits() == 6


def test_what_is_typed_is_echoed_once_and_a_password_is_not() -> None:
    with at_terminal(PYTHON, "-c", "import getpass; print(len(getpass.getpass('secret? ')))") as user:
        user.reads("secret? ")
        user.types("hunter2\n")
        assert "hunter2" not in user.reads("7\r\n")
        assert user.waits() == 0


@pytest.mark.parametrize("rest", ["", "| cat", "</dev/null"])
def test_a_change_of_size_reaches_the_command(rest: str, tmp_path: Path) -> None:
    """Whichever of its streams are the terminal."""
    script = tmp_path / "sizes.py"
    script.write_text(SIZES)
    with person(("sh", "-c", f"$RUN {PYTHON} {script} {rest}"), ENVIRON) as user:
        user.reads("ready")
        user.resizes(11, 44)
        user.reads("os.terminal_size(columns=44, lines=11)")
        assert user.waits() == 0


@pytest.mark.parametrize(("key", "code"), [("\x03", 130), ("\x1c", 131)])
def test_a_key_that_ends_the_command_ends_it_and_the_terminal_is_as_before(key: str, code: int) -> None:
    with at_shell() as user:
        before = user.reads("$ ").split()[0]
        user.types("$RUN sh -c 'echo on; exec sleep 60'\n")  # a shell that is about to fork misses keys
        user.reads("on\r\n")
        user.types(key)
        user.reads("$ ")
        user.types("echo code $?; stty -g\n")
        assert before in user.reads(f"code {code}") + user.reads("$ ")
        user.types("exit\n")


def test_a_command_that_handles_ctrl_c_goes_on() -> None:
    script = (
        "import time\ntry:\n    print('on', flush=True); time.sleep(60)\nexcept KeyboardInterrupt:\n    print('kept')"
    )
    with at_terminal(PYTHON, "-c", script) as user:
        user.reads("on")
        user.types("\x03")
        user.reads("kept")
        assert user.waits() == 0


def test_ctrl_z_stops_the_job_and_fg_goes_on_with_it() -> None:
    with at_shell() as user:
        before = user.reads("$ ").split()[0]
        user.types("$RUN sh -c 'echo on; read line; echo got $line'\n")
        user.reads("on\r\n")
        user.types("\x1a")
        user.reads("Stopped")
        user.types("stty -g; jobs\n")
        assert before in user.reads("Stopped")
        user.types("fg\n")
        time.sleep(0.5)
        user.types("hello\n")
        user.reads("got hello\r\n$ ")
        user.types("echo code $?; stty -g; exit\n")
        assert before in user.reads("code 0") + user.reads("exit")


def test_a_command_in_the_background_prints_and_leaves_the_terminal_alone() -> None:
    with at_shell() as user:
        before = user.reads("$ ").split()[0]
        user.types("$RUN sh -c 'sleep 0.5; echo printed' &\n")
        user.reads("printed")
        user.types("wait; stty -g; echo en''d\n")
        assert before in user.reads("end")
        user.types("exit\n")


@pytest.mark.parametrize("number", ["TERM", "HUP", "INT"])
def test_a_signal_from_elsewhere_ends_the_command_and_the_terminal_is_as_before(number: str) -> None:
    with at_shell() as user:
        before = user.reads("$ ").split()[0]
        user.types(
            f"$RUN sh -c 'echo on; exec sleep 60' & sleep 1; kill -{number} $!; wait $!; echo code $?; stty -g\n"
        )
        assert before in user.reads("code 1") + user.reads("$ ")
        user.types("exit\n")


def test_a_terminal_that_goes_away_ends_the_command() -> None:
    with at_terminal("sh", "-c", "echo $$; exec sleep 60") as user:
        command = int(user.reads("\r\n"))
    assert not is_alive(command)
    assert user.code == 129


def test_killing_kdoctor_leaves_no_command_behind() -> None:
    with at_terminal("sh", "-c", "echo $$; exec sleep 60") as user:
        command = int(user.reads("\r\n"))
        os.kill(user.pid, 9)
        assert not is_alive(command)


def test_all_of_a_long_output_comes_and_the_diagnosis_after_it() -> None:
    with at_terminal("sh", "-c", f"seq 60000; printf '{MISMATCH}' >&2; exit 9") as user:
        user.reads("\r\n60000\r\n")
        user.reads(f"{MISMATCH}\r\n")
        user.reads("kdoctor: exit code 9 from `sh -c ")
        user.reads("(primary cause)")
        assert user.waits() == 9


def test_an_output_to_a_pipe_and_one_to_the_terminal_are_each_what_they_were() -> None:
    script = (
        "import os; print(os.isatty(0), os.isatty(1), os.isatty(2));"
        " os.write(2, b'%d\\n' % os.get_terminal_size(2).columns)"
    )
    with person(("sh", "-c", f'$RUN {PYTHON} -c "{script}" | tr a-z A-Z'), ENVIRON) as user:
        assert user.waits() == 0
        assert sorted(user.seen.split()) == [b"80", b"FALSE", b"TRUE", b"TRUE"]
    with person(("sh", "-c", f'echo typed | $RUN {PYTHON} -c "{script}"'), ENVIRON) as user:
        user.reads("False True True")


def test_a_left_behind_process_does_not_hold_the_terminal() -> None:
    started = time.monotonic()
    with at_terminal("sh", "-c", "sleep 30 & echo begun; exit 3") as user:
        user.reads("begun")
        assert user.waits() == 3
    assert time.monotonic() - started < 20


def test_what_cannot_be_started_is_said_and_the_terminal_is_as_before() -> None:
    with at_shell() as user:
        before = user.reads("$ ").split()[0]
        user.types("$RUN nosuch; echo code $?; stty -g\n")
        assert before in user.reads("kdoctor: nosuch: command not found.\r\ncode 127") + user.reads("$ ")
        user.types("exit\n")


class Screen:
    """A tmux of its own, with a shell in it."""

    def __init__(self, folder: Path) -> None:
        """Columns: 70, rows: 20."""
        self.socket = str(folder / "tmux")
        self.tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", "70", "-y", "20", "env 'PS1=$ ' bash --norc --noprofile -i"
        )
        self.types("stty -g >before; clear", "Enter")

    def tmux(self, *words: str) -> str:
        ran = subprocess.run(
            ("tmux", "-S", self.socket, *words), capture_output=True, text=True, env=ENVIRON, check=True, timeout=20
        )
        return ran.stdout

    def types(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def shows(self, text: str) -> str:
        """The whole screen once this text is on it."""
        for _ in range(150):
            shown = self.tmux("capture-pane", "-p")
            if text in shown:
                return shown
            time.sleep(0.1)
        raise AssertionError(shown)


@pytest.fixture
def screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    if shutil.which("tmux") is None:
        pytest.skip("needs tmux")
    monkeypatch.chdir(tmp_path)
    made = Screen(tmp_path)
    yield made
    made.tmux("kill-server")


def as_before(screen: Screen) -> bool:
    """Whether the terminal's settings are as they were, and the shell reads lines."""
    screen.types("stty -g | cmp before - && echo sa''me", "Enter")
    return "differ" not in screen.shows("same")


@pytest.mark.slow
def test_an_editor_works_is_stopped_resized_and_leaves_the_screen_as_it_was(screen: Screen, tmp_path: Path) -> None:
    if shutil.which("vim") is None:
        pytest.skip("needs vim")
    screen.types("echo earlier; $RUN vim -u NONE file.txt", "Enter")
    screen.shows("[New")
    screen.types("ihello", "Escape")
    screen.shows("hello\n~")
    screen.tmux("resize-window", "-x", "50", "-y", "12")
    screen.types(":echo &columns . ' by ' . &lines", "Enter")
    screen.shows("50 by 12")
    screen.types("C-z")
    assert "earlier" in screen.shows("Stopped")
    screen.types("fg", "Enter")
    screen.shows("hello\n~")
    screen.tmux("resize-window", "-x", "70", "-y", "20")
    screen.types(":wq", "Enter")
    assert "hello" not in screen.shows("fg\n$RUN vim -u NONE file.txt\n$")
    assert (tmp_path / "file.txt").read_text() == "hello\n"
    assert as_before(screen)


@pytest.mark.slow
def test_a_curses_program_gets_keys_and_sizes(screen: Screen, tmp_path: Path) -> None:
    (tmp_path / "draw.py").write_text(CURSES)
    screen.types(f"$RUN {PYTHON} draw.py; echo code $?", "Enter")
    assert screen.shows("drawn").splitlines()[2] == "   drawn 20 x 70"
    screen.types("Up")
    screen.shows("key 259 20 x 70")
    screen.tmux("resize-window", "-x", "60", "-y", "15")
    screen.shows("resized 15 x 60")
    screen.types("q")
    screen.shows("code 0\n$")
    screen.tmux("resize-window", "-x", "70", "-y", "20")
    assert as_before(screen)


@pytest.mark.slow
def test_a_pager_reads_keys_while_its_input_is_a_pipe(screen: Screen) -> None:
    if shutil.which("less") is None:
        pytest.skip("needs less")
    screen.types("seq 500 | $RUN less; echo code $?", "Enter")
    screen.shows("\n19\n:")
    screen.types("G")
    screen.shows("\n500\n(END)")
    screen.types("q")
    screen.shows("code 0\n$")
    assert as_before(screen)
