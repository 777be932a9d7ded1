"""Whether a cell computed rightly: finite, falling, and within the bounds of its workload.

Input: what the cell was, what it said at its end, and its chunks; output: sentences on what is wrong, and on what was
accepted with a reserve. No sentence of the first kind: it is right.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from kdoctor.knowledge.workloads import Bound, Workload, workload
from kdoctor.model.bench import Cell, Chunk, Done

TF32_AGREEMENT = 5e-3  # TF32 keeps 10 bits: it rounds each product by up to 5e-4
SAME_RATE = 1e-9
FEWEST_STEPS = 20  # before that a loss may still rise


class Judged(msgspec.Struct, frozen=True):
    """``wrong``: none where it is right; ``reserves``: what was let pass, and why."""

    wrong: tuple[str, ...]
    reserves: tuple[str, ...] = ()


def judge(cell: Cell, done: Done, chunks: Sequence[Chunk], *, tf32: bool | None = None) -> Judged:
    """By the general bounds, and by those of the workload where it has a row."""
    row = workload(cell.workload)
    disagreeing, reserves = ((), ()) if row is None else _agreement(row, cell, done, tf32=tf32)
    wrong = tuple(_not_finite(done, chunks)) or disagreeing
    if not wrong:
        wrong = (*_not_falling(row, done, chunks), *(() if row is None else _bounds(row, cell, done)))
    return Judged(tuple(wrong), tuple(reserves))


def _not_finite(done: Done, chunks: Sequence[Chunk]) -> Iterator[str]:
    """JSON has no number that is not finite: a child writes null for it."""
    noted: list[float | None] = [*done.first_losses, *(chunk.loss for chunk in chunks), *done.losses]
    for number, loss in enumerate(noted, 1):
        if not _finite(loss):
            yield f"The loss is {'no finite number' if loss is None else loss} (number {number} of those noted)."
            return
    for name, value in done.checks.items():
        if name != "losses_not_finite" and not _finite(value):
            yield f"{name} is {'no finite number' if value is None else value}."
    if done.checks.get("losses_not_finite") or not (done.loss is None or _finite(done.loss)):
        yield "A loss is no finite number."


def known(values: Iterable[float | None]) -> list[float]:
    """Those that are numbers."""
    return [value for value in values if value is not None]


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _not_falling(row: Workload | None, done: Done, chunks: Sequence[Chunk]) -> Iterator[str]:
    """Once it has seen as many samples as it needs to learn; a network may first become worse, by RMSprop above all."""
    samples = row.accuracy.samples if row is not None and row.accuracy is not None else 0
    early = done.steps < FEWEST_STEPS or done.steps * done.batch_size < samples
    if not done.first_losses or early or done.loss is None:
        return
    noted = [done.loss, *done.losses, *(chunk.loss for chunk in chunks)]
    first, least = done.first_losses[0], min(known(noted), default=math.inf)
    if first is not None and least >= first:
        yield f"The loss was {first:.4g} at the first step and {least:.4g} at best after {done.steps}; it must fall."


def _agreement(row: Workload, cell: Cell, done: Done, *, tf32: bool | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What lies farther from the float64 descent than the precision explains; and what TF32 explains."""
    wrong, reserves = [], []
    for name, value in done.checks.items():
        exact = done.checks.get(f"expected_{name}")
        if exact is None or value is None or not row.agreement:
            continue
        is_cost = name.startswith("cost")
        allowed = (row.cost_agreement if is_cost else row.agreement).get(cell.precision, math.inf)
        away = abs(value - exact) / (abs(exact) if is_cost and exact else max(1.0, abs(exact)))
        said = f"{name} is {value:.6g}, float64 gives {exact:.6g}: {away:.1e} apart, {allowed:.0e} is allowed."
        if cell.precision == "float32" and tf32 and allowed < away <= TF32_AGREEMENT:
            reserves.append(f"{said} Accepted, since float32 products are rounded to TF32 here.")
        elif not away <= allowed:
            wrong.append(said)
    return tuple(wrong), tuple(reserves)


def _bounds(row: Workload, cell: Cell, done: Done) -> Iterator[str]:
    rate = cell.rate or done.checks.get("rate") or 0.0
    for bound in row.bounds:
        value = done.checks.get(bound.check)
        if value is not None and (bound.rate is None or abs(rate - bound.rate) < SAME_RATE):
            yield from _bound(bound, value)
    yield from _accuracy(row, cell, done)


def _accuracy(row: Workload, cell: Cell, done: Done) -> Iterator[str]:
    """Only of the workload's own data and rate: nobody knows what the user's can reach."""
    seen = done.steps * (done.batch_size or cell.batch_size)
    asked = row.accuracy
    if asked is None or done.accuracy is None or cell.data or cell.rate or seen < asked.samples:
        return
    if not done.data.startswith(asked.data):
        return
    if not done.accuracy >= asked.least:
        said = f"The accuracy on data not trained on is {done.accuracy:.3f} after {seen} samples"
        yield f"{said}; {asked.least} is the least."


def _bound(bound: Bound, value: float) -> Iterator[str]:
    if bound.near is not None and not abs(value - bound.near) <= bound.within:
        yield f"{bound.check} is {value:.4g}; it must be {bound.near} within {bound.within}."
    if bound.most is not None and not value <= bound.most:
        yield f"{bound.check} is {value:.4g}; at most {bound.most} is right."
