"""A first step far longer than compiling a small model takes: the driver makes code for this GPU from PTX."""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.bench.runs import Measured, Run, label, place
from kdoctor.bench.words import is_gpu, lasting
from kdoctor.measure.stats import median
from kdoctor.model.bench import Verdict

LONG_S = 60.0  # XLA takes 2 to 20 s for these models, torch.compile up to 21 s
TIMES = 5.0


def judge(measured: Measured) -> Iterator[Verdict]:
    """The longest first step of each GPU, where it stands out from the others of the same device."""
    by_place: dict[str, list[Run]] = {}
    for run in measured.runs:
        if run.result.status == "ok" and is_gpu(run) and run.first_step_s > 0:
            by_place.setdefault(place(run.result), []).append(run)
    for runs in by_place.values():
        slowest = max(runs, key=lambda run: run.first_step_s)
        others = [run.first_step_s for run in runs if run is not slowest]
        if slowest.first_step_s >= LONG_S and (not others or slowest.first_step_s >= TIMES * median(others)):
            yield _verdict(slowest, others)


def _verdict(run: Run, others: list[float]) -> Verdict:
    later = (f"first step of later cells: {lasting(median(others))}",) if others else ()
    return Verdict(
        name="compiled-from-ptx-at-start",
        severity="warning",
        what=f"{label(run.result)}: the first step took {lasting(run.first_step_s)}.",
        why="Such a time is most often the driver compiling PTX, since the build has no code for this GPU.",
        do="Use a build with code for this GPU (`kdoctor check` names it), or keep the compiled code: set"
        " `CUDA_CACHE_MAXSIZE=4294967296` and a `CUDA_CACHE_PATH` that lasts.",
        evidence=(f"first step: {lasting(run.first_step_s)}", *later),
    )
