"""What else went on while a cell was measured, and whether it spoils the numbers.

Input: samples that were taken beside the child; output: one summary, and sentences about what exceeded its limit.
Throttling is no noise: the device really is that slow, and a verdict of its own says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from kdoctor.measure.stats import median

MOST_LOAD_CPU, MOST_LOAD_GPU, MOST_STEAL = 0.15, 0.5, 0.05
SERIOUS = {
    "hw_slowdown": "a hardware slowdown",
    "hw_thermal_slowdown": "its temperature (hardware limit)",
    "sw_thermal_slowdown": "its temperature",
    "hw_power_brake_slowdown": "the power supply (power brake)",
}
MILD = {"sw_power_cap": "its power limit"}


class Disturbance(msgspec.Struct, frozen=True, kw_only=True):
    """One sample, or the summary of several; None: not known.

    ``load_per_core``: processor time that *other* processes took, per core, 0 to 1. ``steal``: share of time that the
    hypervisor gave to other machines. ``gpu_processes``: other processes that compute on the GPU. ``throttling``:
    NVML's reasons in lower case, e.g. sw_power_cap. ``clock_mhz``: of the GPU's multiprocessors, and the most it has.
    """

    load_per_core: float | None = None
    steal: float | None = None
    gpu_processes: int | None = None
    throttling: tuple[str, ...] = ()
    clock_mhz: float | None = None
    clock_max_mhz: float | None = None


QUIET = Disturbance()


def summed(samples: Sequence[Disturbance]) -> Disturbance:
    """The middle of load, steal and clock, the most GPU processes, and what throttled in half the samples or more."""
    names = sorted({name for sample in samples for name in sample.throttling})
    return Disturbance(
        load_per_core=_over(samples, lambda sample: sample.load_per_core, median),
        steal=_over(samples, lambda sample: sample.steal, median),
        gpu_processes=max((one.gpu_processes for one in samples if one.gpu_processes is not None), default=None),
        throttling=tuple(name for name in names if 2 * sum(name in one.throttling for one in samples) >= len(samples)),
        clock_mhz=_over(samples, lambda sample: sample.clock_mhz, median),
        clock_max_mhz=_over(samples, lambda sample: sample.clock_max_mhz, max),
    )


def _over(
    samples: Sequence[Disturbance],
    field: Callable[[Disturbance], float | None],
    reduce: Callable[[Sequence[float]], float],
) -> float | None:
    values = [value for value in map(field, samples) if value is not None]
    return reduce(values) if values else None


def share(seen: Disturbance) -> float:
    """The clock as a share of the most; 1 where it is not known."""
    return seen.clock_mhz / seen.clock_max_mhz if seen.clock_mhz and seen.clock_max_mhz else 1.0


def spoiled(seen: Disturbance, *, on_cpu: bool) -> tuple[str, ...]:
    """Why numbers measured meanwhile cannot be trusted, in sentences; none: they can."""
    notes = []
    most = MOST_LOAD_CPU if on_cpu else MOST_LOAD_GPU
    if seen.load_per_core is not None and seen.load_per_core > most:
        notes.append(f"Other processes took {seen.load_per_core:.0%} of the cores; up to {most:.0%} is quiet.")
    if seen.steal is not None and seen.steal > MOST_STEAL:
        notes.append(f"The hypervisor took {seen.steal:.0%} of the time; up to {MOST_STEAL:.0%} is quiet.")
    if not on_cpu and seen.gpu_processes:
        one = seen.gpu_processes == 1
        notes.append(f"{seen.gpu_processes} other process{' computes' if one else 'es compute'} on the GPU.")
    return tuple(notes)
