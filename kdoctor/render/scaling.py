"""Workers that trained together, for people: the workers, where the time of a step goes, and what that means."""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.model.scaling import PartName, Scaled, Scaling
from kdoctor.render.bench import short, verdict_lines
from kdoctor.render.text import MAX_WIDTH, MIN_WIDTH, Line, visible

NAMES: dict[PartName, str] = {
    "communication": "exchange of gradients",
    "input": "waiting for input",
    "imbalance": "waiting for the slowest",
    "smaller batch": "smaller batch a worker",
    "shared machine": "sharing a machine",
    "rest": "not explained",
}
MOST_ROWS = 16
LEAST = 0.005  # of a step; less has no line


def lines(found: Scaling, *, width: int = 80) -> Iterator[Line]:
    """The report as lines of at most ``width`` columns."""
    width = max(MIN_WIDTH, min(width, MAX_WIDTH))
    yield ((f"{found.workload} on {found.backend}, {len(found.workers)} workers", "bold"),)
    about = [f"{found.parameters:,} parameters"] if found.parameters else []
    for text in (*about, found.data, found.route):
        if text:
            yield ((f"  {visible(text)}"[:width], "dim"),)
    yield ()
    yield from _workers(found, width)
    for one in found.scaled:
        yield from _scaled(one, len(found.workers))
    for verdict in found.verdicts:
        yield from verdict_lines(verdict, width)
    yield ((summary(found), "bold"),)


def _workers(found: Scaling, width: int) -> Iterator[Line]:
    room = max(len("machine"), *(len(visible(row.name)) for row in found.workers))
    room = min(room, width - 40)
    yield ((f"  worker  {'machine':<{room}}  device  threads  ms/step", "dim"),)
    for row in found.workers[:MOST_ROWS]:
        step = "-" if row.step_ms is None else short(row.step_ms)
        text = f"  {row.rank:>6}  {visible(row.name)[:room]:<{room}}  {row.device:<6}  {row.threads:>7}  {step:>7}"
        yield ((text, "red" if row.failed else ""),)
    if len(found.workers) > MOST_ROWS:
        yield ((f"  and {len(found.workers) - MOST_ROWS} more", "dim"),)
    yield ()


def _scaled(one: Scaled, world: int) -> Iterator[Line]:
    """A step of all workers, as a sum."""
    yield ((title_of(one), "bold"),)
    yield ((f"  {world} workers {one.speed_up:.2f}x as fast as one, efficiency {one.efficiency:.0%}", ""),)
    for name, ms, share in (row for row in rows_of(one) if abs(row[2]) >= LEAST):
        yield ((f"  {name:<24}{signed(ms):>9} ms  {percent(share):>4}", ""),)
    yield ((f"  {'a step together':<24}{short(one.step_ms):>9} ms  100%", ""),)
    yield ()


def rows_of(one: Scaled) -> Iterator[tuple[str, float, float]]:
    """The parts of a step by their names, in milliseconds and as shares; they add up to it."""
    yield "one worker's own work", one.ideal_ms, one.efficiency
    yield from ((NAMES.get(part.name, part.name), part.ms, part.share) for part in one.parts)


def title_of(one: Scaled) -> str:
    """How it is scaled, in words."""
    what = "a batch of its own for each worker" if one.kind == "weak" else "one batch, shared"
    return f"{one.kind} scaling: {what}, {one.batch_size} each"


def signed(ms: float) -> str:
    """Three digits, and a sign where it is below 0."""
    return f"-{short(-ms)}" if ms < 0 else short(ms)


def percent(share: float) -> str:
    """Whole, and never "-0%"."""
    return f"{round(100 * share) + 0:d}%"


def summary(found: Scaling) -> str:
    """The last line."""
    ways = [f"{one.kind} scaling {one.efficiency:.0%}" for one in found.scaled]
    if not ways:
        return f"{len(found.workers)} workers: no step was measured."
    return f"{len(found.workers)} workers: {', '.join(ways)}."
