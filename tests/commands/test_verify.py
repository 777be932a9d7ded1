"""What proves a new environment, and what does not."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from kdoctor.commands.check import Request, check
from kdoctor.commands.verify import Trained, by_rules, is_right, verify

MACHINES = Path(__file__).resolve().parents[1] / "machines"
RIGHT = Trained(
    weight=0.5016,
    bias=1.9986,
    test_cost=0.0033,
    expected_weight=0.50160,
    expected_bias=1.99862,
    costs=(3.9, 0.0026),
    expected_costs=(3.9, 0.0026),
)


def test_the_line_learned_as_float64_learns_it_is_right() -> None:
    assert is_right(RIGHT)


@pytest.mark.parametrize(
    "change",
    [
        {"weight": 0.4},
        {"bias": 2.2},
        {"test_cost": 0.02},
        {"test_cost": float("nan")},
        {"weight": float("nan")},
        {"weight": 0.5018},
        {"bias": 1.9990},
        {"costs": (3.9, 0.0027)},
        {"costs": ()},
    ],
)
def test_a_device_that_computes_wrongly_is_not_accepted(change: dict[str, float]) -> None:
    assert not is_right(msgspec.structs.replace(RIGHT, **change))


@pytest.mark.parametrize(
    ("machine", "ok"),
    [
        ("ubuntu2404-550-rtx3060-tf220", True),
        ("ubuntu2404-none-intel-tf220-no-gpu", True),
        ("fedora41-565-rtx3060-tf220-not-loaded", True),
        ("ubuntu2204-535-rtx3060-tf215-keras3", False),
        ("ubuntu2404-550-rtx3060-tf221-cusolver", False),
    ],
)
def test_only_faults_of_the_environment_count_against_it(machine: str, *, ok: bool) -> None:
    report = check(Request(sysroot=str(MACHINES / machine))).report
    assert by_rules(report).ok is ok


def test_an_environment_without_a_framework_is_refused() -> None:
    found = verify(sys.executable, gpu_wanted=False)
    assert not found.ok
    assert any("no framework is installed" in proof.said for proof in found.proofs if not proof.ok)
