"""`kdoctor check` on a simulated GPU in a bad state, through the real bindings: the state gets its name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakegpu import Kit, real_driver

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the fake driver is an ELF library"),
    pytest.mark.skipif(bool(real_driver()), reason="a real driver is on this machine, whose state counts too"),
]
MIG_ON_TWO: dict[str, str | int] = {"device_count": 8, "gpu6.mig": 1, "gpu6.mig_count": 2, "gpu7.mig": 1}


def primary(kit: Kit, folder: Path, state: dict[str, str | int]) -> str:
    """The first finding that is about the GPU; "" if there is none. No framework is in the examined environment."""
    done = subprocess.run(
        (sys.executable, "-m", "kdoctor", "check", "--format", "json"),
        env={**os.environ, **kit.state(state), "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    names = [finding["name"] for finding in json.loads(done.stdout)["findings"]]
    return next((name for name in names if name != "tensorflow-not-installed"), "")


@pytest.mark.parametrize(
    ("state", "name"),
    [
        ({"gpu.mig": 1}, "mig-without-instances"),
        ({"gpu.compute_mode": 2}, "compute-mode-excludes"),
        ({"gpu.ecc": 1, "gpu.remap_failed": 1}, "gpu-memory-errors"),
        ({"gpu.throttle": "0x48", "gpu.temp": 97}, "gpu-throttled"),
        ({"gpu.pcie_width": 1}, "pcie-link-narrow"),
        ({"gpu.licensed": 0}, "vgpu-without-licence"),
    ],
)
def test_a_bad_state_is_named(kit: Kit, tmp_path: Path, state: dict[str, str | int], name: str) -> None:
    assert primary(kit, tmp_path, state) == name


@pytest.mark.parametrize(
    "state",
    [
        {"gpu.throttle": "0x1", "gpu.persistence": 0, "gpu.performance_state": 8, "gpu.pcie_width": 4},
        {**MIG_ON_TWO, "gpu7.mig_count": 1, "gpu.ecc": 1, "gpu.remap_pending": 0, "gpu.remap_corrected": 3},
    ],
    ids=["idle", "MIG on two of eight"],
)
def test_an_odd_state_that_is_fine_is_not_blamed(kit: Kit, tmp_path: Path, state: dict[str, str | int]) -> None:
    assert primary(kit, tmp_path, state) == ""
