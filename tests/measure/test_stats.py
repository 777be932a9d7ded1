"""What a series says, on any numbers and on planted ones."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdoctor.measure.stats import (
    SIGMA,
    blocks,
    drift,
    mad,
    median,
    outliers,
    percentile,
    processors,
    spread,
    standard_error,
    step_ms,
)

TIMES = st.lists(st.floats(min_value=1e-6, max_value=1e3), min_size=1, max_size=60)
SERIES = st.lists(st.floats(min_value=1e-3, max_value=1e2), min_size=8, max_size=60)


def noise(seed: int, count: int = 40, *, width: float = 0.03) -> list[float]:
    """Normal noise round 1."""
    draw = random.Random(seed)  # noqa: S311  noise, not a secret
    return [1 + draw.gauss(0, width) for _ in range(count)]


@given(TIMES)
def test_the_figures_of_a_step_are_in_order(values: list[float]) -> None:
    found = step_ms(values)
    assert found is not None
    assert found.min <= found.p10 <= found.median * (1 + 1e-9)
    assert found.median <= found.p90 * (1 + 1e-9)
    assert found.mad >= 0


@given(TIMES, st.floats(min_value=1e-3, max_value=1e3))
def test_relative_figures_do_not_depend_on_the_unit(values: list[float], factor: float) -> None:
    other = [factor * value for value in values]
    assert math.isclose(spread(other), spread(values), rel_tol=1e-6, abs_tol=1e-9)
    assert math.isclose(median(other), factor * median(values), rel_tol=1e-9)


@given(SERIES, st.randoms(use_true_random=False))
def test_median_and_spread_do_not_depend_on_the_order(values: list[float], draw: random.Random) -> None:
    shuffled = [*values]
    draw.shuffle(shuffled)
    assert (median(shuffled), mad(shuffled)) == (median(values), mad(values))


@given(SERIES, st.floats(min_value=1e3, max_value=1e9))
def test_one_wild_chunk_hardly_moves_the_median(values: list[float], wild: float) -> None:
    ordered = sorted(values)
    middle = len(ordered) // 2
    assert ordered[middle - 1] <= median([*values, wild]) <= ordered[min(middle + 1, len(ordered) - 1)]


@given(SERIES)
def test_percentiles_rise_from_the_smallest_to_the_largest(values: list[float]) -> None:
    found = [percentile(values, percent) for percent in (0, 10, 50, 90, 100)]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (min(values), max(values))


@given(TIMES, st.integers(min_value=1, max_value=9))
def test_blocks_are_the_series_in_order(values: list[float], count: int) -> None:
    parts = blocks(values, count)
    assert [value for part in parts for value in part] == values
    assert all(parts)
    assert len(parts) == min(count, len(values))


def test_nothing_measured_has_no_figures() -> None:
    assert step_ms([]) is None


def test_the_spread_of_normal_noise_is_its_standard_deviation() -> None:
    assert spread(noise(1, 4000, width=0.05)) == pytest.approx(0.05, rel=0.06)


def test_the_standard_error_is_how_far_medians_of_new_series_lie_apart() -> None:
    medians = [median(noise(seed)) for seed in range(300)]
    said = statistics.median(standard_error(noise(seed)) for seed in range(300))
    assert statistics.stdev(medians) == pytest.approx(said, rel=0.4)


def test_a_series_that_changes_its_level_proves_less_than_its_chunks_say() -> None:
    steps = [value * (1.3 if place >= 20 else 1.0) for place, value in enumerate(noise(3))]
    alone = 1.2533 * SIGMA * mad(steps) / math.sqrt(40) / median(steps)
    assert standard_error(steps) > 2 * alone


@pytest.mark.parametrize("values", [[], [1.0], [0.0, 0.0, 0.0]])
def test_too_little_has_an_infinite_error(values: list[float]) -> None:
    assert standard_error(values) == math.inf


def test_few_chunks_that_differ_have_an_error_even_where_most_are_equal() -> None:
    assert standard_error([1.0, 1.0, 1.0, 1.0, 1.5]) > 0.05


def test_equal_chunks_have_none() -> None:
    assert (standard_error([2.0] * 20), spread([2.0] * 20), outliers([2.0] * 20)) == (0.0, 0.0, ())


def test_planted_outliers_are_found_and_noise_is_not() -> None:
    steps = noise(5)
    steps[7], steps[30] = 3.0, 0.2
    assert outliers(steps) == (7, 30)
    assert [outliers(noise(seed)) for seed in range(20)] == [()] * 20
    assert outliers([]) == ()


def test_a_planted_drift_is_found_with_its_size() -> None:
    steps = [value * (1 + 0.2 * place / 39) for place, value in enumerate(noise(6))]
    found = drift(steps)
    assert found.clear
    assert found.change == pytest.approx(0.18, abs=0.04)


def test_noise_alone_and_a_small_drift_are_none() -> None:
    small = [value * (1 + 0.02 * place / 39) for place, value in enumerate(noise(6, width=0.005))]
    assert [drift(noise(seed)).clear for seed in range(20)] == [False] * 20
    assert drift(small).clear is False


def test_a_long_series_is_judged_by_its_parts() -> None:
    steps = [value * (1 + 0.3 * place / 999) for place, value in enumerate(noise(6, 1000))]
    assert drift(steps).clear is True


@given(SERIES)
@settings(max_examples=30)
def test_the_drift_of_a_series_read_backwards_is_the_opposite(values: list[float]) -> None:
    there, back = drift(values), drift(values[::-1])
    assert there.clear == back.clear
    assert math.isclose(there.change, -back.change, rel_tol=1e-6, abs_tol=1e-9)


def test_a_few_chunks_have_no_drift() -> None:
    assert drift([1.0, 2.0, 3.0]).clear is False
    assert drift([]).clear is False


def test_processors_are_counted_by_time() -> None:
    assert (processors(3.0, 2.0), processors(3.0, 0.0)) == (1.5, None)
