"""A device that computes wrongly, or on which training fails."""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.bench.runs import Measured, Run, label
from kdoctor.model.bench import Result, Verdict

ACTIONS = {
    "wrong": "Run `kdoctor check`, then the same workload on another device or in a new environment (`kdoctor fix`).",
    "crashed": "Run `kdoctor check`; its findings name causes of a crash.",
    "timeout": "Give it more time, or a smaller batch; then run `kdoctor check`.",
    "oom": "Take a smaller batch, or free the memory that other processes hold (`nvidia-smi`).",
}
WHY = {
    "wrong": "So small a model has one right result: a wrong one is a broken device or library.",
    "crashed": "A workload that trains elsewhere ended in an error here.",
    "timeout": "It did not end in its time, which healthy devices keep by far.",
    "oom": "The memory of the device did not hold the model, its gradients and one batch.",
}


DATA = "DataError: "  # as workloads/_npz.py raises it


def judge(measured: Measured) -> Iterator[Verdict]:
    """One verdict for each cell that failed."""
    for run in measured.runs:
        status = run.result.status
        if status == "crashed" and any(note.startswith(DATA) for note in run.result.notes):
            yield _without_data(run.result)
        elif status in ACTIONS:
            yield Verdict(
                name="wrong-result" if status == "wrong" else f"training-{status}",
                severity="warning" if status == "oom" else "error",
                what=f"{label(run.result)}: {told(run)}",
                why=WHY[status],
                do=ACTIONS[status],
                evidence=run.result.notes,
            )


def _without_data(result: Result) -> Verdict:
    return Verdict(
        name="data-unusable",
        severity="error",
        what=f"{label(result)}: it could not read its data.",
        why="It trains on what `--data` names, and this was not what it needs; the device is not at fault.",
        do="Name other data, for this workload alone (`--workload`), or leave `--data` out: then it makes its own.",
        evidence=tuple(note.removeprefix(DATA) for note in result.notes),
    )


def told(run: Run) -> str:
    """What happened, in a few words."""
    words = {"wrong": "the result is wrong.", "crashed": "training failed.", "timeout": "no end within its time limit."}
    return words.get(run.result.status, "out of memory.")
