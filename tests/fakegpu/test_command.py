"""`kdoctor fake`: what a command meets, and what becomes of it."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from kdoctor.host import fake_driver
from tests.fakegpu.kit import compiler
from tests.fakegpu.test_fake_driver import ASK_CUDA, ASK_NVML

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the simulated driver is for Linux")
TREE = Path(__file__).resolve().parents[2]
PLAIN = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(TREE), "LC_ALL": "C"}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's cache, shared so that the libraries are compiled once."""
    compiler()
    return tmp_path_factory.mktemp("cache")


def fake(
    cache: Path, *words: str, environ: Mapping[str, str] | None = None, given: str = "", timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run `kdoctor fake` with these words."""
    return subprocess.run(
        (sys.executable, "-m", "kdoctor", "fake", *words),
        env={**PLAIN, "HOME": str(cache), "XDG_CACHE_HOME": str(cache), **(environ or {})},
        input=given,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def smi(cache: Path, options: Sequence[str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run nvidia-smi under it."""
    return fake(cache, "-q", *options, "--", "nvidia-smi", *words)


def test_the_real_nvidia_ml_py_and_plain_calls_into_libcuda_see_the_gpus(cache: Path) -> None:
    options = ("-q", "--gpus", "2", "--model", "h100", "--driver", "535.183.01", "--")
    nvml = json.loads(fake(cache, *options, sys.executable, "-c", ASK_NVML).stdout)
    cuda = json.loads(fake(cache, *options, sys.executable, "-c", ASK_CUDA).stdout)
    assert (nvml["driver"], nvml["cuda"]) == ("535.183.01", 12020)
    assert [(gpu["name"], gpu["compute_capability"]) for gpu in nvml["gpus"]] == [("NVIDIA H100 PCIe", [9, 0])] * 2
    assert cuda["devices"] == [["NVIDIA H100 PCIe", 80 << 30, 9, 0]] * 2


def test_kdoctor_check_sees_the_gpus(cache: Path) -> None:
    check = (sys.executable, "-m", "kdoctor", "check", "--python", sys.executable, "--format", "json", "--no-redact")
    ran = fake(cache, "-q", "--gpus", "2", "--model", "rtx-4090", "--", *check)
    report = json.loads(ran.stdout)
    gpus = report["facts"]["sections"]["gpus"]["items"]
    assert [gpu["name"] for gpu in gpus if gpu["vendor"] == "NVIDIA"] == ["NVIDIA GeForce RTX 4090"] * 2


def test_a_report_says_that_the_driver_is_simulated(cache: Path) -> None:
    """It may be pasted where nobody sees how it was made."""
    check = (sys.executable, "-m", "kdoctor", "check", "--python", sys.executable)
    assert "simulated: `kdoctor fake`" in fake(cache, "-q", "--", *check).stdout


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("driver-mismatch", "driver-userland-kernel-mismatch"),
        ("lost-gpu", "gpu-hardware-fault"),
        ("memory-taken", "gpu-memory-exhausted"),
    ],
)
def test_kdoctor_check_names_a_fault(cache: Path, fault: str, cause: str) -> None:
    check = (sys.executable, "-m", "kdoctor", "check", "--python", sys.executable, "--format", "json")
    report = json.loads(fake(cache, "-q", "--fault", fault, "--", *check).stdout)
    assert cause in [finding["cause"] for finding in report["findings"]]


def test_it_says_on_stderr_that_it_cannot_compute_unless_told_not_to(cache: Path) -> None:
    said = fake(cache, "--", "true")
    assert (said.stdout, said.stderr.count("\n")) == ("", 1)
    assert "cannot compute" in said.stderr
    assert fake(cache, "-q", "--", "true").stderr == ""


@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("kill -TERM $$", -signal.SIGTERM), ("exec cat", 0)])
def test_the_exit_status_is_the_commands_own(cache: Path, script: str, code: int) -> None:
    ran = fake(cache, "-q", "--", "sh", "-c", script, given="in and out")
    assert (ran.returncode, ran.stdout) == (code, "in and out" if script == "exec cat" else "")


