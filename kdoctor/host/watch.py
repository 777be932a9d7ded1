"""How busy is the machine with other things? Counters to be read before and after something is measured."""

from __future__ import annotations

import os
import time

import msgspec
import psutil


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Counters since the start of the machine, in seconds of one core; ``at``: a clock that only goes forward.

    ``steal_s``: what a hypervisor gave to others, 0.0 where the system does not say. ``load``: runnable processes,
    over one minute.
    """

    at: float
    busy_s: float
    steal_s: float
    load: float
    cores: int


def sample() -> Sample:
    """The counters now."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    steal = float(getattr(times, "steal", 0.0))
    counted = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return Sample(
        at=time.monotonic(),
        busy_s=counted - idle - steal,
        steal_s=steal,
        load=load,
        cores=psutil.cpu_count() or 1,
    )
