"""The knee of the batch-size curve: up to which batch a larger one is nearly free."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kdoctor.bench.runs import Measured, Run, grouped
from kdoctor.bench.words import is_gpu, lasting, rough, speed
from kdoctor.measure.knee import Knee, knee
from kdoctor.model.bench import Verdict


def judge(measured: Measured) -> Iterator[Verdict]:
    """One for each curve of three batch sizes or more."""
    runs = [run for run in measured.good() if run.result.device != "all"]
    for group in grouped(runs, "workload", "backend", "device", "mode", "precision", "on_device").values():
        found = knee([(run.result.batch_size, run.step_s) for run in group])
        if found is not None:
            yield _verdict(found, sorted(group, key=lambda run: run.result.batch_size))


def _verdict(found: Knee, group: Sequence[Run]) -> Verdict:
    result = group[0].result
    name = f"{result.workload} on {result.backend} {result.device}"
    fixed = lasting(found.fixed_s)
    filled = "its parallelism is full" if is_gpu(group[0]) else "its cores are busy"
    if found.place == "above":
        what = f"{name}: up to batch {found.batch}, the largest tried, a larger batch costs little time."
        why = f"A step takes about {fixed} whatever its batch: the device has room left."
        do = "Try larger batches, up to its memory; adapt the learning rate to the batch."
    elif found.place == "below":
        what = f"{name}: already batch {found.batch}, the smallest tried, takes time in proportion to its samples."
        why = f"Larger batches gain little: the device tends to {rough(found.limit)} samples/s."
        do = "Choose the batch by how well the model learns, not by speed."
    else:
        what = f"{name}: the knee is at about batch {rough(found.batch)}."
        limit = f"{rough(found.limit)} samples/s"
        why = f"Up to there a step takes about {fixed} whatever its batch; then {filled}, at {limit}."
        do = f"Use at least batch {rough(found.batch)}; {rough(9 * found.batch)} reaches nine tenths of the limit."
    rows = tuple(f"batch {run.result.batch_size}: {lasting(run.step_s)} a step, {speed(run.per_s)}" for run in group)
    return Verdict(name="batch-size-knee", severity="note", what=what, why=why, do=do, evidence=rows)
