"""Speed-up, efficiency, and where the loss of several devices goes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdoctor.measure.scaling import speed_up, split, strong_efficiency, weak_efficiency

SECONDS = st.floats(min_value=1e-4, max_value=10)
MAYBE = st.none() | SECONDS


def test_the_two_workers_of_the_story() -> None:
    """93 s an epoch alone, 47 s with two."""
    assert speed_up(1 / 93, 1 / 47) == pytest.approx(1.98, abs=0.01)
    assert strong_efficiency(93, 47, 2) == pytest.approx(0.99, abs=0.01)


def test_weak_scaling_is_ideal_where_the_step_stays() -> None:
    assert (weak_efficiency(0.1, 0.1), weak_efficiency(0.1, 0.2)) == (1.0, 0.5)


def test_a_planted_loss_is_split() -> None:
    found = split(0.10, 0.20, on_device_s=0.17, communication_s=0.05)
    assert found.efficiency == pytest.approx(0.5)
    assert found.input == pytest.approx(0.15)
    assert found.communication == pytest.approx(0.25)
    assert found.rest == pytest.approx(0.10)


def test_what_was_not_measured_is_part_of_the_rest() -> None:
    found = split(0.10, 0.20)
    assert (found.communication, found.input) == (None, None)
    assert found.rest == pytest.approx(0.5)


def test_exchange_hidden_behind_computing_is_not_lost() -> None:
    assert split(0.10, 0.11, communication_s=0.08).communication == pytest.approx(0.01 / 0.11)


def test_faster_than_ideal_has_lost_nothing() -> None:
    found = split(0.2, 0.1, on_device_s=0.05, communication_s=0.01)
    assert (found.efficiency, found.input, found.communication, found.rest) == (1.0, 0.0, 0.0, 0.0)


@given(SECONDS, SECONDS, MAYBE, MAYBE)
def test_the_parts_are_never_negative_and_add_up(
    ideal: float, many: float, inside: float | None, exchange: float | None
) -> None:
    found = split(ideal, many, on_device_s=inside, communication_s=exchange)
    parts = (found.efficiency, found.communication or 0.0, found.input or 0.0, found.rest)
    assert min(parts) >= -1e-12
    assert math.isclose(sum(parts), 1.0, rel_tol=1e-9)
