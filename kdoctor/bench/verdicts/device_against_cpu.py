"""The same training on a GPU and on the CPU: worth it, not feasible without, or no faster."""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.bench.runs import Measured, Run, grouped
from kdoctor.bench.words import between, is_gpu, lasting, speed, times
from kdoctor.knowledge.workloads import Workload, workload
from kdoctor.model.bench import Verdict

MUCH, MORE = 3.0, 1.1
NOT_FEASIBLE_S = 3600.0
NETS = {"recurrent": "recurrent net", "convolution": "CNN", "dense": "net"}


def judge(measured: Measured) -> Iterator[Verdict]:
    """For each workload and GPU, at the batch at which the GPU gains most."""
    fields = ("workload", "backend", "mode", "precision", "on_device")
    for group in grouped(measured.good(), *fields).values():
        by_batch = {run.result.batch_size: run for run in group if run.result.device == "cpu"}
        for pairs in grouped([run for run in group if is_gpu(run)], "device").values():
            matched = [(by_batch[gpu.result.batch_size], gpu) for gpu in pairs if gpu.result.batch_size in by_batch]
            row = workload(pairs[0].result.workload)
            if matched and row is not None:
                yield from _verdict(row, *max(matched, key=lambda pair: pair[1].per_s / pair[0].per_s))


def _verdict(row: Workload, cpu: Run, gpu: Run) -> Iterator[Verdict]:
    factor = gpu.per_s / cpu.per_s
    found = between(cpu, gpu)
    name = f"{row.name} on {gpu.result.backend}"
    whole = row.samples * row.epochs
    on_cpu, on_gpu = lasting(whole / cpu.per_s), lasting(whole / gpu.per_s)
    trained = f"{row.epochs} epochs of {row.samples} samples take {on_cpu} on the CPU, {on_gpu} on {gpu.result.device}."
    evidence = tuple(
        f"{run.result.device}, batch {run.result.batch_size}: {speed(run.per_s)}, {lasting(run.step_s)} a step"
        for run in (cpu, gpu)
    )
    if found.clear and factor >= MUCH:
        hopeless = whole / cpu.per_s > NOT_FEASIBLE_S
        yield Verdict(
            name="cpu-not-feasible" if hopeless else "gpu-worth-it",
            severity="note",
            what=f"{name}: {gpu.result.device} trains {times(factor)} as fast as the CPU.",
            why=f"This {NETS[row.family]} {'is not feasible on the CPU' if hopeless else 'gains much'}: {trained}",
            do="Train it on the GPU.",
            evidence=evidence,
        )
    elif (found.clear and factor < 1 / MORE) or (factor < MORE and found.detectable < MORE - 1):
        yield Verdict(
            name="gpu-no-faster",
            severity="note" if row.name == "linear" else "warning",
            what=f"{name}: {gpu.result.device} is no faster than the CPU at batch {gpu.result.batch_size}"
            f" ({times(factor)}).",
            why="A step this small is the start of kernels and Python, not computing: a GPU cannot shorten that.",
            do="Take a larger batch or several steps a call (`steps_per_execution`), or train this one on the CPU.",
            evidence=evidence,
        )
