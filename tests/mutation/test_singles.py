"""Each fault alone is named, whatever healthy machine it befalls."""

from __future__ import annotations

import pytest

from kdoctor.check.registry import find_rules
from tests.mutation.fault import Fault, all_faults, expected, order
from tests.mutation.trial import HEALTHY, machines_for, trials

EACH = pytest.mark.parametrize("item", all_faults(), ids=[item.name for item in all_faults()])
QUICK = 5
LEAST_HEALTHY = 15


@EACH
def test_a_fault_is_the_primary_finding(item: Fault) -> None:
    """On some of the machines where it exists; on all of them in ``scripts/measure-accuracy``."""
    made = list(trials((item,), machines_for(all_faults().index(item)), QUICK))
    wrong = [(trial.machine, trial.given) for trial in made if not trial.right]
    assert made, "there is no machine that this fault could befall"
    assert (wrong, [trial.crashed for trial in made if trial.crashed]) == ([], [])
    assert {trial.severity for trial in made} == {item.severity}


@EACH
def test_a_fault_is_of_a_rule_and_a_layer(item: Fault) -> None:
    """Names are not mistyped."""
    assert set(item.rule) <= {rule.name for rule in find_rules().items}
    assert item.layer in order().layers


def test_every_name_in_the_order_is_one() -> None:
    """A row that names nothing would pass unseen."""
    known = {item.name for item in all_faults()} | {f"[{layer}]" for layer in order().layers} | {"[needs-gpu]"}
    rows = [*(row.first + row.then for row in order().before), *(row.one + row.other for row in order().nothing)]
    assert [name for row in rows for name in row if name not in known] == []


def test_there_are_healthy_machines_enough() -> None:
    """Of many kinds; that none gets an error is a test of the machines."""
    assert len(HEALTHY) >= LEAST_HEALTHY


def test_what_must_be_mended_first_does_not_depend_on_the_order_of_the_two() -> None:
    """The expectation is a relation between two faults."""
    faults = all_faults()
    pairs = [(one, other) for one in faults for other in faults if one is not other]
    assert [
        (one.name, other.name) for one, other in pairs if set(expected(one, other)) != set(expected(other, one))
    ] == []
