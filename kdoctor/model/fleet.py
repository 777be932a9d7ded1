"""Many machines at once: what each of them is, what differs between them, and what is broken where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from kdoctor.model.finding import Confidence, Finding, Role, Severity

FLEET_SCHEMA = 1
Lost = Literal["died", "hung", "refused", "unreachable", "garbage", "other-schema", "missing"]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back from a node: the bytes of its report, or how it was lost and in which words."""

    node: str
    report: bytes = b""
    lost: Lost | None = None
    said: str = ""


class NodeFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding of one node's report, without what is the same on every node."""

    id: str
    name: str
    cause: str | None
    severity: Severity
    confidence: Confidence
    role: Role
    what: str


class Speed(msgspec.Struct, frozen=True, kw_only=True):
    """What one device of a machine reached in one cell of the bench; ``kind``: what it is compared with."""

    cell: str
    device: str
    kind: str
    ms: float
    noisy: bool = False


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One machine. ``values``: property (knowledge/fleet.toml) to what it is there; left out where it is unknown.

    ``packages``: distribution to version in the examined environment. ``lost``: why there is no report of it.
    """

    name: str
    values: Mapping[str, str] = {}
    packages: Mapping[str, str] = {}
    findings: tuple[NodeFinding, ...] = ()
    speeds: tuple[Speed, ...] = ()
    lost: Lost | None = None
    said: str = ""


class FleetFinding(Finding, frozen=True, kw_only=True):
    """A finding and the nodes that it is about, in the order of their names."""

    nodes: tuple[str, ...]


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """A property and its values, the most frequent first, each with the number of nodes."""

    property: str
    title: str
    values: tuple[tuple[str, int], ...]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A node on the map: the worst of its own findings, the first one's name, and what it differs in."""

    name: str
    state: Literal["ok", "note", "warning", "error", "lost"]
    primary: str = ""
    differs: tuple[str, ...] = ()


class FleetReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result over all nodes; ``findings`` is ranked as in a check's report, ``map`` is in the order of names."""

    schema: int
    kdoctor: str
    primary: FleetFinding | None
    findings: tuple[FleetFinding, ...]
    shared: tuple[Shared, ...]
    map: tuple[Row, ...]
    answered: int
