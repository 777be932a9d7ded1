"""Which device of a fleet is slower than its like? From the documents of `kdoctor bench --format json`.

A device is compared with all of its kind in the fleet, in each cell of the bench by itself. It is a straggler where a
step takes longer than the fleet's median by three robust deviations, and by enough to matter. What was noisy is
compared with nothing, for no verdict rests on it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from kdoctor.bench.results import SCHEMA
from kdoctor.fleet.differ import ID, differs, listed
from kdoctor.measure.stats import SIGMA, SMALLEST_SIGMA, mad, median
from kdoctor.model.bench import Bench, Result
from kdoctor.model.finding import Evidence, Remedy
from kdoctor.model.fleet import FleetFinding, Node, NodeFinding, Shared, Speed

SLOW = differs("speed")
BENCH = "BENCH"
DEVIATIONS = 3.0
MATTERS = 0.05  # of the median; below it no job notices
FEWEST = 3
NAMED = 6
TOLD = ("error", "warning")


class Slow(msgspec.Struct, frozen=True, kw_only=True):
    """A straggler; ``usual`` and ``sigma``: the fleet's median and robust deviation, in ms a step."""

    node: str
    speed: Speed
    usual: float
    sigma: float

    @property
    def times(self) -> float:
        """How much longer a step takes."""
        return self.speed.ms / self.usual


def measured(name: str, document: bytes) -> Node:
    """A machine from its bench document. Raises msgspec's errors for what is none."""
    bench = msgspec.json.decode(document, type=Bench)
    if bench.schema != SCHEMA:
        said = f"its bench has schema {bench.schema}; {SCHEMA} is read here"
        return Node(name=name, lost="other-schema", said=said)
    findings = tuple(
        NodeFinding(
            id=BENCH,
            name=verdict.name,
            cause=None,
            severity=verdict.severity,
            confidence="certain",
            role="independent",
            what=verdict.what,
        )
        for verdict in bench.verdicts
        if verdict.severity in TOLD
    )
    return Node(name=name, findings=findings, speeds=tuple(map(_speed, _timed(bench.results))))


def _timed(results: Iterable[Result]) -> Iterator[Result]:
    return (item for item in results if item.status in {"ok", "noisy"} and item.step_ms is not None)


def _speed(result: Result) -> Speed:
    what = (result.workload, result.backend, result.mode, result.precision, f"batch {result.batch_size}")
    ms = result.step_ms.median if result.step_ms is not None else 0.0
    kind = f"{result.device.partition(':')[0]} {result.device_name}".strip()
    return Speed(cell=", ".join(what), device=result.device, kind=kind, ms=ms, noisy=result.status == "noisy")


def speeds(nodes: Sequence[Node]) -> Iterator[Shared]:
    """For each cell the median of every kind of device, and how many machines have it."""
    rows: dict[str, list[tuple[str, int]]] = defaultdict(list)
    noisy = Counter(cell for node in nodes for cell in {speed.cell for speed in node.speeds if speed.noisy})
    for (cell, kind), items in _groups(nodes).items():
        middle = median([speed.ms for _, speed in items])
        rows[cell].append((f"{middle:.3g} ms a step on {kind}", len({name for name, _ in items})))
    for cell, number in noisy.items():
        rows[cell].append(("noisy, not compared", number))
    for cell, values in rows.items():
        yield Shared(
            property="speed", title=cell.partition(",")[0], values=tuple(sorted(values, key=lambda row: -row[1]))
        )


def slow(nodes: Sequence[Node]) -> tuple[Slow, ...]:
    """Every straggler in every cell, the slowest first."""
    found = []
    for items in _groups(nodes).values():
        times = [speed.ms for _, speed in items]
        usual = median(times)
        if len(items) < FEWEST or usual <= 0:
            continue
        sigma = max(SIGMA * mad(times), SMALLEST_SIGMA * usual)
        limit = usual + max(DEVIATIONS * sigma, MATTERS * usual)
        found += [Slow(node=name, speed=speed, usual=usual, sigma=sigma) for name, speed in items if speed.ms > limit]
    return tuple(sorted(found, key=lambda item: -item.times))


def stragglers(nodes: Sequence[Node]) -> Iterator[FleetFinding]:
    """One finding for all of them, each device named; nothing where there is none."""
    found = slow(nodes)
    if not found:
        return
    names = tuple(node.name for node in nodes if any(item.node == node.name for item in found))
    of = sum(1 for node in nodes if node.speeds)
    worst = found[0]
    verb = "trains" if len(names) == 1 else "train"
    seen = [
        Evidence(fact=f"{item.node} {item.speed.device}", value=_told(item), source="bench") for item in found[:NAMED]
    ]
    if len(found) > NAMED:
        seen.append(Evidence(fact="and", value=f"{len(found) - NAMED} more", source="bench"))
    yield FleetFinding(
        id=ID,
        name=SLOW,
        cause=None,
        severity="warning",
        confidence="certain",
        role="independent",
        what=f"{len(names)} of {of} machines {verb} more slowly than others of the kind: {listed(names)}.",
        why="Synchronous training goes at the pace of its slowest device: with "
        f"{worst.node} {worst.speed.device} in it a step takes {worst.times:.2f} times as long.",
        remedy=Remedy(
            text="Look at that device there, its heat, its power limit and what else runs on the machine: "
            "`nvidia-smi -q -d PERFORMANCE,TEMPERATURE,POWER`. Then measure again."
        ),
        evidence=tuple(seen),
        nodes=names,
    )


def _told(item: Slow) -> str:
    figures = f"{item.speed.ms:.3g} ms a step, usual are {item.usual:.3g} (deviation {item.sigma:.2g})"
    return f"{item.times:.2f} times the usual on {item.speed.kind}: {item.speed.cell}: {figures}"


def _groups(nodes: Sequence[Node]) -> Mapping[tuple[str, str], list[tuple[str, Speed]]]:
    """What is compared: the same cell on the same kind of device, where it was measured well."""
    groups: dict[tuple[str, str], list[tuple[str, Speed]]] = defaultdict(list)
    for node in nodes:
        for speed in (speed for speed in node.speeds if not speed.noisy):
            groups[speed.cell, speed.kind].append((node.name, speed))
    return groups
