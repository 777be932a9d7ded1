"""The models that `kdoctor bench` trains: what a right result is, and what a whole training is."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Literal

from kdoctor.knowledge.tables import Row, Table, load

Family = Literal["dense", "convolution", "recurrent"]


class Bound(Row, frozen=True, kw_only=True):
    """A limit for a value of the workload's own; ``rate`` None: at any learning rate."""

    check: str
    rate: float | None = None
    near: float | None = None
    within: float = 0.0
    most: float | None = None


class Accuracy(Row, frozen=True, kw_only=True):
    """The least on data that it was not trained on, once so many samples were seen; ``data``: how their name begins."""

    least: float
    samples: int
    data: str = ""


class Workload(Row, frozen=True, kw_only=True, rename={"bounds": "bound"}):
    """One model; ``samples``, ``epochs`` and ``batch_size`` of a whole training; ``agreement`` by precision.

    ``batch_size_without_gpu`` 0: the same.
    """

    name: str
    family: Family
    samples: int
    epochs: int
    batch_size: int
    source: str
    batch_size_without_gpu: int = 0
    agreement: Mapping[str, float] = {}
    cost_agreement: Mapping[str, float] = {}
    bounds: tuple[Bound, ...] = ()
    accuracy: Accuracy | None = None


class WorkloadTable(Table, frozen=True, kw_only=True, rename={"sources": "source", "workloads": "workload"}):
    """workloads.toml."""

    workloads: tuple[Workload, ...]


@functools.cache
def table() -> WorkloadTable:
    """The whole table."""
    return load("workloads", WorkloadTable)


def workload(name: str) -> Workload | None:
    """The row of that name; None for a workload that nobody has given bounds."""
    return next((row for row in table().workloads if row.name == name), None)
