"""What samples of GPUs do to a cell: summed up, and from a library of NVML to a status and a verdict."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from kdoctor.bench.disturbance import Disturbance
from kdoctor.bench.gpus import joined, others
from kdoctor.bench.measure import measure
from kdoctor.bench.results import runs_of
from kdoctor.bench.runs import Measured, Run
from kdoctor.bench.verdicts import verdicts
from kdoctor.host.gpu_watch import GpuSample, GpuState
from kdoctor.host.live import LiveHost
from kdoctor.model.bench import Cell, Request
from tests.bench.stand_in import host
from tests.fakegpu import Kit

LOAD = Disturbance(load_per_core=0.1, steal=0.02)
FIRST, SECOND = "GPU-11111111-0000-4000-8000-000000000000", "GPU-22222222-0000-4000-8000-000000000001"
NOBODY = 99_999_999  # above any number that Linux gives
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the fake driver is an ELF library")


def gpu(**changes: Any) -> GpuState:  # noqa: ANN401  any field
    """A GPU at its highest clock on which only process 7 computes."""
    return replace(GpuState(uuid=FIRST, clock_mhz=1400, clock_max_mhz=1400, pids=(7,)), **changes)


def seen(*samples: tuple[GpuState, ...]) -> Disturbance:
    """Of a child that is process 7."""
    return joined(LOAD, [GpuSample(at=float(at), gpus=gpus) for at, gpus in enumerate(samples)], {7})


def test_load_and_gpu_are_joined() -> None:
    capped = gpu(clock_mhz=1000, throttling=("sw_power_cap",))
    assert seen((capped,), (gpu(clock_mhz=1200, throttling=("sw_power_cap",)),), (gpu(),)) == Disturbance(
        load_per_core=0.1,
        steal=0.02,
        gpu_processes=0,
        throttling=("sw_power_cap",),
        clock_mhz=1200,
        clock_max_mhz=1400,
    )


@pytest.mark.parametrize("samples", [(), ((),)])
def test_without_samples_nothing_is_known_of_the_gpu(samples: tuple[tuple[GpuState, ...], ...]) -> None:
    assert seen(*samples) == LOAD


@pytest.mark.parametrize(
    ("pids", "count"),
    [
        ((7,), 0),
        ((7, 4242), 1),
        ((4242,), 0),
        ((4242, 4243), 1),
        ((), None),
        (None, None),
    ],
)
def test_others_are_those_that_are_not_ours(pids: tuple[int, ...] | None, count: int | None) -> None:
    """Of numbers in another namespace one is the child's; a list that lacks it altogether is not one."""
    assert others(pids, {7}) == count
    assert seen((gpu(pids=pids),)).gpu_processes == count


def test_whoever_computed_there_for_a_moment_counts() -> None:
    assert seen((gpu(),), (gpu(pids=(7, 4242)),), (gpu(),), (gpu(pids=None),)).gpu_processes == 1


def test_of_gpus_that_train_together_the_slowest_counts() -> None:
    slow = gpu(uuid=SECOND, clock_mhz=700, throttling=("sw_thermal_slowdown",), pids=(7, 4242))
    found = seen((gpu(throttling=("sw_power_cap",)), slow), (gpu(), slow))
    assert (found.clock_mhz, found.throttling, found.gpu_processes) == (
        700,
        ("sw_power_cap", "sw_thermal_slowdown"),
        1,
    )


def trained(folder: Path, kit: Kit, state: Mapping[str, str | int], *gpus: str) -> Run:
    """A cell on the first GPU of a fake driver, trained for a second while these GPUs are watched."""
    body = "ready('GPU:0')\ntime.sleep(0.8)\nsay('phase', cell=0, phase='measuring')\nfor index in range(25):\n"
    body += "    time.sleep(0.04)\n    say('chunk', cell=0, steps=10, seconds=0.04, cpu_s=0.01, loss=1 / (index + 1))\n"
    body += "done(0, accuracy=None)\nsay('end')\n"
    machine = host(folder, body)
    machine = LiveHost(examined=machine.examined, environ={**machine.environ, **kit.state(state)})
    cell = Cell(workload="mine", backend="jax", device="gpu:0", batch_size=64)
    request = Request(backend="jax", device="gpu:0", cells=(cell,))
    (talk,) = measure(machine, request, lambda *_: None, timeout_s=20, gpus=gpus)
    beside = {index: replace(one, load_per_core=None, steal=None) for index, one in talk.heard.beside.items()}
    (run,) = runs_of(talk.request, talk.events, replace(talk.heard, beside=beside))
    return run


@on_linux
def test_a_quiet_gpu_leaves_a_cell_as_it_is_whatever_another_does(tmp_path: Path, kit: Kit) -> None:
    state = {"device_count": "2", "gpu0.procs": f"{NOBODY}:1", "gpu1.procs": "1:1,2:1", "gpu1.throttle": "0x40"}
    run = trained(tmp_path, kit, state, FIRST)
    assert (run.result.status, run.beside) == (
        "ok",
        Disturbance(gpu_processes=0, clock_mhz=1410, clock_max_mhz=1410),
    )


@on_linux
def test_another_process_on_the_gpu_makes_a_cell_noisy(tmp_path: Path, kit: Kit) -> None:
    """Process 1 is not kdoctor's; the other stands for the child, as a driver in front of a container numbers it."""
    run = trained(tmp_path, kit, {"gpu.procs": f"1:1,{NOBODY}:1"}, FIRST)
    assert (run.result.status, run.result.notes[0]) == ("noisy", "1 other process computes on the GPU.")


@on_linux
def test_a_gpu_that_throttles_gets_the_verdict(tmp_path: Path, kit: Kit) -> None:
    run = trained(tmp_path, kit, {"gpu.throttle": "0x24", "gpu.clock_sm": 600}, FIRST)
    (found,) = [one for one in verdicts(Measured(runs=(run,))) if one.name == "gpu-throttled"]
    assert found.what == "jax gpu:0 was held back by its temperature."
    assert found.why.endswith("Its clock was 600 MHz of 1410 MHz.")
    assert found.evidence == ("reason: sw_power_cap", "reason: sw_thermal_slowdown")


@on_linux
@pytest.mark.parametrize("fault", [{"nvmlInit": "crash"}, {"nvmlDeviceGetUUID": "hang:60"}])
def test_a_library_that_fails_costs_nothing_but_what_it_would_have_told(
    tmp_path: Path, kit: Kit, fault: dict[str, str | int]
) -> None:
    started = time.monotonic()
    run = trained(tmp_path, kit, fault, FIRST)
    assert (run.result.status, run.beside) == ("ok", Disturbance())
    assert time.monotonic() - started < 15


@on_linux
def test_where_the_gpu_is_not_known_none_is_watched(tmp_path: Path, kit: Kit) -> None:
    run = trained(tmp_path, kit, {"gpu.procs": "1:1,2:1"})
    assert (run.result.status, run.beside.gpu_processes) == ("ok", None)
