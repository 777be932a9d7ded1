"""What the machines of a fleet should have in common, and what it means where one does not answer."""

from __future__ import annotations

import functools
from typing import Literal

from kdoctor.knowledge.tables import Row, Table, load


class Property(Row, frozen=True, kw_only=True):
    """``within``: compared between all machines, or those with the same GPUs. ``sure``: a difference is a fault."""

    id: str
    title: str
    within: Literal["all", "gpu"] = "all"
    sure: bool = True
    layer: str
    source: str
    why: str
    do: str


class LostRow(Row, frozen=True, kw_only=True):
    """Machines without a report; ``title`` ends the sentence "3 machines ..."."""

    id: str
    title: str
    why: str
    do: str


class FleetTable(Table, frozen=True, kw_only=True, rename={"properties": "property", "losses": "lost"}):
    """fleet.toml."""

    properties: tuple[Property, ...]
    losses: tuple[LostRow, ...]


@functools.cache
def table() -> FleetTable:
    """The whole table."""
    return load("fleet", FleetTable)
