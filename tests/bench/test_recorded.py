"""What real children said: linear at 0.05 and LeNet, on two CPU cores that others used too; 30 chunks of each are kept.

Keras 3.15.1 on JAX 0.10.2 and on TensorFlow 2.20.0, 2026-11-21.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kdoctor.bench.results import peaks_of, runs_of
from kdoctor.bench.runs import Heard, Measured, Run
from kdoctor.bench.verdicts import verdicts
from kdoctor.model.bench import Event, Request
from kdoctor.model.recipe import Backend
from tests.bench.build import cell

RECORDED = Path(__file__).parent / "recorded"
BACKENDS: tuple[Backend, ...] = ("jax", "tensorflow")


def events(backend: Backend) -> list[Event]:
    """Line by line."""
    decoder = msgspec.json.Decoder[Event](Event)
    return [decoder.decode(line) for line in (RECORDED / f"{backend}-cpu.jsonl").read_bytes().splitlines()]


def runs(backend: Backend) -> tuple[Run, ...]:
    """Of the two cells."""
    cells = (
        cell(workload="linear", backend=backend, device="cpu", batch_size=0, rate=0.05),
        cell(backend=backend, device="cpu"),
    )
    return runs_of(Request(backend=backend, device="cpu", cells=cells), events(backend), Heard())


@pytest.mark.parametrize("backend", BACKENDS)
def test_both_workloads_are_right(backend: Backend) -> None:
    """Steady they need not be: the cores were shared."""
    linear, lenet = runs(backend)
    assert {linear.result.status, lenet.result.status} <= {"ok", "noisy"}
    assert (linear.result.batch_size, lenet.result.parameters) == (160, 61706)
    assert (lenet.result.accuracy or 0) > 0.85
    assert 0 < (lenet.result.percent_of_peak or 0) < 100
    assert linear.result.accuracy is None


def test_the_backends_agree_on_the_first_losses() -> None:
    """To 1e-6, far closer than the verdict asks for."""
    for one, other in zip(runs("jax"), runs("tensorflow"), strict=True):
        assert one.result.first_losses == pytest.approx(other.result.first_losses, rel=1e-6)


def test_no_verdict_is_invented() -> None:
    both = (*runs("jax"), *runs("tensorflow"))
    peaks = {f"{backend} cpu": peaks_of(events(backend)) for backend in BACKENDS}
    assert [one for one in verdicts(Measured(runs=both, peaks=peaks)) if one.severity != "note"] == []
