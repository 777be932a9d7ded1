"""A child can crash, hang, flood or hide: the answer comes within the limit and nothing of it stays alive."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import msgspec
import pytest

from kdoctor.host import Answer, NotRun, Ran, Unanswered
from kdoctor.host.live import LiveHost, answer_of
from kdoctor.host.spawn import spawn
from tests.processes import is_alive

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sessions and signals are POSIX")
ENVIRON = {"PATH": "/usr/bin:/bin"}
LATE_S = 2.0


def run_python(text: str, *, timeout_s: float = 10.0, limit: int = 1 << 20) -> Ran | NotRun:
    """Run a script in a child, and fail where that takes more than the limit and two seconds."""
    started = time.monotonic()
    argv = (sys.executable, "-S", "-c", textwrap.dedent(text))
    ran = spawn(argv, timeout_s=timeout_s, environ=ENVIRON, limit=limit)
    assert time.monotonic() - started < timeout_s + LATE_S
    return ran


def zombies() -> list[int]:
    """Children of this process that have ended and were not waited for."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = entry.read_bytes().rpartition(b")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if int(parent) == os.getpid() and state == b"Z":
            found.append(int(entry.parent.name))
    return found


def test_a_child_that_ends_gives_its_code_and_both_texts() -> None:
    ran = run_python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert ran == Ran(code=3, out="out\n", err="err\n")
    assert zombies() == []


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGILL", "SIGABRT", "SIGTERM", "SIGKILL"])
def test_a_child_that_a_signal_ends_names_it_and_keeps_its_last_words(name: str) -> None:
    ran = run_python(f"import os, signal; print('words', flush=True); os.kill(os.getpid(), signal.{name})")
    assert ran == NotRun(why="crashed", detail=name, out="words\n")


HANGS = {
    "sleeps": "import time; time.sleep(60)",
    "ignores-sigterm": "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)",
    "closes-its-pipes": "import os, time; os.close(1); os.close(2); time.sleep(60)",
    "computes": "while True: pass",
    "prints-slowly": "import time\nwhile True: print('x', flush=True); time.sleep(0.01)",
    "stops-itself": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
}


@pytest.mark.parametrize("text", HANGS.values(), ids=HANGS)
def test_a_child_that_hangs_is_killed_at_the_limit(text: str) -> None:
    ran = run_python(text, timeout_s=0.5)
    assert isinstance(ran, NotRun)
    assert ran.why == "timed-out"
    assert "gave no result in 0.5 s" in ran.detail
    assert zombies() == []


def test_what_a_hanging_child_printed_is_kept() -> None:
    ran = run_python("import time; print('so far', flush=True); time.sleep(60)", timeout_s=0.5)
    assert isinstance(ran, NotRun)
    assert ran.out == "so far\n"


@pytest.mark.parametrize("stream", [1, 2])
def test_a_flood_is_read_to_its_end_and_kept_up_to_the_bound(stream: int) -> None:
    ran = run_python(f"import os\nfor _ in range(400): os.write({stream}, b'x' * 65536)", limit=100_000)
    assert isinstance(ran, Ran)
    assert (len(ran.out), len(ran.err)) == ((100_000, 0) if stream == 1 else (0, 100_000))
    assert ran.truncated


def test_a_flood_without_end_stops_at_the_limit() -> None:
    ran = run_python("import os\nwhile True: os.write(1, b'x' * 65536)", timeout_s=0.5, limit=1000)
    assert isinstance(ran, NotRun)
    assert (ran.why, len(ran.out)) == ("timed-out", 1000)


GRANDCHILDREN = {
    "holds-the-pipe": "time.sleep(60)",
    "floods-the-pipe": "\n    while True: os.write(1, b'x' * 65536)",
    "ignores-signals": "signal.signal(15, signal.SIG_IGN); signal.signal(1, signal.SIG_IGN); time.sleep(60)",
}


@pytest.mark.parametrize("does", GRANDCHILDREN.values(), ids=GRANDCHILDREN)
def test_a_grandchild_is_neither_waited_for_nor_left_alive(does: str) -> None:
    text = f"import os, sys, time, signal\npid = os.fork()\nif pid == 0: {does}\nos.write(2, str(pid).encode())"
    started = time.monotonic()
    ran = run_python(text, timeout_s=5.0, limit=1000)
    assert isinstance(ran, Ran)
    assert time.monotonic() - started < LATE_S
    assert not is_alive(int(ran.err))


def test_a_grandchild_in_a_process_group_of_its_own_dies_at_the_limit() -> None:
    text = """
        import os, time
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            time.sleep(60)
        print(pid, flush=True)
        time.sleep(60)
    """
    ran = run_python(text, timeout_s=1.0)
    assert isinstance(ran, NotRun)
    assert not is_alive(int(ran.out))


def test_a_child_stuck_behind_vfork_is_killed_and_its_state_told() -> None:
    if not hasattr(ctypes.CDLL(None), "vfork") or not Path("/proc/self/wchan").exists():
        pytest.skip("no vfork or no /proc")
    ran = run_python("import ctypes, time\nctypes.CDLL(None).vfork()\ntime.sleep(30)", timeout_s=1.0)
    assert isinstance(ran, NotRun)
    assert ran.why == "timed-out"
    assert "(state " in ran.detail
    assert zombies() == []


