"""Of two faults the one that must be mended first is named first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.mutation.fault import all_faults
from tests.mutation.trial import HEALTHY, pairs, singles

COUNTED = Path(__file__).parent / "accuracy.json"
LEAST_OF_PAIRS = 0.9
LEAST_OF_SINGLES = 0.99


@pytest.mark.torture
def test_of_two_faults_the_one_to_be_mended_first_is_named() -> None:
    """Every two that exist together on some machine."""
    made = list(pairs(1))
    assert [(trial.machine, trial.faults, trial.crashed) for trial in made if trial.crashed] == []
    assert sum(trial.right for trial in made) >= LEAST_OF_PAIRS * len(made)


@pytest.mark.torture
def test_a_fault_is_named_on_every_machine() -> None:
    """All faults, all machines where they exist."""
    made = list(singles(1000))
    assert [(trial.machine, trial.faults, trial.crashed) for trial in made if trial.crashed] == []
    assert sum(trial.right for trial in made) >= LEAST_OF_SINGLES * len(made)


def test_what_was_counted_last_are_these_faults_on_these_machines() -> None:
    """``scripts/measure-accuracy`` is run again after either is added to."""
    counted = json.loads(COUNTED.read_text(encoding="utf-8"))
    assert sorted(counted["faults"]) == sorted(item.name for item in all_faults())
    assert sorted(counted["healthy"]["machines"]) == sorted(HEALTHY)
