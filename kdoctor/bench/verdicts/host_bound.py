"""A GPU that waits for Python: the step is as long as the host needs to start it."""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.bench.runs import Measured, Run, label
from kdoctor.bench.words import is_gpu, lasting
from kdoctor.model.bench import Verdict

BUSY = 0.8  # processors: one is taken up
SHORT_S = 0.005  # fit alone takes 0.2 to 2.2 ms a step on the three backends, whatever the device
LOW_PERCENT = 10.0


def judge(measured: Measured) -> Iterator[Verdict]:
    """Of each training on a GPU in the public way whose steps are short, idle and keep a processor busy."""
    for run in measured.good():
        if is_gpu(run) and run.result.mode == "public" and _waits(run):
            yield Verdict(
                name="host-bound",
                severity="note" if run.result.workload == "linear" else "warning",
                what=f"{label(run.result)}: the GPU waits for Python.",
                why=f"A step takes {lasting(run.step_s)}, {run.result.percent_of_peak:.1f} % of what the GPU can do,"
                f" while {run.cpu_ratio:.1f} processors are busy starting it.",
                do="Raise the batch or `steps_per_execution`; a faster GPU would not help here.",
                evidence=(
                    f"step: {lasting(run.step_s)}",
                    f"of the measured matmul: {run.result.percent_of_peak:.1f} %",
                    f"processor time by wall time: {run.cpu_ratio:.2f}",
                ),
            )


def _waits(run: Run) -> bool:
    share, busy = run.result.percent_of_peak, run.cpu_ratio
    return run.step_s < SHORT_S and share is not None and share < LOW_PERCENT and busy is not None and busy >= BUSY
