"""`kdoctor run` where nothing is a terminal: the command must not notice that it is there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fakegpu.kit import compiler
from tests.processes import is_alive

TREE = Path(__file__).resolve().parents[2]
PYTHON = sys.executable
ENVIRON = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONPATH": str(TREE), "LC_ALL": "C.UTF-8"}
RUN = (PYTHON, "-m", "kdoctor", "run", "--")
MISMATCH = "Failed to initialize NVML: Driver/library version mismatch"
SKIPPED = (
    "Cannot dlopen some GPU libraries. Please make sure the missing libraries mentioned above are installed properly"
    " if you would like to use GPU. Skipping registering GPU devices..."
)
HARMLESS = "successful NUMA node read from SysFS had negative value (-1), but there must be at least one NUMA node"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")


def run(*command: str, given: bytes = b"", options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[bytes]:
    argv = (*RUN[:-1], *options, "--", *command)
    return subprocess.run(argv, input=given, capture_output=True, env=ENVIRON, timeout=60, check=False)


def shell(line: str, *, cwd: Path = TREE) -> subprocess.CompletedProcess[bytes]:
    """A line of bash in which $RUN stands for `kdoctor run --`."""
    environ = {**ENVIRON, "RUN": " ".join(RUN)}
    return subprocess.run(
        ("bash", "-c", line),
        capture_output=True,
        env=environ,
        timeout=60,
        check=False,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
    )


def python(script: str) -> tuple[str, ...]:
    return (PYTHON, "-c", script)


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -SEGV $$", 139), ("kill -TERM $$", 143)]
)
def test_the_exit_code_is_that_of_the_command(script: str, code: int) -> None:
    assert run("sh", "-c", script).returncode == code


@pytest.mark.parametrize(("command", "code"), [("nosuch-command", 127), ("./nosuch/command", 127), ("/", 126)])
def test_what_cannot_be_started_is_one_line_and_a_shells_code(command: str, code: int) -> None:
    ran = run(command)
    assert (ran.returncode, ran.stdout, ran.stderr.count(b"\n")) == (code, b"", 1)
    assert ran.stderr.startswith(f"kdoctor: {command}: ".encode())


def test_no_command_is_a_slip_of_the_users() -> None:
    ran = run()
    assert (ran.returncode, ran.stderr.count(b"\n")) == (2, 1)


def test_bytes_of_both_outputs_come_through_as_they_are() -> None:
    data = bytes(range(256)) * 16384
    script = (
        "import os, sys; d = bytes(range(256)) * 16384; sys.stdout.buffer.write(d); sys.stderr.buffer.write(d[::-1])"
    )
    ran = run(*python(script))
    assert (ran.returncode, ran.stdout == data, ran.stderr == data[::-1]) == (0, True, True)


def test_standard_input_is_the_commands_own(tmp_path: Path) -> None:
    data = os.urandom(3 << 20)
    assert run("cat", given=data).stdout == data
    (tmp_path / "lines").write_text("one\ntwo\nthree\n")
    ran = shell("{ $RUN sh -c 'read x; echo got $x'; cat; } <lines", cwd=tmp_path)
    assert ran.stdout == b"got one\ntwo\nthree\n"


def test_environment_directory_and_open_files_are_the_callers(tmp_path: Path) -> None:
    ran = shell('diff <(env -0 | tr "\\0" "\\n" | grep -v ^_= ) <($RUN env -0 | tr "\\0" "\\n" | grep -v ^_=)')
    assert (ran.returncode, ran.stdout) == (0, b"")
    ran = shell("$RUN sh -c 'pwd; cat <&7; cat \"$0\"' <(echo substituted) 7<<<inherited", cwd=tmp_path)
    assert ran.stdout == f"{tmp_path}\ninherited\nsubstituted\n".encode()


def test_signals_have_the_dispositions_that_the_caller_gave() -> None:
    script = (
        "import signal; print(*(int(signal.getsignal(n) or 0) for n in (1, 10, 15)), signal.pthread_sigmask(0, ()))"
    )
    told = "grep -E 'SigBlk|SigIgn' /proc/self/status"
    assert run(*python(script)).stdout == b"0 0 0 set()\n"
    for trap in ("", "trap '' HUP USR1 INT TERM; "):
        assert shell(f"{trap}$RUN {told}").stdout == shell(f"{trap}exec {told}").stdout


def test_a_reader_that_leaves_ends_the_command_as_without_kdoctor() -> None:
    started = time.monotonic()
    ran = shell("$RUN yes | head -1; echo ${PIPESTATUS[0]}")
    assert (ran.stdout, ran.stderr) == (b"y\n141\n", b"")
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_is_sent_on_and_the_command_says_what_becomes_of_it(number: signal.Signals) -> None:
    script = (
        "import os, signal, time\n"
        f"signal.signal({int(number)}, lambda n, f: (os.write(1, b'got %d\\n' % n), os._exit(5)))\n"
        "os.write(1, b'ready\\n'); time.sleep(30)"
    )
    with subprocess.Popen((*RUN, *python(script)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRON) as ran:
        assert ran.stdout is not None
        assert ran.stdout.readline() == b"ready\n"
        ran.send_signal(number)
        assert (ran.stdout.read(), ran.wait(20)) == (f"got {int(number)}\n".encode(), 5)


def test_a_signal_that_ends_the_command_is_128_and_its_number() -> None:
    with subprocess.Popen((*RUN, "sh", "-c", "echo $$; exec sleep 60"), stdout=subprocess.PIPE, env=ENVIRON) as ran:
        assert ran.stdout is not None
        child = int(ran.stdout.readline())
        ran.terminate()
        assert (ran.wait(20), is_alive(child)) == (143, False)


def test_a_process_left_behind_with_the_output_is_not_waited_for() -> None:
    started = time.monotonic()
    ran = run("sh", "-c", "(sleep 30; echo late) & seq 200000; exit 4")
    assert ran.returncode == 4
    assert ran.stdout.splitlines()[-1] == b"200000"
    assert time.monotonic() - started < 20


def test_a_process_left_behind_that_prints_without_end_is_left() -> None:
    ran = run("sh", "-c", "yes & echo begun; sleep 0.2; exit 4")
    assert ran.returncode == 4


def test_a_slow_reader_gets_all_of_it() -> None:
    ran = shell("$RUN seq 300000 | (sleep 1; md5sum); seq 300000 | md5sum")
    assert len(set(ran.stdout.splitlines())) == 1


def test_two_outputs_in_one_keep_their_order() -> None:
    ran = shell("$RUN sh -c 'for i in 1 2 3 4 5 6 7 8 9; do echo out$i; echo err$i >&2; done' 2>&1")
    assert ran.stdout.split() == [f"{name}{i}".encode() for i in range(1, 10) for name in ("out", "err")]


def test_an_output_that_is_lost_is_no_success() -> None:
    ran = shell("$RUN echo hello >/dev/full")
    assert (ran.returncode, ran.stderr) == (
        3,
        b"kdoctor: its output could not be passed on: stdout: No space left on device\n",
    )


@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_closed_for_the_command_too(streams: str) -> None:
    seen = "for n in 0 1 2; do [ -e /proc/self/fd/$n ] || exit 4; done"
    assert shell(f"$RUN sh -c '{seen}' {streams}").returncode == 4


def test_a_command_that_goes_well_is_followed_by_nothing() -> None:
    lines = f"Epoch 1/2\n{HARMLESS}\nusing device cpu, driver none\n"
    ran = run(*python(f"print({lines!r})"))
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_a_failure_is_followed_by_the_cause_that_its_output_names() -> None:
    ran = run("sh", "-c", f"echo begun; echo '{MISMATCH}' >&2; exit 9")
    said = ran.stderr.decode().splitlines()
    assert (ran.returncode, ran.stdout) == (9, b"begun\n")
    assert said[0] == MISMATCH
    assert said[1].startswith("kdoctor: exit code 9 from `sh -c 'echo begun; echo ")
    assert "driver-userland-kernel-mismatch  (primary cause)" in said[2]
    assert any(line.split() == ["stderr:1"] for line in said)


def test_a_failure_without_a_cause_says_that_the_machine_was_looked_at() -> None:
    ran = run("sh", "-c", "echo nothing known; exit 9")
    assert ran.stderr.decode() == (
        "kdoctor: exit code 9 from `sh -c 'echo nothing known; exit 9'`; its output names no cause that kdoctor knows,"
        " and on this machine kdoctor finds no error\n"
    )


def test_what_is_interrupted_by_its_user_has_not_failed() -> None:
    with subprocess.Popen((*RUN, "sh", "-c", "echo on; exec sleep 9"), stdout=-1, stderr=-1, env=ENVIRON) as ran:
        assert ran.stdout is not None
        assert ran.stderr is not None
        ran.stdout.readline()
        ran.send_signal(signal.SIGINT)
        assert (ran.wait(20), ran.stderr.read()) == (130, b"")


@pytest.mark.skipif(sys.platform != "linux" or compiler() is None, reason="needs Linux and a C compiler")
def test_a_command_that_found_no_gpu_is_spoken_of_where_there_is_one(tmp_path: Path) -> None:
    fake = (PYTHON, "-m", "kdoctor", "fake", "-q", "--gpus", "1", "--")
    environ = {**ENVIRON, "HOME": str(tmp_path)}
    command = (*RUN, "sh", "-c", f"echo '{SKIPPED}' >&2; exit 0")
    simulated, bare = (
        subprocess.run(argv, capture_output=True, text=True, env=environ, timeout=60, check=False)
        for argv in ((*fake, *command), command)
    )
    assert (bare.returncode, bare.stderr) == (0, f"{SKIPPED}\n")
    assert simulated.returncode == 0
    assert simulated.stderr.splitlines()[1].startswith("kdoctor: exit code 0 from `sh -c")
    assert "(primary cause)" in simulated.stderr


def test_the_report_is_written_whatever_the_end(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    name = "/home/somebodyelse/train.py"
    failed = run("sh", "-c", f"echo '{name}: {MISMATCH}'; exit 1", options=("--report", str(path)))
    first = json.loads(path.read_bytes())
    well = run("true", options=("--report", str(path)))
    second = json.loads(path.read_bytes())
    assert (failed.returncode, well.returncode, well.stderr) == (1, 0, b"")
    assert (first["primary"]["cause"], second["primary"]) == ("driver-userland-kernel-mismatch", None)
    assert "somebodyelse" not in json.dumps(first)


def test_a_report_that_cannot_be_written_stops_before_the_command(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("elsewhere")
    ran = run("echo", "started", options=("--report", str(tmp_path / "link")))
    assert (ran.returncode, ran.stdout, ran.stderr.count(b"\n")) == (3, b"", 1)


def test_the_python_that_is_run_is_the_one_examined(tmp_path: Path) -> None:
    subprocess.run((PYTHON, "-m", "venv", "--without-pip", str(tmp_path / "env")), check=True)
    script = tmp_path / "train"
    script.write_text(f"#!{tmp_path}/env/bin/python\nimport sys\nsys.exit(1)\n")
    script.chmod(0o755)
    for command in ((f"{tmp_path}/env/bin/python", "-c", "import sys; sys.exit(1)"), (str(script),)):
        path = tmp_path / "report.json"
        run(*command, options=("--report", str(path)))
        facts = json.loads(path.read_bytes())["facts"]["sections"]
        assert facts["examined"]["interpreter"] == f"{tmp_path}/env/bin/python"
