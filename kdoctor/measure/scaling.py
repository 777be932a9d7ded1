"""How well several devices work together, and where the rest of their time goes.

Input: seconds a step. *Weak*: every device keeps its batch, so that the ideal step takes as long as one device's.
*Strong*: the batch is divided, so that the ideal step takes one device's time divided by their number.
"""

from __future__ import annotations

import msgspec


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of the step on several devices; with ``efficiency`` they add up to 1.

    ``communication`` and ``input``: None where it was not measured, and then part of ``rest``.
    """

    efficiency: float
    communication: float | None
    input: float | None
    rest: float


def speed_up(one_per_s: float, many_per_s: float) -> float:
    """How many times as many samples a second; above 1 is faster."""
    return many_per_s / one_per_s


def weak_efficiency(one_s: float, many_s: float) -> float:
    """1: the step on several devices, each with the batch of the one, takes no longer."""
    return one_s / many_s


def strong_efficiency(one_s: float, many_s: float, devices: int) -> float:
    """1: the step with the same batch, divided among the devices, takes one device's time by their number."""
    return one_s / (devices * many_s)


def split(
    ideal_s: float, many_s: float, *, on_device_s: float | None = None, communication_s: float | None = None
) -> Split:
    """Where a step on several devices loses its time.

    Args:
        ideal_s: the step if nothing were lost.
        many_s: the step as it is.
        on_device_s: the step with the data already on the devices: what it saves is the input's.
        communication_s: exchanging the gradients alone; what training hides of it behind computing is not lost, so
            that it never counts for more than is left.
    """
    lost = max(0.0, many_s - ideal_s)
    by_input = None if on_device_s is None else min(lost, max(0.0, many_s - on_device_s))
    left = lost - (by_input or 0.0)
    by_exchange = None if communication_s is None else min(left, max(0.0, communication_s))
    rest = left - (by_exchange or 0.0)
    return Split(
        efficiency=1 - lost / many_s,
        communication=None if by_exchange is None else by_exchange / many_s,
        input=None if by_input is None else by_input / many_s,
        rest=rest / many_s,
    )