def test_signals_that_python_ignores_are_not_ignored_by_the_command(cache: Path) -> None:
    mask = int(fake(cache, "-q", "--", "grep", "SigIgn", "/proc/self/status").stdout.split()[1], 16)
    assert mask & (1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1)) == 0


def test_the_terminal_is_the_commands_own(cache: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        ran = subprocess.run(
            (sys.executable, "-m", "kdoctor", "fake", "-q", "--", "sh", "-c", "test -t 0 && test -t 1 && tty"),
            env={**PLAIN, "HOME": str(cache), "XDG_CACHE_HOME": str(cache)},
            stdin=theirs,
            stdout=theirs,
            timeout=60,
            check=False,
        )
        assert (ran.returncode, os.read(ours, 100).decode().strip()) == (0, os.ttyname(theirs))
    finally:
        os.close(ours)
        os.close(theirs)


def test_what_follows_the_command_is_the_commands_own(cache: Path) -> None:
    assert fake(cache, "-q", "echo", "--gpus", "-q", "--").stdout == "--gpus -q --\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--", "no-such-command"), 127, "no-such-command: command not found"),
        (("--", "/etc/passwd"), 126, "/etc/passwd: Permission denied"),
        ((), 2, "there is no command to run"),
        (("--model", "voodoo2", "--", "true"), 2, "known are"),
        (("--state", "/nowhere", "--", "true"), 3, "/nowhere"),
    ],
)
def test_what_cannot_be_started_is_one_line_and_the_right_status(
    cache: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    ran = fake(cache, "-q", *words)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (code, "", 1)
    assert said in ran.stderr


def test_without_a_compiler_it_is_one_line_and_three(cache: Path, tmp_path: Path) -> None:
    ran = fake(cache, "--", "true", environ={"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)})
    assert (ran.returncode, ran.stderr.count("\n")) == (3, 1)
    assert "no C compiler" in ran.stderr
    assert "apt-get install gcc" in ran.stderr


def test_compiled_libraries_need_no_compiler(cache: Path, tmp_path: Path) -> None:
    fake(cache, "-q", "--", "true")
    assert fake(cache, "-q", "--", sys.executable, "-c", "", environ={"PATH": str(tmp_path)}).returncode == 0


def test_a_state_of_ones_own_wins(cache: Path) -> None:
    ran = fake(cache, "-q", "--gpus", "2", "--state", "-", "--", "nvidia-smi", "-L", given="gpu1.name=Mine\n")
    assert [line.partition(" (")[0] for line in ran.stdout.splitlines()] == [
        "GPU 0: NVIDIA A100-SXM4-40GB",
        "GPU 1: Mine",
    ]


def test_a_printed_state_can_be_given_back(cache: Path, tmp_path: Path) -> None:
    printed = fake(cache, "--model", "t4", "--print-state").stdout
    (tmp_path / "t4.state").write_text(printed)
    again = fake(cache, "--state", str(tmp_path / "t4.state"), "--print-state").stdout
    assert again.splitlines()[: printed.count("\n")] == printed.splitlines()


def test_variables_of_ones_own_come_after_the_simulated_driver(cache: Path) -> None:
    script = 'echo "$LD_LIBRARY_PATH"'
    ran = fake(cache, "-q", "--", "sh", "-c", script, environ={"LD_LIBRARY_PATH": "/mine"})
    folder, mine = ran.stdout.strip().split(":")
    assert (Path(folder).name, mine) == ("both", "/mine")
    assert fake(cache, "-q", "--", "sh", "-c", script).stdout.strip() == folder


def test_the_list_names_models_and_faults(cache: Path) -> None:
    listed = fake(cache, "--list").stdout
    assert [word for word in ("a100-sxm4-40", "NVIDIA GeForce RTX 5090", "driver-mismatch") if word not in listed] == []


def test_nvidia_smi_prints_the_usual_table(cache: Path) -> None:
    lines = smi(cache, ("--gpus", "2", "--model", "a100-sxm4-80", "--mig", "1:2x3g.40gb")).stdout.splitlines()
    assert {len(line) for line in lines[1:]} == {91}
    assert "Driver Version: 550.54.15" in lines[2]
    assert "CUDA Version: 12.4" in lines[2]
    text = "\n".join(lines)
    assert text.count("NVIDIA A100-SXM4-80GB") == 2
    assert text.count("0MiB / 40960MiB") == 2
    assert "No running processes found" in text


def test_nvidia_smi_lists_gpus_and_mig_instances(cache: Path) -> None:
    assert smi(cache, ("--mig", "2x3g.20gb"), "-L").stdout.splitlines() == [
        "GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-11111111-0000-4000-8000-000000000000)",
        "  MIG 3g.20gb     Device  0: (UUID: MIG-00000001-0000-5000-8000-000000000000)",
        "  MIG 3g.20gb     Device  1: (UUID: MIG-00000002-0000-5000-8000-000000000000)",
    ]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("csv", "index, name, memory.total [MiB], power.draw [W], serial\n1, Tesla T4, 16384 MiB, 60.00 W, [N/A]\n"),
        ("csv,noheader,nounits", "1, Tesla T4, 16384, 60.00, [N/A]\n"),
    ],
)
def test_nvidia_smi_answers_queries(cache: Path, form: str, expected: str) -> None:
    query = ("-i", "1", "--query-gpu=index,gpu_name,memory.total,power.draw,serial", f"--format={form}")
    assert smi(cache, ("--gpus", "2", "--model", "t4"), *query).stdout == expected


def test_nvidia_smi_says_who_holds_memory(cache: Path) -> None:
    query = ("--query-compute-apps=pid,process_name,used_memory", "--format=csv,noheader")
    assert smi(cache, ("--fault", "memory-taken"), *query).stdout == "4242, python train.py, 40760 MiB\n"


def test_nvidia_smi_answers_in_full(cache: Path) -> None:
    said = smi(cache, (), "-q").stdout
    assert "Attached GPUs                                     : 1\n" in said
    assert "    Product Name                                  : NVIDIA A100-SXM4-40GB\n" in said


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ("driver-mismatch", 18, "Failed to initialize NVML: Driver/library version mismatch"),
        ("not-loaded", 9, "couldn't communicate with the NVIDIA driver"),
        ("permission", 4, "Failed to initialize NVML: Insufficient Permissions"),
        ("blocked", 17, "GPU access blocked by the operating system"),
        ("no-device", 6, "No devices were found"),
        ("lost-gpu", 15, "GPU is lost"),
    ],
)
def test_nvidia_smi_fails_in_the_words_and_with_the_status_of_the_real_one(
    cache: Path, fault: str, code: int, said: str
) -> None:
    ran = smi(cache, ("--fault", fault))
    assert (ran.returncode, ran.stderr) == (code, "")
    assert said in ran.stdout


@pytest.mark.parametrize(
    ("words", "stream", "said"),
    [
        (("--query-gpu=color", "--format=csv"), "stdout", 'Field "color" is not a valid field'),
        (("--query-gpu=name",), "stderr", "needs --format=csv"),
        (("topo", "-m"), "stderr", "topo is not simulated"),
        (("-i", "7", "-L"), "stdout", "No devices were found"),
    ],
)
def test_nvidia_smi_refuses_what_it_does_not_have(cache: Path, words: tuple[str, ...], stream: str, said: str) -> None:
    ran = smi(cache, (), *words)
    assert ran.returncode in (2, 6)
    assert said in getattr(ran, stream)


def test_a_library_that_is_left_out_is_not_found(cache: Path) -> None:
    script = (
        "import ctypes, sys\nfor name in sys.argv[1:]:\n  try: ctypes.CDLL(name); print(name)\n  except OSError: pass"
    )
    names = (fake_driver.LIBCUDA, fake_driver.NVML)
    ran = fake(cache, "-q", "--fault", "no-nvml", "--", sys.executable, "-c", script, *names)
    expected = (3, "") if fake_driver.real_driver() else (0, f"{fake_driver.LIBCUDA}\n")
    assert (ran.returncode, ran.stdout) == expected
