"""Whether two series of chunks differ beyond their noise, and the smallest change that would have been seen.

Input: seconds a step of the chunks before and after. A change is told only if three things agree: the rank test of
Mann and Whitney, the distance of the medians against their standard errors, and a floor below which two runs of the
same program on the same quiet machine differ anyway.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from kdoctor.measure.stats import median, standard_error

CERTAIN = 3.0  # standard errors; one false alarm in 370 comparisons of normal noise
FLOOR = 0.03  # a change of so little is never told: another start of the same program can make it
FEWEST = 5


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """``ratio``: median after by median before, in time (1.15: 15 % slower).

    ``detectable``: the smallest relative change that would be told, infinite where nothing could. ``score``: of the
    rank test, in standard deviations, positive where it became slower.
    """

    ratio: float
    detectable: float
    score: float

    @property
    def clear(self) -> bool:
        """Whether it is more than noise."""
        return abs(self.ratio - 1) > self.detectable and abs(self.score) > CERTAIN


def difference(before: Sequence[float], after: Sequence[float], *, floor: float = FLOOR) -> Difference:
    """Compare two series; too short ones have no detectable change."""
    if min(len(before), len(after)) < FEWEST or median(before) <= 0:
        ratio = median(after) / median(before) if before and after and median(before) > 0 else 1.0
        return Difference(ratio=ratio, detectable=math.inf, score=0.0)
    error = math.hypot(standard_error(before), standard_error(after))
    return Difference(
        ratio=median(after) / median(before),
        detectable=floor + CERTAIN * error,
        score=rank_score(before, after),
    )


def rank_score(before: Sequence[float], after: Sequence[float]) -> float:
    """Mann and Whitney's U in standard deviations, corrected for ties; positive where ``after`` is larger.

    >>> round(rank_score([1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]), 2)
    2.31
    """
    both = sorted([(value, 0) for value in before] + [(value, 1) for value in after])
    first, second, total = len(before), len(after), len(before) + len(after)
    rank_sum, ties, place = 0.0, 0.0, 0
    while place < total:
        end = place
        while end < total and both[end][0] == both[place][0]:
            end += 1
        rank = (place + 1 + end) / 2
        rank_sum += rank * sum(group for _, group in both[place:end])
        ties += (end - place) ** 3 - (end - place)
        place = end
    variance = first * second / 12 * (total + 1 - ties / (total * (total - 1)))
    u = rank_sum - second * (second + 1) / 2
    return (u - first * second / 2) / math.sqrt(variance) if variance > 0 else 0.0
