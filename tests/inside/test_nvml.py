"""What the question to NVML answers on drivers of several ages, by a fake library behind the real bindings."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from kdoctor.host import Answer
from kdoctor.host.live import LiveHost
from tests.fakegpu import Kit

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the fake driver is an ELF library")


def gpus(kit: Kit, **state: str | int) -> Any:  # noqa: ANN401  JSON
    asked = LiveHost().ask("nvml", runner="own", timeout_s=20, environ=kit.state(state))
    assert isinstance(asked, Answer), asked
    return json.loads(asked.json)["devices"]


@pytest.mark.parametrize("absent", ["", "Compute", "Graphics"])
def test_processes_are_listed_by_drivers_before_510_too(kit: Kit, absent: str) -> None:
    """They lack version 3 of a question, which the bindings turn into an error of another kind."""
    state: dict[str, str | int] = {"gpu.procs": "4242:500", "gpu.graphics_procs": "7:8"}
    if absent:
        state[f"nvmlDeviceGet{absent}RunningProcesses_v3"] = 13
    (gpu,) = gpus(kit, **state)
    assert gpu["processes"] == [
        {"pid": 7, "memory_bytes": 8, "kind": "graphics"},
        {"pid": 4242, "memory_bytes": 500, "kind": "compute"},
    ]


def test_a_process_that_computes_and_draws_is_told_once_as_computing(kit: Kit) -> None:
    (gpu,) = gpus(kit, **{"gpu.procs": "4242:500", "gpu.graphics_procs": "4242:500"})
    assert gpu["processes"] == [{"pid": 4242, "memory_bytes": 500, "kind": "compute"}]


@pytest.mark.parametrize(
    ("state", "pending", "failed"),
    [
        ({}, None, None),
        ({"gpu.remap_pending": 0}, False, False),
        ({"gpu.remap_pending": 1}, True, False),
        ({"gpu.remap_failed": 1}, False, True),
        ({"gpu.retire_pending": 1}, True, None),
    ],
)
def test_bad_memory_that_waits_or_cannot_be_set_aside(
    kit: Kit,
    state: dict[str, str | int],
    pending: bool | None,  # noqa: FBT001  a parametrised value
    failed: bool | None,  # noqa: FBT001  the same
) -> None:
    (gpu,) = gpus(kit, **state)
    assert (gpu["repair_pending"], gpu["repair_failed"]) == (pending, failed)


@pytest.mark.parametrize(
    ("state", "virtual", "licensed"),
    [({}, False, None), ({"gpu.licensed": 0}, True, False), ({"gpu.licensed": 1}, True, True)],
)
def test_a_virtual_gpu_tells_whether_it_has_a_licence(
    kit: Kit,
    state: dict[str, str | int],
    virtual: bool,  # noqa: FBT001  a parametrised value
    licensed: bool | None,  # noqa: FBT001  the same
) -> None:
    (gpu,) = gpus(kit, **state)
    assert (gpu["virtual"], gpu["licensed"]) == (virtual, licensed)


def test_states_of_a_gpu_that_cost_time_or_keep_programs_out(kit: Kit) -> None:
    """Compute mode, throttling and the link, as the simulated NVML gives them through the real bindings."""
    state: dict[str, str | int] = {
        "gpu.compute_mode": 2,
        "gpu.throttle": "0x48",
        "gpu.pcie_width": 4,
        "gpu.performance_state": 2,
        "gpu.persistence": 0,
        "gpu.mig": 1,
    }
    (gpu,) = gpus(kit, **state)
    found = (gpu["compute_mode"], gpu["throttle_reasons"], gpu["pcie_width"], gpu["performance_state"])
    assert found == ("prohibited", ["HwSlowdown", "HwThermalSlowdown"], 4, 2)
    assert (gpu["persistence"], gpu["mig_enabled"], gpu["mig_devices"]) == (False, True, [])


def test_an_idle_gpu_is_not_held_down(kit: Kit) -> None:
    (gpu,) = gpus(kit, **{"gpu.throttle": "0x1"})
    assert gpu["throttle_reasons"] == []


def test_the_start_of_the_driver_is_timed(kit: Kit) -> None:
    asked = LiveHost().ask("nvml", runner="own", timeout_s=20, environ=kit.state(nvmlInit="hang:1"))
    assert isinstance(asked, Answer), asked
    assert 1 <= json.loads(asked.json)["start_s"] < 15
