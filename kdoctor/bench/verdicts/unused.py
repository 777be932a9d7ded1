"""Speed that lies unused: a precision, a compiled route or a batch that was measured and is clearly faster."""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.bench.runs import Measured, Run, grouped, label
from kdoctor.bench.words import gain, speed, times
from kdoctor.knowledge.workloads import workload
from kdoctor.model.bench import Verdict

WORTH, WORTH_OF_BATCH = 1.2, 1.5
FIELDS = ("workload", "backend", "device", "mode", "precision", "batch_size", "on_device")


def judge(measured: Measured) -> Iterator[Verdict]:
    """Each against the usual choice, all else equal."""
    runs = measured.good()
    yield from _precision(runs)
    yield from _route(runs)
    yield from _batch(runs)


def _precision(runs: tuple[Run, ...]) -> Iterator[Verdict]:
    for usual, best in _better(runs, "precision", "float32"):
        why = "This device computes faster in it; the weights stay in float32, and the result was right."
        do = f'Set `keras.config.set_dtype_policy("{best.result.precision}")` before the model is made.'
        yield _verdict("precision-unused", best.result.precision, usual, best, (why, do))


def _route(runs: tuple[Run, ...]) -> Iterator[Verdict]:
    for usual, best in _better(runs, "mode", "public"):
        route = best.result.route or f"mode {best.result.mode}"
        why = "Python and the start of kernels take a share of each step that a compiled loop saves."
        do = "Raise `steps_per_execution` in `compile`, and try `jit_compile=True` (XLA) with this model."
        yield _verdict("compiled-route-unused", route, usual, best, (why, do))


def _better(runs: tuple[Run, ...], field: str, usual: str) -> Iterator[tuple[Run, Run]]:
    """The usual choice of a field beside the fastest other one, where that is worth it."""
    for group in _alike_but_for(field, runs):
        first = next((run for run in group if getattr(run.result, field) == usual), None)
        others = (run for run in group if getattr(run.result, field) != usual)
        best = max(others, key=lambda run: run.per_s, default=None)
        factor = gain(first, best) if first and best else None
        if first and best and factor and factor >= WORTH:
            yield first, best


def _alike_but_for(field: str, runs: tuple[Run, ...]) -> Iterator[list[Run]]:
    yield from grouped(runs, *(name for name in FIELDS if name != field)).values()


def _batch(runs: tuple[Run, ...]) -> Iterator[Verdict]:
    for group in _alike_but_for("batch_size", runs):
        row = workload(group[0].result.workload)
        usual = [run for run in group if row is not None and run.result.batch_size == row.batch_size]
        best = max(group, key=lambda run: run.per_s)
        factor = gain(usual[0], best) if usual else None
        if factor and factor >= WORTH_OF_BATCH and best.result.batch_size > usual[0].result.batch_size:
            why = f"Batch {usual[0].result.batch_size}, its usual one, leaves the device partly idle."
            do = "Take the larger batch if the model still learns; adapt the learning rate to it."
            yield _verdict("batch-unused", f"batch {best.result.batch_size}", usual[0], best, (why, do))


def _verdict(name: str, choice: str, usual: Run, best: Run, words: tuple[str, str]) -> Verdict:
    return Verdict(
        name=name,
        severity="note",
        what=f"{label(usual.result)}: {choice} trains {times(best.per_s / usual.per_s)} as fast.",
        why=words[0],
        do=words[1],
        evidence=tuple(f"{label(run.result)}: {speed(run.per_s)}" for run in (usual, best)),
    )
