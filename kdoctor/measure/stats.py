"""What a series of timed chunks says, and how sure it is: medians, spread, drift, outliers.

Input: seconds a step, one value a chunk, in the order in which they were measured. Everything rests on medians, for a
machine that does something else now and then makes a few chunks long and none short.

References: the factor 1.4826 makes the median absolute deviation of normal noise its standard deviation; the standard
error of a median is then 1.2533 sigma / sqrt(n) (Rousseeuw and Croux, JASA 88, 1993).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from kdoctor.model.bench import StepMs

SIGMA = 1.4826
OF_MEDIAN = 1.2533
BLOCKS = 4
FEWEST_IN_BLOCK = 4
OUTLIER = 10.0
SMALLEST_SIGMA = 0.01  # of the median: a clock that ticks coarsely makes equal chunks
MOST_POINTS = 100
DRIFT = 0.05
FEWEST_FOR_DRIFT = 8
CERTAIN = 3.0


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """``change``: from begin to end, relative to the median; ``clear``: beyond chance and large enough to matter."""

    change: float
    clear: bool


def median(values: Sequence[float]) -> float:
    """The value in the middle."""
    return statistics.median(values)


def mad(values: Sequence[float]) -> float:
    """The median absolute deviation, not scaled.

    >>> mad([1.0, 2.0, 3.0, 4.0, 100.0])
    1.0
    """
    middle = median(values)
    return median([abs(value - middle) for value in values])


def percentile(values: Sequence[float], percent: float) -> float:
    """Linear between the two nearest values.

    >>> percentile([1.0, 2.0, 3.0, 4.0, 5.0], 90)
    4.6
    """
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return min(max(ordered[below] + (ordered[above] - ordered[below]) * (place - below), ordered[0]), ordered[-1])


def spread(values: Sequence[float]) -> float:
    """The robust standard deviation of a chunk, relative to the median; 0 where the median is 0."""
    middle = median(values)
    return SIGMA * mad(values) / middle if middle else 0.0


def step_ms(seconds: Sequence[float]) -> StepMs | None:
    """The figures of a result from seconds a step; None where nothing was measured."""
    if not seconds:
        return None
    values = [1000 * value for value in seconds]
    return StepMs(
        median=median(values),
        mad=mad(values),
        p10=percentile(values, 10),
        p90=percentile(values, 90),
        min=min(values),
    )


def blocks(values: Sequence[float], count: int) -> list[Sequence[float]]:
    """The series in ``count`` parts of nearly equal length, none empty as long as there are enough values."""
    edges = [round(index * len(values) / count) for index in range(count + 1)]
    return [values[begin:end] for begin, end in pairwise(edges) if end > begin]


def standard_error(values: Sequence[float]) -> float:
    """How sure the median is, relative to it.

    Chunks that follow one another are alike, so that many of them prove less than they seem to: where the medians of
    parts of the series differ more than independent chunks would, those count. Infinite for fewer than two values.
    """
    middle = median(values) if values else 0.0
    if len(values) < 2 or middle <= 0:  # noqa: PLR2004  one value has no spread
        return math.inf
    alone = OF_MEDIAN * SIGMA * mad(values) / math.sqrt(len(values))
    if len(values) < BLOCKS * FEWEST_IN_BLOCK:
        return max(alone, OF_MEDIAN * _small_sigma(values) / math.sqrt(len(values))) / middle
    together = statistics.stdev([median(part) for part in blocks(values, BLOCKS)]) / math.sqrt(BLOCKS)
    return max(alone, together) / middle


def _small_sigma(values: Sequence[float]) -> float:
    """Of few values, the larger of the robust deviation and half the range between the 10th and 90th percentile."""
    return max(SIGMA * mad(values), (percentile(values, 90) - percentile(values, 10)) / 2.5631)


def outliers(values: Sequence[float]) -> tuple[int, ...]:
    """The places of chunks that took far longer or shorter than the noise of the others explains."""
    if not values:
        return ()
    middle = median(values)
    sigma = max(SIGMA * mad(values), SMALLEST_SIGMA * abs(middle))
    return tuple(place for place, value in enumerate(values) if abs(value - middle) > OUTLIER * sigma)


def drift(values: Sequence[float]) -> Drift:
    """Whether chunks become slower or faster: the slope of Theil and Sen, judged by the test of Mann and Kendall."""
    parts = values if len(values) <= MOST_POINTS else [median(part) for part in blocks(values, MOST_POINTS)]
    count = len(parts)
    middle = median(parts) if parts else 0.0
    if count < FEWEST_FOR_DRIFT or middle <= 0:
        return Drift(change=0.0, clear=False)
    pairs = [(parts[j] - parts[i], j - i) for i in range(count) for j in range(i + 1, count)]
    change = median([rise / run for rise, run in pairs]) * (count - 1) / middle
    score = sum((rise > 0) - (rise < 0) for rise, _ in pairs)
    deviation = math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    return Drift(change=change, clear=abs(change) > DRIFT and abs(score) / deviation > CERTAIN)


def processors(cpu_s: float, wall_s: float) -> float | None:
    """How many processors were busy on average; None where no time passed."""
    return cpu_s / wall_s if wall_s > 0 else None
