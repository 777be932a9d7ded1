"""The marker `gpu`, in pytest runs of their own on simulated drivers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.fakegpu import Kit

pytest_plugins = ["pytester"]
TREE = Path(__file__).resolve().parents[2]
TESTS = """
import pytest

@pytest.mark.gpu
def test_one(): ...

@pytest.mark.gpu(count=2)
def test_two(): ...

@pytest.mark.gpu(memory="40GiB")
def test_large(): ...

@pytest.mark.gpu(backend="jax")
def test_jax(): ...

def test_plain(): ...
"""
A100: dict[str, str | int] = {
    "device_count": 1,
    "cuda_device_count": 1,
    "gpu.name": "NVIDIA A100",
    "gpu.mem_total": 39 << 30,
}


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plug-in as a project would have it installed, and no other; nothing of this machine's settings."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(TREE))
    for name in ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "KDOCTOR_FAKE_GPU", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run pytest with the plug-in."""
    return pytester.runpytest_inprocess("-p", "kdoctor.pytest_plugin", "-p", "no:cacheprovider", "-rs", *options)


def offer(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> None:
    """Put the simulated driver before the children."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)


def test_without_a_driver_tests_are_skipped_with_the_primary_cause(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, kit: Kit
) -> None:
    offer(monkeypatch, kit.state(cuInit=803))
    pytester.makepyfile(TESTS)
    ran = run(pytester)
    ran.assert_outcomes(passed=1, skipped=4)
    ran.stdout.fnmatch_lines(["kdoctor: 4 tests marked gpu; KD1*", "SKIPPED * kdoctor: KD1??*: *"])
    ran.stdout.fnmatch_lines(["SKIPPED * kdoctor: jax is not installed in the examined environment"])


def test_what_is_there_runs_and_what_is_wanted_more_is_skipped(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, kit: Kit
) -> None:
    offer(monkeypatch, kit.state(A100))
    pytester.makepyfile(TESTS)
    ran = run(pytester)
    ran.stdout.fnmatch_lines(["kdoctor: 4 tests marked gpu; a GPU can be used"])
    ran.stdout.fnmatch_lines(["SKIPPED * kdoctor: 2 GPUs are wanted, 1 can be used here"])
    ran.assert_outcomes(passed=3, skipped=2)


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ("memory='41GiB'", "*1 GPU with 41GiB wanted, 0 here; the largest has 36.0 GiB*"),
        ("memory='much'", "*@pytest.mark.gpu: memory='much': expected an amount such as '16GiB'*"),
        ("cout=2", "*@pytest.mark.gpu: *unexpected keyword argument 'cout'*"),
        ("count=0", "*@pytest.mark.gpu: count=0: expected a whole number from 1 on*"),
        ("backend='theano'", "*@pytest.mark.gpu: backend='theano': expected one of tensorflow, jax, torch*"),
    ],
)
def test_what_a_mark_says_is_judged(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, kit: Kit, mark: str, words: str
) -> None:
    offer(monkeypatch, kit.state({**A100, "gpu.mem_total": 36 << 30}))
    pytester.makepyfile(f"import pytest\n@pytest.mark.gpu({mark})\ndef test_one(): ...\n")
    run(pytester).stdout.fnmatch_lines([words])


def test_a_machine_that_has_to_have_a_gpu_fails(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, kit: Kit
) -> None:
    offer(monkeypatch, kit.state(cuInit=803))
    pytester.makepyfile(TESTS)
    ran = run(pytester, "--kdoctor-require-gpu")
    ran.assert_outcomes(passed=1, errors=4)
    ran.stdout.fnmatch_lines(["kdoctor: tests marked gpu fail without a GPU (--kdoctor-require-gpu)"])
    ran.stdout.fnmatch_lines(["*ERROR at setup of test_one*", "kdoctor: KD1*"])


def test_a_marker_of_the_project_s_own_is_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nmarkers =\n    gpu: needs our cluster")
    pytester.makepyfile(TESTS)
    ran = run(pytester)
    ran.assert_outcomes(passed=5)
    ran.stdout.no_fnmatch_line("kdoctor:*")


def test_a_run_without_marked_tests_imports_nothing_of_kdoctor_and_says_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_plain():
            found = [name for name in sys.modules if name.startswith(("kdoctor.", "msgspec", "typer"))]
            assert found == ["kdoctor.pytest_plugin"]
        """
    )
    ran = pytester.runpytest_subprocess("-p", "kdoctor.pytest_plugin")
    ran.assert_outcomes(passed=1)
    ran.stdout.no_fnmatch_line("kdoctor:*")


def test_a_test_that_is_only_collected_or_deselected_needs_no_check(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, kit: Kit
) -> None:
    offer(monkeypatch, kit.state(cuInit="hang:30"))
    pytester.makepyfile(TESTS)
    started = time.monotonic()
    codes = [run(pytester, *options).ret for options in (("--collect-only",), ("-k", "plain"), ("-m", "not gpu"))]
    assert (codes, time.monotonic() - started < 10) == ([0, 0, 0], True)


def test_workers_of_xdist_agree(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, kit: Kit) -> None:
    pytest.importorskip("xdist")
    offer(monkeypatch, kit.state(A100))
    pytester.makepyfile(TESTS)
    run(pytester, "-p", "xdist", "-n", "2").assert_outcomes(passed=3, skipped=2)
