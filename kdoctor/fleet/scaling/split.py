"""Where a step of several workers loses its time, in parts that were measured each by itself.

A step together takes: one worker's step if nothing were lost; what a divided batch costs (strong scaling); what
workers cost each other where they share a machine, of which the wait for input is told apart; the wait for the slowest
of them, step by step; the exchange of gradients, as far as training does not hide it behind computing, and never more
than it takes alone; and a rest that nothing of these explains.
"""

from __future__ import annotations

from typing import Literal

from kdoctor.bench.steady import unsteady
from kdoctor.fleet.scaling.series import Series, middle, slowest_of_each
from kdoctor.measure.stats import median
from kdoctor.model.scaling import Exchanged, Part, PartName, Scaled

MS = 1000.0


def scaled(series: Series, exchange: Exchanged | None) -> tuple[Scaled, ...]:
    """Weak and strong scaling, as far as all workers measured them; without an ``exchange`` no round was whole."""
    built = series.built
    if built is None or exchange is None or not series.is_complete(built.batch_size):
        return ()
    kinds: list[tuple[Literal["weak", "strong"], int]] = [("weak", built.batch_size)]
    if built.part < built.batch_size and series.is_complete(built.part):
        kinds.append(("strong", built.part))
    return tuple(_scaled(series, kind, size, built.batch_size, exchange) for kind, size in kinds)


def exchanged(series: Series) -> Exchanged | None:
    """The exchange alone, over all workers and rounds."""
    times = [seconds for event in series.exchanges for seconds in event.seconds]
    if not times or median(times) <= 0:
        return None
    size = series.exchanges[0].bytes
    return Exchanged(bytes=size, ms=MS * median(times), per_s=size / median(times))


def _scaled(series: Series, kind: Literal["weak", "strong"], size: int, whole: int, exchange: Exchanged) -> Scaled:
    one, alone = series.alone(whole), series.alone(size)
    assert one is not None  # noqa: S101  is_complete says so
    assert alone is not None  # noqa: S101
    apart, together = series.rows("apart", size), series.rows("together", size)
    usual, world = middle(apart), len(series.workers)
    synchronous = median(slowest_of_each(apart))
    step = median([seconds for row in together.values() for seconds in row.seconds])
    ideal = one.step_s * size / whole
    slowed = max(0.0, usual.step_s - alone.step_s)
    waiting = min(slowed, max(0.0, median(usual.waits) - median(alone.waits)))
    parts: dict[PartName, float] = {
        "communication": min(max(0.0, step - synchronous), exchange.ms / MS),
        "input": waiting,
        "imbalance": max(0.0, synchronous - usual.step_s),
        "smaller batch": alone.step_s - ideal,
        "shared machine": slowed - waiting,
    }
    parts["rest"] = step - ideal - sum(parts.values())
    many = [max(some) for some in zip(*(row.seconds for row in together.values()), strict=True)]
    return Scaled(
        kind=kind,
        batch_size=size,
        one_ms=MS * one.step_s,
        ideal_ms=MS * ideal,
        step_ms=MS * step,
        speed_up=one.step_s / whole * size * world / step,
        efficiency=ideal / step,
        parts=tuple(
            Part(name=name, ms=MS * seconds, share=seconds / step)
            for name, seconds in parts.items()
            if seconds or name == "rest"
        ),
        notes=(
            *(f"One worker: {note}" for note in unsteady(one.seconds)),
            *(f"Together: {note}" for note in unsteady(many)),
        ),
    )
