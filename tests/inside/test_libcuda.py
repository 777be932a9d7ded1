"""What the question to libcuda answers of devices, by a fake library."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from kdoctor.host import Answer
from kdoctor.host.live import LiveHost
from tests.fakegpu import Kit

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the fake driver is an ELF library")
FIRST, SECOND = "GPU-11111111-0000-4000-8000-000000000000", "GPU-22222222-0000-4000-8000-000000000001"
INSTANCE = "MIG-7a1b7c6f-0000-5000-8000-00000000000a"
MIG: dict[str, str | int] = {"gpu.mig": 1, "gpu.mig_count": 1, "gpu.mig_uuid": INSTANCE}


def uuids(environ: Mapping[str, str]) -> list[str]:
    asked = LiveHost().ask("libcuda", runner="own", timeout_s=20, environ=environ)
    assert isinstance(asked, Answer), asked
    found: Any = json.loads(asked.json)
    return [device["uuid"] for device in found["devices"]]


def test_devices_have_uuids_in_the_order_of_cuda(kit: Kit) -> None:
    two = kit.state(device_count=2)
    assert uuids(two) == [FIRST, SECOND]
    assert uuids({**two, "CUDA_VISIBLE_DEVICES": "1,0"}) == [SECOND, FIRST]
    assert uuids({**two, "CUDA_VISIBLE_DEVICES": "GPU-2222"}) == [SECOND]


def test_a_mig_instance_has_a_uuid_of_its_own(kit: Kit) -> None:
    assert uuids(kit.state(MIG)) == [INSTANCE]
    assert uuids({**kit.state(MIG), "CUDA_VISIBLE_DEVICES": INSTANCE}) == [INSTANCE]


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ({"cuDeviceGetUuid_v2": 801}, FIRST),
        ({"cuDeviceGetUuid": 801}, ""),
        ({**MIG, "cuDeviceGetUuid_v2": 801}, FIRST),
    ],
)
def test_a_driver_that_does_not_tell_leaves_what_it_can_tell(
    kit: Kit, faults: dict[str, str | int], expected: str
) -> None:
    """Before driver 470 an instance is known by its GPU only."""
    assert uuids(kit.state(faults)) == [expected]
