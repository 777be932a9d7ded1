"""The parts of the child that need no framework."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import pytest

from kdoctor.knowledge.workloads import table

PARAMETERS = {
    "cats-dogs": 13_300_033,
    "imdb-lstm": 353_089,
    "lenet": 61_706,
    "linear": 2,
    "mlp": 648_010,
    "stacked-lstm": 398_497,
}
FLOPS = {  # by hand: multiply-adds of each layer, twice, for forward and each gradient that is needed
    "cats-dogs": 4 * 180 * 180 * 64 * 75
    + 6 * (90 * 90 + 45 * 45) * 64 * 1600
    + 6 * (33856 * 384 + 384 * 192 + 192 * 64 + 64 * 32 + 32),
    "imdb-lstm": 6 * 80 * 128 * 256 + 6 * 64,
    "lenet": 4 * 28 * 28 * 6 * 25 + 6 * 10 * 10 * 16 * 150 + 6 * (400 * 120 + 120 * 84 + 84 * 10),
    "linear": 4,
    "mlp": 4 * 784 * 500 + 6 * (500 * 500 + 500 * 10),
    "stacked-lstm": 6 * 80 * (2 * 128 * 256 + 96 * 128) + 6 * 32,
}


def module(name: str) -> Any:  # noqa: ANN401  scripts without annotations
    return importlib.import_module(name)


def cell(**more: float) -> dict[str, float]:
    return {"epochs": 0, "chunks": 3, "seconds": 0.0, **more}


class Heard:
    """A speaker that keeps what is said."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.said: list[tuple[str, dict[str, object]]] = []

    def say(self, event: str, **fields: object) -> None:
        self.said.append((event, fields))


class Alone:
    """What a route of one process says."""

    agree = total = staticmethod(float)


class Steady(Alone):
    """A route whose steps all last as long, as they say."""

    def __init__(self, step_s: float) -> None:
        """``step_s``: seconds of a step."""
        self.step_s, self.sizes = step_s, list[int]()

    def lasting(self, steps: int) -> float:
        return steps * self.step_s

    def resize(self, steps: int) -> int:
        self.sizes.append(steps)
        return steps


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The time that `training.meter` reads."""
    time = SimpleNamespace(now=0.0)
    time.perf_counter = time.process_time = lambda: time.now
    monkeypatch.setattr(module("training.meter"), "time", time)
    return time


def test_every_file_with_layers_is_a_workload() -> None:
    assert {name: found.PARAMETERS for name, found in module("training.catalogue").find().items()} == PARAMETERS


def test_every_workload_has_bounds_in_the_table() -> None:
    bounded = {row.name for row in table().workloads if row.accuracy or row.bounds}
    assert bounded == set(module("training.catalogue").find())


@pytest.mark.parametrize("name", FLOPS)
def test_flops_are_those_counted_by_hand(name: str) -> None:
    assert module("training.catalogue").find()[name].flops() == FLOPS[name]


def test_a_chunk_is_sized_to_last_as_long_as_asked() -> None:
    route = Steady(0.001)
    assert module("training.meter").calibrate(route, 0.15) == pytest.approx(150)
    assert len(route.sizes) == 1


def test_a_step_longer_than_a_chunk_is_a_chunk() -> None:
    assert module("training.meter").calibrate(Steady(4.0), 0.15) == 1


@pytest.mark.parametrize(
    ("more", "taken"),
    [({}, 3), ({"seconds": 5.0}, 5), ({"epochs": 2, "seconds": 9.0}, 2), ({"chunks": 99}, 20), ({"seconds": 99.0}, 20)],
)
def test_chunks_go_on_for_number_and_time_or_for_the_epochs(
    clock: SimpleNamespace, more: dict[str, float], taken: int
) -> None:
    heard = Heard()
    meter = module("training.meter").Meter(heard, 0, cell(**more), steps=10, route=Alone())
    wanted = True
    while wanted:
        clock.now += 1.0
        wanted = meter.took(0.5)
    assert [fields for _, fields in heard.said] == [
        {"cell": 0, "steps": 10, "seconds": 1.0, "cpu_s": 1.0, "loss": 0.5}
    ] * taken


def test_a_loss_that_is_no_number_is_null(clock: SimpleNamespace) -> None:
    heard = Heard()
    meter = module("training.meter").Meter(heard, 0, cell(), steps=1, route=Alone())
    for loss in (float("nan"), float("inf"), 1.0):
        meter.took(loss)
    assert clock.now == 0.0
    assert [fields["loss"] for _, fields in heard.said] == [None, None, 1.0]


def test_what_happens_after_a_chunk_is_not_counted(clock: SimpleNamespace) -> None:
    heard = Heard()
    meter = module("training.meter").Meter(heard, 0, cell(), steps=1, route=Alone())

    def slow(_: float) -> None:
        clock.now += 100.0

    meter.after = slow
    for _ in range(3):
        clock.now += 1.0
        meter.took(0.0)
    assert [fields["seconds"] for _, fields in heard.said] == [1.0, 1.0, 1.0]


def test_the_descent_ends_where_least_squares_does() -> None:
    linear = module("workloads.linear")
    pairs = linear.points(0)[: linear.TRAINED]
    weight, bias, costs = linear.descend(pairs, 0.0, 0.0, 0.5)
    count = len(pairs)
    mean_x, mean_y = (sum(pair[axis] for pair in pairs) / count for axis in (0, 1))
    slope = sum((x - mean_x) * (y - mean_y) for x, y in pairs) / sum((x - mean_x) ** 2 for x, _ in pairs)
    assert (weight, bias) == pytest.approx((slope, mean_y - slope * mean_x))
    assert len(costs) == 4
    assert costs[0] > costs[-1]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes."), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory"), True),
        (type("ResourceExhaustedError", (Exception,), {})("OOM when allocating tensor with shape[8]"), True),
        (ValueError("shapes do not match"), False),
    ],
)
def test_memory_that_ran_out_is_told_from_other_errors(error: Exception, expected: object) -> None:
    assert module("training.memory").is_out_of_memory(error) is expected


class Rate:
    """A learning rate as Keras keeps it."""

    def __init__(self, value: float) -> None:
        """Where it starts."""
        self.value = value

    def assign(self, value: float) -> None:
        self.value = value

    def numpy(self) -> float:
        return self.value


def test_the_rate_is_halved_after_three_epochs_without_gain_down_to_the_floor() -> None:
    optimizer = SimpleNamespace(learning_rate=Rate(4e-5))
    plateau = module("training.cell").Plateau(optimizer, factor=0.5, patience=3, floor=1.5e-5)
    rates = []
    for loss in (1.0, 0.5, 0.5, 0.5, 0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4):
        plateau(loss)
        rates.append(optimizer.learning_rate.value)
    assert rates == [4e-5] * 4 + [2e-5] * 4 + [1.5e-5] * 4


def test_batches_follow_one_another_and_begin_again() -> None:
    np = pytest.importorskip("numpy")
    batches = module("training.routes").Batches(np.arange(10), np.arange(10), 3)
    assert [batches.next()[0].tolist() for _ in range(4)] == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 1, 2]]
    ahead = batches.endless()
    assert [next(ahead)[0].tolist(), next(ahead)[0].tolist(), batches.position] == [[3, 4, 5], [6, 7, 8], 4]
