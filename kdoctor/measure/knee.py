"""The knee of a batch-size curve: up to which batch a larger one costs hardly any time.

A step takes a fixed time (start of kernels, Python, latency) and a time for every sample: ``t = fixed + batch / rate``.
Fitted to the measured steps with relative weights, the knee is the batch at which both are equal: below it a device
does a batch of 1 and of 10 in about the same time, above it a batch twice as large takes nearly twice as long. There
half of the limit is reached, at nine times the knee nine tenths.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

FEWEST = 3
SEEN = 2.0  # times the largest batch: there the step is half as long again as an empty one
WORST_FIT = 0.5


class Knee(msgspec.Struct, frozen=True, kw_only=True):
    """``place``: whether the knee was seen, from the smallest batch to twice the largest, or lies below or above.

    ``batch``: the knee where it was seen, else the smallest or largest batch; ``limit``: samples a second that the
    curve tends to, 0 where nothing was seen of it; ``fixed_s``: seconds that a step takes whatever its batch.
    """

    place: Literal["within", "below", "above"]
    batch: int
    limit: float
    fixed_s: float


def knee(points: Sequence[tuple[int, float]]) -> Knee | None:
    """From (batch size, seconds a step); None for fewer than three sizes, or where no such curve fits."""
    sizes = sorted({batch for batch, seconds in points if batch > 0 and seconds > 0})
    if len(sizes) < FEWEST:
        return None
    fixed, each = _fit([(batch, seconds) for batch, seconds in points if batch > 0 and seconds > 0])
    if any(abs(fixed + each * batch - seconds) > WORST_FIT * seconds for batch, seconds in points if batch > 0):
        return None
    limit = 1 / each if each > 0 else 0.0
    if each <= 0 or fixed / each > SEEN * sizes[-1]:
        return Knee(place="above", batch=sizes[-1], limit=limit, fixed_s=fixed)
    if fixed / each < sizes[0]:
        return Knee(place="below", batch=sizes[0], limit=limit, fixed_s=fixed)
    return Knee(place="within", batch=round(fixed / each), limit=limit, fixed_s=fixed)


def _fit(points: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """Least squares of the relative error; neither part can be negative."""
    ones = sum(1 / seconds**2 for _, seconds in points)
    firsts = sum(batch / seconds**2 for batch, seconds in points)
    seconds_ = sum(batch**2 / seconds**2 for batch, seconds in points)
    right, rights = sum(1 / seconds for _, seconds in points), sum(batch / seconds for batch, seconds in points)
    determinant = ones * seconds_ - firsts**2
    fixed = (right * seconds_ - rights * firsts) / determinant
    each = (ones * rights - firsts * right) / determinant
    if fixed < 0:
        return 0.0, rights / seconds_
    if each < 0:
        return right / ones, 0.0
    return fixed, each
