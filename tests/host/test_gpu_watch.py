"""The child that samples GPUs: the genuine script and bindings on a fake library of NVML."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

from kdoctor.host.gpu_watch import GpuSample, GpuState, GpuWatch
from tests.fakegpu import Kit
from tests.processes import is_alive

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the fake driver is an ELF library")
TREE = Path(__file__).resolve().parents[2]
FIRST, SECOND = "GPU-11111111-0000-4000-8000-000000000000", "GPU-22222222-0000-4000-8000-000000000001"
INSTANCE = "MIG-00000002-0000-5000-8000-000000000000"
State: TypeAlias = Mapping[str, str | int]
NOBODY = 99_999_999  # above any number that Linux gives


@contextlib.contextmanager
def watching(kit: Kit, state: State, *uuids: str) -> Iterator[GpuWatch]:
    with contextlib.closing(GpuWatch(uuids or (FIRST,), {**os.environ, **kit.state(state)})) as watch:
        yield watch


def heard(watch: GpuWatch, count: int = 1, within_s: float = 20.0) -> list[GpuSample]:
    """That many samples, or as many as there are in that time."""
    until = time.monotonic() + within_s
    while len(watch.samples) < count and time.monotonic() < until:
        watch.read()
        time.sleep(0.02)
    return list(watch.samples)


def state_of(kit: Kit, state: State, uuid: str = FIRST) -> GpuState:
    """The first sample of one GPU."""
    with watching(kit, state, uuid) as watch:
        ((gpu,),) = [sample.gpus for sample in heard(watch)[:1]]
    return gpu


def test_a_sample_tells_clock_throttling_and_processes(kit: Kit) -> None:
    found = state_of(kit, {"gpu.clock_sm": 600, "gpu.throttle": "0x24", "gpu.procs": f"{NOBODY}:1"})
    assert found == GpuState(
        uuid=FIRST,
        clock_mhz=600,
        clock_max_mhz=1410,
        throttling=("sw_power_cap", "sw_thermal_slowdown"),
        pids=(NOBODY,),
    )


@pytest.mark.parametrize(
    ("mask", "names"),
    [
        (0x08, ("hw_slowdown",)),
        (0x40, ("hw_thermal_slowdown",)),
        (0x80, ("hw_power_brake_slowdown",)),
        (0x03, ()),
    ],
)
def test_reasons_have_the_names_that_verdicts_know_and_idling_is_none(
    kit: Kit, mask: int, names: tuple[str, ...]
) -> None:
    assert state_of(kit, {"gpu.throttle": mask}).throttling == names


def test_what_nvml_does_not_tell_is_not_known(kit: Kit) -> None:
    faults = ("ClockInfo", "MaxClockInfo", "CurrentClocksThrottleReasons", "ComputeRunningProcesses")
    found = state_of(kit, {f"nvmlDeviceGet{name}": 3 for name in faults})
    assert found == GpuState(uuid=FIRST)


def test_a_desktop_does_not_compute(kit: Kit) -> None:
    found = state_of(kit, {"gpu.procs": f"{NOBODY}:1,{NOBODY + 1}:1", "gpu.graphics_procs": f"7:8,{NOBODY + 1}:1"})
    assert found.pids == (NOBODY,)


def test_only_the_gpus_that_are_measured_are_kept(kit: Kit) -> None:
    assert state_of(kit, {"device_count": 2, "gpu1.clock_sm": 300}, SECOND).clock_mhz == 300


def test_a_gpu_that_is_lost_leaves_the_others(kit: Kit) -> None:
    found = state_of(kit, {"device_count": 2, "gpu0.nvmlDeviceGetHandleByIndex": 15}, SECOND)
    assert found.uuid == SECOND


def test_a_mig_instance_has_processes_of_its_own_and_the_clock_of_its_gpu(kit: Kit) -> None:
    state: State = {
        "gpu.mig": 1,
        "gpu.mig_count": 2,
        "gpu.clock_sm": 900,
        "gpu.procs": "1:1",
        "gpu.mig2_procs": f"{NOBODY}:1",
    }
    found = state_of(kit, state, INSTANCE)
    assert (found.clock_mhz, found.pids) == (900, (NOBODY,))


def test_kdoctor_and_what_it_started_are_no_others(kit: Kit) -> None:
    """Process 1 started this one."""
    script = "import subprocess, sys; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); p.wait()"
    with subprocess.Popen((sys.executable, "-c", script), stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        grandchild = int(child.stdout.readline())
        pids = (1, os.getpid(), child.pid, grandchild, NOBODY)
        try:
            with watching(kit, {"gpu.procs": ",".join(f"{pid}:1" for pid in pids)}) as watch:
                heard(watch)
                assert watch.own == {os.getpid(), child.pid, grandchild}
        finally:
            os.kill(grandchild, signal.SIGKILL)


def test_samples_are_of_the_time_that_is_asked_for(kit: Kit) -> None:
    with watching(kit, {}) as watch:
        first, second, third = heard(watch, 3)[:3]
        assert watch.between(first.at, second.at) == (first, second)
        assert watch.between(0, first.at - 1) == ()
        assert 0.4 < third.at - second.at < 5
        assert abs(time.monotonic() - third.at) < 5


@pytest.mark.parametrize(
    "fault",
    [
        {"nvmlInit": 9},
        {"nvmlInit": "crash"},
        {"libnvidia-ml.dlopen": "abort"},
        {"nvmlDeviceGetClockInfo": "crash"},
    ],
)
def test_a_library_that_refuses_or_dies_gives_no_samples_and_no_error(kit: Kit, fault: dict[str, str | int]) -> None:
    with watching(kit, fault) as watch:
        assert not is_alive(pid_of(watch))
        watch.read()
        assert list(watch.samples) == []


def test_without_a_gpu_or_without_a_library_no_gpu_is_sampled(kit: Kit) -> None:
    with watching(kit, {"device_count": 0}) as watch:
        assert [sample.gpus for sample in heard(watch)] == [()]
    with contextlib.closing(GpuWatch((FIRST,), {**os.environ, **kit.state(driver="none")})) as watch:
        assert [sample for sample in heard(watch, within_s=1.0) if sample.gpus] == []


def test_a_library_that_hangs_holds_nothing_up(kit: Kit) -> None:
    with watching(kit, {"nvmlDeviceGetClockInfo": "hang:60"}) as watch:
        assert heard(watch, within_s=1.0) == []
        started = time.monotonic()
        watch.read()
    assert time.monotonic() - started < 1.0


def test_what_the_library_prints_is_no_sample(kit: Kit) -> None:
    with watching(kit, {"nvmlDeviceGetClockInfo": 'spew:{"at": "noon"}'}) as watch:
        assert len(heard(watch)) == 1


def test_a_child_that_was_killed_leaves_its_samples(kit: Kit) -> None:
    with watching(kit, {}) as watch:
        heard(watch)
        os.kill(pid_of(watch), signal.SIGKILL)
        time.sleep(0.6)
        watch.read()
        watch.read()
        assert len(watch.samples) >= 1


def test_nothing_is_started_where_no_gpu_is_measured_and_nothing_is_left(kit: Kit) -> None:
    with contextlib.closing(GpuWatch((), os.environ)) as watch:
        assert pid_of(watch) == 0
        watch.read()
        assert watch.between(0, time.monotonic()) == ()
    with watching(kit, {}) as watch:
        pid = pid_of(watch)
        heard(watch)
    watch.close()
    assert not is_alive(pid)


def test_a_child_that_cannot_be_started_is_done_without() -> None:
    """The system refuses a variable of this length."""
    with contextlib.closing(GpuWatch((FIRST,), {"LONG": "x" * (1 << 20)})) as watch:
        watch.read()
        assert (pid_of(watch), list(watch.samples)) == (0, [])


def test_it_ends_with_kdoctor_even_if_that_is_killed(kit: Kit) -> None:
    script = f"""
import os, sys, time
from kdoctor.host.gpu_watch import GpuWatch
watch = GpuWatch(({FIRST!r},), os.environ)
while not watch.samples:
    watch.read()
print(watch._child.process.pid, flush=True)
time.sleep(60)
"""
    environ = {**os.environ, **kit.state(), "PYTHONPATH": str(TREE)}
    with subprocess.Popen((sys.executable, "-c", script), stdout=subprocess.PIPE, text=True, env=environ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        parent.kill()
    assert not is_alive(pid)


def pid_of(watch: GpuWatch) -> int:
    """The child's number, 0 without a child."""
    return 0 if watch._child is None else watch._child.process.pid  # noqa: SLF001  nothing else needs to know
