"""A GPU that was held back while it trained: temperature, power, or clocks far below their most."""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.bench.disturbance import MILD, SERIOUS, Disturbance, share
from kdoctor.bench.runs import Measured, Run, place
from kdoctor.model.bench import Verdict

LOW_CLOCK = 0.7  # of the most: a power limit alone is usual, and costs little


def judge(measured: Measured) -> Iterator[Verdict]:
    """Once for each device, of the cell with the lowest clock."""
    worst: dict[str, Run] = {}
    for run in measured.good():
        if causes(run.beside):
            other = worst.get(place(run.result))
            if other is None or share(run.beside) < share(other.beside):
                worst[place(run.result)] = run
    for where, run in worst.items():
        yield _verdict(where, run.beside)


def causes(seen: Disturbance) -> tuple[str, ...]:
    """What held the GPU back; its power limit counts only where the clock is low."""
    serious = [SERIOUS[name] for name in seen.throttling if name in SERIOUS]
    mild = [MILD[name] for name in seen.throttling if name in MILD]
    return tuple(serious or (mild if share(seen) < LOW_CLOCK else []))


def _verdict(where: str, seen: Disturbance) -> Verdict:
    clock = ""
    if seen.clock_mhz and seen.clock_max_mhz:
        clock = f" Its clock was {seen.clock_mhz:.0f} MHz of {seen.clock_max_mhz:.0f} MHz."
    return Verdict(
        name="gpu-throttled",
        severity="warning",
        what=f"{where} was held back by {', '.join(causes(seen))}.",
        why=f"A throttled GPU is slower than it could be in every training.{clock}",
        do="See to its cooling and power limit: `nvidia-smi -q -d TEMPERATURE,POWER,PERFORMANCE`.",
        evidence=tuple(f"reason: {name}" for name in seen.throttling),
    )
