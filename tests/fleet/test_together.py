"""Workers as real children that say what a test wants: what becomes of those that die, hang, or talk nonsense."""

from __future__ import annotations

import _thread
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import kdoctor.host.together as module
from kdoctor.host.live import LiveHost
from kdoctor.host.together import all_here
from kdoctor.model.scaling import Asked, End, Event, Worked
from tests.fleet.planted import TREE
from tests.processes import is_alive

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
HEAD = """#!PYTHON -u
import json, os, sys, time
asked = json.load(sys.stdin)
rank = asked["rank"]
def say(event, **more):
    print(json.dumps(dict(more, event=event)), flush=True)
def wait(seconds=60):
    for _ in range(int(10 * seconds)):
        say("alive"); time.sleep(0.1)
say("phase", phase="importing")
"""
WELL = "say('ready', versions={}, device='cpu'); say('end')\n"


def asked(world: int, word: str = "word") -> list[Asked]:
    return [
        Asked(
            workload="lenet",
            backend="torch",
            device="cpu",
            rank=rank,
            world=world,
            address="127.0.0.1",
            port=1,
            word=word,
            threads=1,
            seconds=1.0,
        )
        for rank in range(world)
    ]


def ran(
    folder: Path, body: str, *, world: int = 2, limit_s: float = 30.0, heard: list[Event] | None = None
) -> list[Worked]:
    """What became of workers whose interpreter runs ``body`` whatever script it is given."""
    path = folder / "python"
    path.write_text(HEAD.replace("PYTHON", sys.executable) + body, encoding="utf-8")
    path.chmod(0o755)
    said = [] if heard is None else heard
    host = LiveHost(examined=str(path))
    return all_here(host, "here", asked(world), limit_s=limit_s, hear=lambda _, event: said.append(event))


def failures(found: list[Worked]) -> list[tuple[str, str]]:
    return [(one.failed.kind, one.failed.detail) if one.failed else ("", "") for one in found]


def test_workers_that_do_well_are_heard_while_they_work(tmp_path: Path) -> None:
    heard: list[Event] = []
    found = ran(tmp_path, WELL, world=3, heard=heard)
    assert failures(found) == [("", "")] * 3
    assert [one.rank for one in found] == [0, 1, 2]
    assert all(one.events[-1] == End() for one in found)
    assert len(heard) == 9


def test_what_is_no_event_is_passed_over(tmp_path: Path) -> None:
    noise = "print('not json'); print('{'); sys.stdout.flush(); os.write(1, b'\\xff\\n'); say('strange', more=1)\n"
    assert failures(ran(tmp_path, noise + WELL)) == [("", "")] * 2


def test_a_worker_that_crashes_is_named_and_the_others_are_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GRACE_S", 0.5)
    begun = time.monotonic()
    found = failures(ran(tmp_path, "os.kill(os.getpid(), 9) if rank == 1 else wait()\n"))
    assert found[1] == ("crashed", "SIGKILL")
    assert found[0][0] == "left"
    assert time.monotonic() - begun < 20


def test_what_a_worker_says_of_its_failure_is_kept(tmp_path: Path) -> None:
    body = "say('failed', kind=['left', 'error'][rank], detail=['1', 'ValueError: no'][rank]); say('end')\n"
    assert failures(ran(tmp_path, body)) == [("left", "1"), ("error", "ValueError: no")]


def test_a_worker_that_ends_without_a_word_has_failed(tmp_path: Path) -> None:
    kind, detail = failures(ran(tmp_path, "sys.exit('no such module')\n", world=1))[0]
    assert kind == "crashed"
    assert "no such module" in detail


def test_a_worker_that_is_too_slow_is_ended(tmp_path: Path) -> None:
    assert failures(ran(tmp_path, "wait()\n", limit_s=1.0)) == [("timeout", "it took too long")] * 2


def test_an_interpreter_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    host = LiveHost(examined=str(tmp_path / "missing"))
    found = all_here(host, "here", asked(1), limit_s=10.0, hear=lambda *_: None)
    assert "No such file" in failures(found)[0][1]


def test_ctrl_c_ends_all_workers(tmp_path: Path) -> None:
    body = f"open({str(tmp_path)!r} + '/pid%d' % rank, 'w').write(str(os.getpid())); wait()\n"

    def interrupt() -> None:
        deadline = time.monotonic() + 20
        while len(list(tmp_path.glob("pid?"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        _thread.interrupt_main()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        ran(tmp_path, body)
    thread.join()
    deadline = time.monotonic() + 10
    pids = [int(path.read_text(encoding="ascii")) for path in tmp_path.glob("pid?")]
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(pids) == 2
    assert not any(map(is_alive, pids))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--workers", "5000"), 2, "5000"),
        (("--workers", "2", "--backend", "theano"), 2, "--backend theano"),
        (("--workload", "lenet"), 2, "need --workers"),
        (("--address", "local"), 2, "there is `kdoctor bench`"),
        (("--workers", "2", "--address", "nowhere", "--backend", "torch"), 2, "expected auto, HOST:PORT"),
        (("--workers", "2", "--address", "local", "--python", "/nonexistent"), 2, "/nonexistent"),
        (("--workers", "2", "--address", "local", "--python", sys.executable), 3, "`kdoctor fix --pip`"),
        (("--workers", "2", "--address", "127.0.0.1:1", "--backend", "jax", "--workload", "x"), 2, "Known: "),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], code: int, words: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kdoctor", "fleet", "bench", *arguments]
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(TREE), "COLUMNS": "300"}
    found = subprocess.run(command, cwd=TREE, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert (found.returncode, found.stdout) == (code, "")
    assert words in found.stderr
    assert "Traceback" not in found.stderr


def test_a_worker_that_is_asked_nonsense_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kdoctor", "fleet", "worker", json.dumps({"rank": "first"})]
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(TREE)}
    found = subprocess.run(command, cwd=TREE, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert (found.returncode, found.stdout, found.stderr.count("\n")) == (2, "", 1)
