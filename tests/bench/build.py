"""Cells, events, runs and documents with planted figures."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from kdoctor.bench.disturbance import QUIET, Disturbance
from kdoctor.bench.results import empty
from kdoctor.bench.runs import Heard, Run
from kdoctor.measure.stats import median, step_ms
from kdoctor.model.bench import Bench, Cell, Chunk, Done, Event, Phase, Ready, Request, Result

A100 = "NVIDIA A100-SXM4-40GB"


def cell(**changes: Any) -> Cell:  # noqa: ANN401  any field
    """LeNet on TensorFlow's first GPU."""
    return replace(Cell(workload="lenet", backend="tensorflow", device="gpu:0", batch_size=64), **changes)


def series(step_s: float, *, seed: int = 1, count: int = 20, noise: float = 0.02) -> tuple[float, ...]:
    """Seconds a step of steady chunks, with that median."""
    draw = random.Random(f"{seed} {step_s}")  # noqa: S311  noise, not a secret
    steps = [1 + abs(draw.gauss(0, noise)) for _ in range(count)]
    return tuple(step_s * step / median(steps) for step in steps)


def chunks(raw: Sequence[float], *, index: int = 0, cpu: float = 1.0) -> list[Event]:
    """Ten steps each, with a loss that falls."""
    return [
        Chunk(cell=index, steps=10, seconds=10 * step, cpu_s=10 * step * cpu, loss=2.0 / (place + 2))
        for place, step in enumerate(raw)
    ]


def done(**changes: Any) -> Done:  # noqa: ANN401  any field
    """An end as it should be."""
    usual = Done(
        cell=0,
        status="ok",
        batch_size=64,
        steps=200,
        loss=0.1,
        accuracy=0.95,
        first_losses=(2.3, 2.2, 2.1),
        parameters=61706,
        flops_per_sample=2.5e6,
        first_step_s=1.5,
        route="fit",
        data="generated digits, seed 0",
    )
    return replace(usual, **changes)


def ready(**changes: Any) -> Ready:  # noqa: ANN401  any field
    """A backend that has come up."""
    usual = Ready(versions={"keras": "3.12.0", "tensorflow": "2.20.0"}, devices=("GPU:0",), import_s=3.0)
    return replace(usual, **changes)


def told(one: Cell, *, raw: Sequence[float] = (), ended: Done | None = None) -> list[Event]:
    """All events of a child that was asked for one cell and did it."""
    said: list[Event] = [ready(), Phase(cell=0, phase="warming"), *chunks((1.0,)), Phase(cell=0, phase="measuring")]
    said += chunks(raw or series(0.01))
    return [*said, Phase(cell=0, phase="evaluating"), ended or done(batch_size=one.batch_size)]


def request(*cells: Cell) -> Request:
    """Of one device."""
    return Request(backend=cells[0].backend, device=cells[0].device, cells=cells)


HEARD = Heard(device_name=A100)


def result(step_s: float = 0.01, *, raw: Sequence[float] = (), **changes: Any) -> Result:  # noqa: ANN401  any field
    """A good result with the given median; the fields of its cell are changes as any other."""
    of_cell = {name: value for name, value in changes.items() if name in Cell.__struct_fields__}
    one = cell(**of_cell)
    steps = tuple(raw) or series(step_s)
    ms = step_ms(steps)
    assert ms is not None
    usual = replace(
        empty(one, "ok"),
        steps=200,
        loss=0.1,
        accuracy=0.95,
        time_s=200 * ms.median / 1000,
        compile_s=1.5,
        step_ms=ms,
        samples_per_s=1000 * one.batch_size / ms.median,
        percent_of_peak=20.0,
        device_name="" if one.device == "cpu" else A100,
        data="generated digits, seed 0",
        parameters=61706,
        route="fit",
        raw=steps,
    )
    return replace(usual, **{name: value for name, value in changes.items() if name in Result.__struct_fields__})


def run(step_s: float = 0.01, **changes: Any) -> Run:  # noqa: ANN401  any field of a cell, result or run
    """A good run."""
    own = {
        name: changes.pop(name)
        for name in ("first_step_s", "cpu_ratio", "checks", "tf32", "devices", "beside")
        if name in changes
    }
    of_cell = {name: value for name, value in changes.items() if name in Cell.__struct_fields__}
    for name in ("seed", "rate"):
        changes.pop(name, None)
    return replace(Run(cell=cell(**of_cell), result=result(step_s, **changes), first_step_s=1.5), **own)


def beside(**changes: Any) -> Disturbance:  # noqa: ANN401  any field
    """What was seen beside a cell."""
    return replace(QUIET, **changes)


def bench(*results: Result, environment: Mapping[str, str] | None = None, **changes: Any) -> Bench:  # noqa: ANN401
    """A document."""
    versions = {"keras": "3.12.0", "tensorflow": "2.20.0", "jax": "0.7.0", "driver": "550.54.14"}
    usual = Bench(
        schema=1,
        environment=environment or versions,
        facts_digest="0123456789abcdef",
        results=results,
        verdicts=(),
        seconds=42.0,
        exit_reason="done",
    )
    return replace(usual, **changes)