def test_what_cannot_be_started_says_why(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no program")
    text.chmod(0o755)
    lost = tmp_path / "lost"
    lost.write_text("#!/no/such/interpreter\n")
    lost.chmod(0o755)
    expected = {
        "/no/such/program": ("not-found", "/no/such/program"),
        str(lost): ("not-found", "#! interpreter"),
        f"{text}/x": ("not-found", "text/x"),
        str(tmp_path): ("denied", "Permission denied"),
        str(text): ("denied", "Exec format error"),
        "a\0b": ("denied", "null byte"),
    }
    for program, (why, word) in expected.items():
        ran = spawn((program,), timeout_s=5, environ=ENVIRON)
        assert isinstance(ran, NotRun), program
        assert (ran.why, word in ran.detail) == (why, True), ran


def test_children_that_nobody_waits_for_die_with_kdoctor(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    text = f"""
        import sys, threading, time
        from kdoctor.host.spawn import spawn
        child = "import os, time; open({str(noted)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
        start = lambda: spawn((sys.executable, "-S", "-c", child), timeout_s=60, environ={{}})
        threading.Thread(target=start, daemon=True).start()
        while not __import__("os").path.exists({str(noted)!r}) or not open({str(noted)!r}).read():
            time.sleep(0.02)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(text)], check=True, timeout=20)
    assert not is_alive(int(noted.read_text()))


ANSWER = '{"version": "3.11.7"}'
PRINTED = {
    "alone": (ANSWER, ""),
    "after-noise": (f"noise\n{{braces}}\n{ANSWER}", "noise\n{braces}"),
    "before-noise": (f"{ANSWER}\n{{'not': json}}\nbye", "{'not': json}\nbye"),
    "twice": (f'{{"old": 1}}\n{ANSWER}', '{"old": 1}'),
    "in-spaces": (f"  {ANSWER}  ", ""),
}


@pytest.mark.parametrize(("out", "noise"), PRINTED.values(), ids=PRINTED)
def test_the_last_object_is_the_answer_and_the_rest_is_noise(out: str, noise: str) -> None:
    assert answer_of(Ran(code=0, out=out), "python") == Answer(json=ANSWER.encode(), noise=noise)


def test_a_crash_after_the_answer_is_noise() -> None:
    crashed = NotRun(why="crashed", detail="SIGABRT", out=ANSWER + "\n")
    assert answer_of(crashed, "python") == Answer(json=ANSWER.encode(), noise="after its answer: crashed: SIGABRT")


def test_no_answer_says_what_happened_instead() -> None:
    expected = {
        Ran(code=1, out="", err="Traceback\nImportError: x"): "python: exit status 1: ImportError: x",
        Ran(code=0, out="[1]\n7\n"): "python: exit status 0: 7",
        Ran(code=0, out='{"cut": '): 'python: exit status 0: {"cut":',
        Ran(code=9, out=""): "python: exit status 9: it printed nothing",
        Ran(code=0, out="{" * 99_999 + "}" * 99_999): "python: exit status 0: " + "{" * 200,
    }
    assert {ran: answer_of(ran, "python") for ran in expected} == {
        ran: Unanswered(reason=reason) for ran, reason in expected.items()
    }
    crash = answer_of(NotRun(why="crashed", detail="SIGILL"), "python")
    assert crash == Unanswered(reason="python: crashed: SIGILL", crashed="SIGILL")


def test_a_question_reaches_the_interpreter_with_its_variables() -> None:
    host = LiveHost(examined=sys.executable, environ={"PATH": "/bin", "PYTHONPATH": "/one"})
    asked = host.ask("interpreter", runner="examined", timeout_s=10, environ={"PYTHONPATH": "/two"})
    assert isinstance(asked, Answer)
    assert b'"/two"' in asked.json
    assert b'"/one"' not in asked.json


def test_without_an_interpreter_nothing_is_asked() -> None:
    asked = LiveHost(examined="", environ={}).ask("interpreter", runner="examined", timeout_s=1)
    assert asked == Unanswered(reason="there is no interpreter to ask")


OLD = [Path.home() / ".pyenv/versions" / version / "bin/python" for version in ("3.6.15", "2.7.18")]


@pytest.mark.parametrize("python", OLD, ids=["3.6", "2.7"])
def test_an_old_interpreter_answers_in_a_directory_with_any_name(python: Path, tmp_path: Path) -> None:
    if not python.exists():
        pytest.skip(f"{python} is not here")
    odd = tmp_path / os.fsdecode(b"caf\xe9 \xc3\xa9")
    odd.mkdir()
    host = LiveHost(examined=str(python), environ={"PATH": "/bin", "PYTHONPATH": str(odd)})
    asked = host.ask("interpreter", runner="examined", timeout_s=10)
    assert isinstance(asked, Answer), asked
    (path,) = (path for path in msgspec.json.decode(asked.json)["sys_path"] if "caf" in path)
    assert path.endswith("/caf\ufffd \xe9")


@pytest.mark.parametrize("script", ["devices", "interpreter", "libcuda"])
def test_scripts_for_children_compile_under_the_oldest_interpreter(script: str) -> None:
    if not OLD[0].exists():
        pytest.skip(f"{OLD[0]} is not here")
    source = Path(__file__).parents[2] / f"kdoctor/inside/{script}.py"
    compiles = "import sys; compile(open(sys.argv[1], encoding='utf-8').read(), sys.argv[1], 'exec')"
    subprocess.run([str(OLD[0]), "-c", compiles, str(source)], check=True, timeout=20)


def test_signals_without_a_name_are_numbered() -> None:
    number = signal.SIGRTMIN + 5
    assert run_python(f"import os; os.kill(os.getpid(), {number})") == NotRun(why="crashed", detail=f"signal {number}")
