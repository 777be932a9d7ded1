"""The knee of planted curves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdoctor.measure.knee import knee

BATCHES = (1, 4, 16, 64, 256, 1024)


def curve(fixed: float, rate: float, batches: tuple[int, ...] = BATCHES) -> list[tuple[int, float]]:
    """Steps that follow the law exactly."""
    return [(batch, fixed + batch / rate) for batch in batches]


@given(st.floats(min_value=1e-4, max_value=1e-1), st.floats(min_value=2, max_value=1000))
def test_a_planted_knee_is_found(fixed: float, turn: float) -> None:
    found = knee(curve(fixed, turn / fixed))
    assert found is not None
    assert (found.place, abs(found.batch - turn) <= 0.5 + 1e-6 * turn) == ("within", True)
    assert found.fixed_s == pytest.approx(fixed, rel=1e-3)
    assert found.limit == pytest.approx(turn / fixed, rel=1e-3)


def test_noise_of_a_tenth_moves_it_little() -> None:
    exact = enumerate(curve(2e-3, 5e4))
    noisy = [(batch, seconds * (1.1 if number % 2 else 0.9)) for number, (batch, seconds) in exact]
    found = knee(noisy)
    assert found is not None
    assert 70 <= found.batch <= 140


def test_a_device_that_never_fills_has_its_knee_above() -> None:
    found = knee([(1, 1e-3), (16, 1e-3), (256, 1.01e-3)])
    assert found is not None
    assert (found.place, found.batch) == ("above", 256)


def test_steps_that_become_shorter_with_the_batch_have_no_limit() -> None:
    found = knee([(1, 1.02e-3), (16, 1e-3), (256, 0.99e-3)])
    assert found is not None
    assert (found.place, found.limit) == ("above", 0.0)


@pytest.mark.parametrize("curve_", [[(16, 1.6), (64, 6.4), (256, 25.6)], [(16, 1.5), (64, 6.4), (256, 26.0)]])
def test_a_device_that_is_full_at_once_has_its_knee_below(curve_: list[tuple[int, float]]) -> None:
    found = knee(curve_)
    assert found is not None
    assert (found.place, found.batch) == ("below", 16)


@pytest.mark.parametrize("points", [[], [(1, 1.0)], [(1, 1.0), (8, 2.0)], [(1, 1.0), (1, 1.1), (1, 0.9)]])
def test_fewer_than_three_sizes_have_none(points: list[tuple[int, float]]) -> None:
    assert knee(points) is None


def test_points_that_follow_no_such_law_have_none() -> None:
    assert knee([(1, 1.0), (8, 9.0), (64, 0.5), (512, 70.0)]) is None
