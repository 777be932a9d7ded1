"""Differences beyond noise: a planted slowdown of 15 % is told 20 times of 20, one of 3 % never."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdoctor.measure.difference import difference, rank_score
from kdoctor.measure.stats import spread, standard_error

RECORDED = Path(__file__).parents[1] / "bench" / "series"
SERIES = st.lists(st.floats(min_value=1e-3, max_value=1e2), min_size=5, max_size=40)


def simulated(seed: int, slow: float = 1.0) -> list[float]:
    """30 chunks as machines make them: a floor, noise above it, now and then a chunk that was interrupted."""
    draw = random.Random(seed)  # noqa: S311  noise, not a secret
    return [slow * (1 + abs(draw.gauss(0, 0.04)) + (draw.random() < 0.05) * draw.random()) for _ in range(30)]


def recorded() -> list[tuple[str, list[float], list[float]]]:
    """Every other chunk of a recorded run against the rest, of the runs whose halves are both steady."""
    found = []
    for path in sorted(RECORDED.glob("*.json")):
        for number, run in enumerate(json.loads(path.read_text(encoding="utf-8"))["runs"]):
            halves = run[::2], run[1::2]
            if all(standard_error(half) <= 0.02 and spread(half) <= 0.25 for half in halves):
                found.append((f"{path.stem}-{number}", *halves))
    return found


@pytest.mark.parametrize(("slow", "told"), [(1.15, 20), (1.03, 0), (1.0, 0)])
def test_planted_slowdowns_of_simulated_series(slow: float, told: int) -> None:
    found = [difference(simulated(seed), simulated(seed + 1000, slow)) for seed in range(20)]
    assert sum(one.clear for one in found) == told


@pytest.mark.parametrize(("slow", "told"), [(1.15, 20), (1.03, 0), (1.0, 0)])
def test_planted_slowdowns_of_recorded_series(slow: float, told: int) -> None:
    pairs = recorded()[:20]
    found = {name: difference(before, [slow * value for value in after]) for name, before, after in pairs}
    assert (len(found), sum(one.clear for one in found.values())) == (20, told)


def test_hardly_any_false_alarm_in_many_comparisons() -> None:
    found = [difference(simulated(seed), simulated(seed + 5000, 1.03)) for seed in range(300)]
    assert sum(one.clear for one in found) <= 2


def test_the_detectable_change_shrinks_with_more_chunks() -> None:
    few, many = simulated(1)[:10], simulated(1) + simulated(2) + simulated(3)
    assert difference(many, many).detectable < difference(few, few).detectable


def test_too_few_chunks_tell_nothing() -> None:
    found = difference([1.0, 1.0], [9.0, 9.0])
    assert (found.ratio, found.detectable, found.clear) == (9.0, math.inf, False)
    assert difference([], [1.0]).ratio == 1.0


def test_faster_is_told_as_well() -> None:
    found = difference(simulated(1, 1.3), simulated(2))
    assert (found.clear, found.ratio < 1, found.score < 0) == (True, True, True)


@given(SERIES, SERIES)
def test_the_score_of_swapped_series_is_the_opposite(before: list[float], after: list[float]) -> None:
    assert math.isclose(rank_score(before, after), -rank_score(after, before), abs_tol=1e-9)


@given(SERIES)
def test_a_series_never_differs_from_itself(values: list[float]) -> None:
    found = difference(values, values)
    assert (found.ratio, found.clear, abs(found.score) < 1e-9) == (1.0, False, True)


@given(SERIES, SERIES, st.floats(min_value=0.01, max_value=100))
def test_the_unit_does_not_matter(before: list[float], after: list[float], factor: float) -> None:
    one, other = difference(before, after), difference([factor * v for v in before], [factor * v for v in after])
    assert math.isclose(one.ratio, other.ratio, rel_tol=1e-6)
    assert math.isclose(one.detectable, other.detectable, rel_tol=1e-6, abs_tol=1e-9)


def test_equal_values_have_no_rank() -> None:
    assert rank_score([1.0] * 5, [1.0] * 5) == 0.0
