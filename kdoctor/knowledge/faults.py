"""Faults of a driver that can be simulated, and what its libraries answer then."""

import functools
from collections.abc import Mapping
from typing import Literal

from kdoctor.knowledge.tables import Row, Table, load

Offered = Literal["both", "only-libcuda", "only-nvml"]


class Fault(Row, frozen=True, kw_only=True):
    """One fault. ``state``: keys of the fake driver; ``count``: how many GPUs CUDA lists more than NVML.

    ``memory_free_mib``: what another process leaves free of every GPU's memory, None where none holds any.
    """

    id: str
    what: str
    state: Mapping[str, int | str] = {}
    offered: Offered = "both"
    count: int = 0
    memory_free_mib: int | None = None


class FaultTable(Table, frozen=True, kw_only=True, rename={"faults": "fault"}):
    """faults.toml."""

    faults: tuple[Fault, ...]


@functools.cache
def table() -> FaultTable:
    """The whole table."""
    return load("faults", FaultTable)


def faults() -> tuple[Fault, ...]:
    """All faults, in the order of the file."""
    return table().faults


def fault(name: str) -> Fault | None:
    """The fault called ``name``."""
    return next((row for row in faults() if row.id == name), None)
