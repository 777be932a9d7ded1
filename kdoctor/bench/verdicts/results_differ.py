"""The same first steps from the same seed that give other losses on another device or backend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kdoctor.bench.runs import Measured, Run, grouped, label
from kdoctor.measure.stats import median
from kdoctor.model.bench import Verdict

TOLERANCE = {"float32": 1e-3, "mixed_bfloat16": 5e-2, "mixed_float16": 1e-2}
TF32_TOLERANCE = 1e-2
SMALLEST = 1e-6


def judge(measured: Measured) -> Iterator[Verdict]:
    """Between the devices of a backend first, then between backends."""
    runs = [run for run in measured.good() if run.result.first_losses and run.result.device != "all"]
    fields = ("workload", "precision", "batch_size", "mode", "data")
    for group in grouped(runs, "backend", *fields).values():
        yield from _differ(group, across="device")
    for group in grouped(runs, *fields).values():
        firsts = [runs_[0] for runs_ in grouped(group, "backend").values()]
        yield from _differ(firsts, across="backend")


def _differ(group: Sequence[Run], *, across: str) -> Iterator[Verdict]:
    """Those that lie away from the middle of all; of two, the pair."""
    seeds = {(run.cell.seed, run.cell.rate) for run in group}
    if len({getattr(run.result, across) for run in group}) <= 1 or len(seeds) > 1:
        return
    middle = [median(losses) for losses in zip(*(run.result.first_losses for run in group), strict=False)]
    odd = [run for run in group if _away(run, middle) > _tolerance(group)]
    if not odd:
        return
    names = " and ".join(f"{run.result.backend} {run.result.device}" for run in odd)
    whom = "each other" if len(odd) == len(group) else "the others"
    yield Verdict(
        name="results-differ",
        severity="error" if across == "device" else "warning",
        what=f"{group[0].result.workload}: the first losses of {names} differ from {whom}.",
        why=f"The same seed and steps must agree to {_tolerance(group):.0e}; they lie up to"
        f" {max(_away(run, middle) for run in odd):.1e} from the middle.",
        do="Trust the CPU's result. Run `kdoctor check`, and the workload `linear`, which has one right answer."
        if across == "device"
        else "Compare the layers' defaults of both backends; run `linear`, which has one right answer.",
        evidence=tuple(
            f"{label(run.result)}: {', '.join(f'{loss:.6g}' for loss in run.result.first_losses)}" for run in group
        ),
    )


def _away(run: Run, middle: Sequence[float]) -> float:
    """The largest distance from the middle, relative to it."""
    return max(
        (
            abs(mine - other) / max(abs(other), SMALLEST)
            for mine, other in zip(run.result.first_losses, middle, strict=False)
            if mine is not None
        ),
        default=0.0,
    )


def _tolerance(group: Sequence[Run]) -> float:
    allowed = max(TOLERANCE[run.result.precision] for run in group)
    return max(allowed, TF32_TOLERANCE) if any(run.tf32 for run in group) else allowed
