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
    assert gpu["processes"] == [{"pid": 7, "memory_bytes": 8}, {"pid": 4242, "memory_bytes": 500}]
