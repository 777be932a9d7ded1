"""Of two faults the one that must be mended first is named first."""

from __future__ import annotations

import pytest

from tests.mutation.trial import pairs, singles

LEAST_OF_PAIRS = 0.9
LEAST_OF_SINGLES = 0.99


@pytest.mark.slow
def test_of_two_faults_the_one_to_be_mended_first_is_named() -> None:
    """Every two that exist together on some machine."""
    made = list(pairs(1))
    assert [(trial.machine, trial.faults, trial.crashed) for trial in made if trial.crashed] == []
    assert sum(trial.right for trial in made) >= LEAST_OF_PAIRS * len(made)


@pytest.mark.slow
def test_a_fault_is_named_on_every_machine() -> None:
    """All faults, all machines where they exist."""
    made = list(singles(1000))
    assert [(trial.machine, trial.faults, trial.crashed) for trial in made if trial.crashed] == []
    assert sum(trial.right for trial in made) >= LEAST_OF_SINGLES * len(made)
