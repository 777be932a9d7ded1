"""How figures of training read in a sentence, and how two runs compare."""

from __future__ import annotations

from kdoctor.bench.runs import Run
from kdoctor.measure.difference import Difference, difference

HOUR, MINUTE = 3600.0, 60.0
THOUSAND, TENTH = 1000.0, 0.1


def between(before: Run, after: Run) -> Difference:
    """The time a sample of one run against another's; the ratio is above 1 where ``after`` is slower."""
    first = [value / before.result.batch_size for value in before.result.raw]
    second = [value / after.result.batch_size for value in after.result.raw]
    return difference(first, second)


def gain(before: Run, after: Run) -> float | None:
    """How many times as many samples a second ``after`` does; None where that is not beyond the noise.

    Noise alone decides here: whether the gain is large enough to speak of is for who asks.
    """
    found = between(before, after)
    return 1 / found.ratio if found.clear and found.ratio > 0 else None


def lasting(seconds: float) -> str:
    """A time as people say it.

    >>> [lasting(value) for value in (0.0042, 0.4321, 3.21, 75.0, 300.0, 18000.0)]
    ['4.2 ms', '432 ms', '3.2 s', '75 s', '5.0 min', '5.0 h']
    """
    if seconds < 1:
        return f"{seconds * THOUSAND:.{0 if seconds >= TENTH else 3}{'f' if seconds >= TENTH else 'g'}} ms"
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"  # noqa: PLR2004  two digits are enough
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.1f} min"
    return f"{seconds / HOUR:.1f} h"


def speed(per_s: float) -> str:
    """Samples a second.

    >>> speed(12.34), speed(18700.0)
    ('12 samples/s', '18700 samples/s')
    """
    return f"{per_s:.0f} samples/s" if per_s >= 10 else f"{per_s:.2g} samples/s"  # noqa: PLR2004  two digits


def rough(value: float) -> str:
    """To two digits, as befits what was fitted.

    >>> rough(197), rough(28344.0), rough(7)
    ('200', '28000', '7')
    """
    return f"{float(f'{value:.2g}'):.0f}"


def times(factor: float) -> str:
    """A factor.

    >>> times(1.847), times(9.98), times(23.4)
    ('1.8x', '10x', '23x')
    """
    return f"{factor:.1f}x" if round(factor, 1) < 10 else f"{factor:.0f}x"  # noqa: PLR2004  two digits


def is_gpu(run: Run) -> bool:
    """Whether it ran on a single GPU."""
    return run.result.device.startswith("gpu")
