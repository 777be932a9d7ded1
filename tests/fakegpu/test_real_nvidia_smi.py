"""The genuine nvidia-smi on the simulated driver, and the stand-in compared with it.

Processes are left out: the genuine one asks for them by undocumented functions. It is in Debian's package `nvidia-smi`
(non-free, `dpkg -x`); KDOCTOR_NVIDIA_SMI names it, KDOCTOR_NVIDIA_SMI_DRIVER its release.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.fakegpu.kit import compiler
from tests.fakegpu.test_command import fake

REAL = os.environ.get("KDOCTOR_NVIDIA_SMI", "")
RELEASE = os.environ.get("KDOCTOR_NVIDIA_SMI_DRIVER", "535.261.03")
pytestmark = pytest.mark.skipif(not REAL, reason="KDOCTOR_NVIDIA_SMI names no genuine nvidia-smi")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's cache."""
    compiler()
    return tmp_path_factory.mktemp("cache")


def both(cache: Path, options: tuple[str, ...], *words: str) -> list[subprocess.CompletedProcess[str]]:
    """What the genuine one and the stand-in say."""
    before = ("-q", "--driver", RELEASE, *options, "--")
    return [fake(cache, *before, program, *words) for program in (REAL, "nvidia-smi")]


@pytest.mark.parametrize(
    "words",
    [
        ("-L",),
        ("--query-gpu=index,name,uuid,memory.total,memory.used,compute_cap,pstate,pci.bus_id", "--format=csv"),
        ("--query-gpu=power.draw,temperature.gpu,utilization.gpu,driver_version", "--format=csv,noheader"),
        ("--query-gpu=clocks.sm,persistence_mode,compute_mode,serial", "--format=csv,nounits"),
        ("--query-gpu=gpu_name,gpu_uuid,fan.speed,mig.mode.current,ecc.mode.current", "--format=csv"),
        ("--query-gpu=color", "--format=csv"),
    ],
)
@pytest.mark.parametrize("options", [("--gpus", "2", "--model", "t4"), ("--fault", "memory-taken")])
def test_the_stand_in_answers_as_the_genuine_one(cache: Path, options: tuple[str, ...], words: tuple[str, ...]) -> None:
    real, ours = both(cache, options, *words)
    assert (ours.returncode, ours.stdout) == (real.returncode, real.stdout)


@pytest.mark.parametrize("fault", ["driver-mismatch", "not-loaded", "permission", "blocked", "no-device", "lost-gpu"])
def test_the_stand_in_fails_as_the_genuine_one(cache: Path, fault: str) -> None:
    real, ours = both(cache, ("--fault", fault))
    assert (ours.returncode, ours.stdout) == (real.returncode, real.stdout)


def test_the_genuine_one_prints_its_table(cache: Path) -> None:
    real, _ = both(cache, ("--gpus", "2", "--model", "t4"))
    assert real.returncode == 0
    assert real.stdout.count("Tesla T4") == 2
    assert f"Driver Version: {RELEASE}" in real.stdout
