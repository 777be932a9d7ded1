"""What is right: finite, falling, and within the bounds of the workload."""

from __future__ import annotations

import math
from typing import Any

import pytest

from kdoctor.bench.disturbance import Disturbance, summed
from kdoctor.bench.right import Judged, judge
from kdoctor.knowledge.workloads import table
from kdoctor.model.bench import Chunk, Done
from tests.bench.build import cell, done

LEARNED = {"weight": 0.4967, "expected_weight": 0.4967, "bias": 2.0, "expected_bias": 2.0, "test_cost": 0.0025}


def linear(*, precision: Any = "float32", rate: float = 0.05, tf32: bool | None = None, **checks: Any) -> Judged:  # noqa: ANN401
    """What becomes of the regression with these checks."""
    ended = done(accuracy=None, checks={"rate": rate, **LEARNED, **checks})
    return judge(cell(workload="linear", device="cpu", precision=precision), ended, (), tf32=tf32)


def wrong(ended: Done, **of_cell: Any) -> tuple[str, ...]:  # noqa: ANN401
    """The sentences about LeNet."""
    return judge(cell(**of_cell), ended, ()).wrong


def test_agreement_with_float64_is_right() -> None:
    assert linear() == Judged(())
    assert linear(weight=0.49679).wrong == ()


@pytest.mark.parametrize("rate", [0.01, 0.05])
@pytest.mark.parametrize("changed", [{"weight": 0.4969}, {"bias": 2.0003}, {"weight": math.inf}])
def test_a_ten_thousandth_apart_is_wrong_at_either_rate(rate: float, changed: dict[str, Any]) -> None:
    said = linear(rate=rate, **changed).wrong
    assert len(said) == 1


def test_both_numbers_and_what_is_allowed_are_said() -> None:
    assert linear(weight=0.4969).wrong == ("weight is 0.4969, float64 gives 0.4967: 2.0e-04 apart, 1e-04 is allowed.",)


def test_the_bounds_hold_at_the_rate_that_converges_alone() -> None:
    """At 0.01 the documented training does not reach W = 0.5 in its 301 steps."""
    far: dict[str, Any] = {"weight": 0.3, "expected_weight": 0.3, "test_cost": 0.02}
    assert linear(rate=0.01, **far).wrong == ()
    assert linear(rate=0.05, **far).wrong == (
        "weight is 0.3; it must be 0.5 within 0.05.",
        "test_cost is 0.02; at most 0.01 is right.",
    )


def test_costs_on_the_way_are_compared_relative_to_themselves() -> None:
    assert linear(cost_0=4.0, expected_cost_0=4.01).wrong == ()
    assert len(linear(cost_300=0.00250, expected_cost_300=0.00255).wrong) == 1


def test_tf32_explains_a_small_distance_and_is_told() -> None:
    close = linear(weight=0.4975, tf32=True)
    assert (close.wrong, len(close.reserves)) == ((), 1)
    assert "TF32" in close.reserves[0]
    assert len(linear(weight=0.49, tf32=True, expected_weight=0.5).wrong) == 1
    assert len(linear(weight=0.4975, tf32=False).wrong) == 1


def test_a_coarser_precision_agrees_less() -> None:
    assert linear(precision="mixed_bfloat16", weight=0.503).wrong == ()
    assert len(linear(precision="mixed_bfloat16", weight=0.55, test_cost=0.001).wrong) == 1


@pytest.mark.parametrize(
    "ended",
    [
        done(loss=math.nan),
        done(first_losses=(2.3, math.inf)),
        done(losses=(2.0, math.nan)),
        done(checks={"losses_not_finite": 1.0}),
        done(checks={"held_out_cost": math.nan}),
        done(first_losses=(2.3, None)),
        done(checks={"held_out_cost": None}),
    ],
)
def test_what_is_no_finite_number_is_wrong(ended: Done) -> None:
    """JSON has none: null stands for it."""
    assert len(wrong(ended)) == 1


def test_a_chunk_without_a_finite_loss_is_wrong() -> None:
    bad = Chunk(cell=0, steps=1, seconds=1.0, cpu_s=1.0, loss=math.nan)
    assert judge(cell(), done(), (bad,)).wrong == ("The loss is nan (number 4 of those noted).",)


def test_a_loss_that_does_not_fall_is_wrong_after_some_steps() -> None:
    assert wrong(done(loss=2.4)) == ("The loss was 2.3 at the first step and 2.4 at best after 200; it must fall.",)
    assert wrong(done(loss=2.4, steps=5)) == ()
    assert wrong(done(loss=2.4, steps=150)) == ()  # 9,600 of the 12,000 samples that LeNet needs to learn
    assert wrong(done(loss=2.4, first_losses=())) == ()
    assert wrong(done(loss=2.4, losses=(1.0, 2.4))) == ()


@pytest.mark.parametrize(
    ("accuracy", "steps", "of_cell", "right"),
    [
        (0.95, 500, {}, True),
        (0.30, 500, {}, False),
        (math.nan, 500, {}, False),
        (0.30, 10, {}, True),
        (0.30, 500, {"data": "mine.npz"}, True),
        (0.30, 500, {"rate": 1e-6}, True),
        (None, 500, {}, True),
    ],
)
def test_the_accuracy_counts_on_own_data_once_enough_was_seen(
    accuracy: float | None,
    steps: int,
    of_cell: dict[str, Any],
    right: bool,  # noqa: FBT001
) -> None:
    assert (wrong(done(accuracy=accuracy, steps=steps), **of_cell) == ()) == right


@pytest.mark.parametrize(("data", "right"), [("generated reviews, seed 0", False), ("Keras's imdb.npz", True)])
def test_real_reviews_are_not_held_to_what_generated_ones_reach(data: str, right: bool) -> None:  # noqa: FBT001
    assert (wrong(done(accuracy=0.7, data=data), workload="imdb-lstm") == ()) == right


def test_a_workload_without_a_row_has_the_general_bounds() -> None:
    assert wrong(done(accuracy=0.0, checks={"a": 1.0, "expected_a": 2.0}), workload="mine") == ()
    assert len(wrong(done(loss=math.inf), workload="mine")) >= 1


def test_every_workload_names_a_source_of_the_table() -> None:
    sources = {source.id for source in table().sources}
    assert {row.source for row in table().workloads} <= sources
    assert len({row.name for row in table().workloads}) == len(table().workloads)


def test_samples_are_summed_up() -> None:
    found = summed((
        Disturbance(load_per_core=0.1, gpu_processes=0, throttling=("sw_power_cap",), clock_max_mhz=1400),
        Disturbance(load_per_core=0.3, gpu_processes=2, throttling=("gpu_idle", "sw_power_cap"), clock_mhz=1200),
        Disturbance(load_per_core=0.2, throttling=("sw_power_cap",), clock_mhz=1200),
    ))  # fmt: skip
    assert found == Disturbance(
        load_per_core=0.2, gpu_processes=2, throttling=("sw_power_cap",), clock_mhz=1200, clock_max_mhz=1400
    )
    assert summed(()) == Disturbance()
