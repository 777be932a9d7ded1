"""What training gave as metrics: speed by workload, device and batch."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence

from kdoctor.model.bench import STATUSES, Bench, Result
from kdoctor.render.exposition import Labels, Metric, exposition

Value = Callable[[Result], float | None]
MEASURED: tuple[tuple[str, str, Value], ...] = (
    ("kdoctor_bench_samples_per_second", "Samples trained in a second.", lambda one: one.samples_per_s),
    (
        "kdoctor_bench_step_seconds",
        "Median seconds of a training step.",
        lambda one: one.step_ms.median / 1000 if one.step_ms else None,
    ),
    (
        "kdoctor_bench_peak_ratio",
        "Share of what a matrix product reaches on the same device.",
        lambda one: one.percent_of_peak / 100 if one.percent_of_peak is not None else None,
    ),
    ("kdoctor_bench_accuracy", "Accuracy on data that it was not trained on.", lambda one: one.accuracy),
)


def render(bench: Bench) -> str:
    """Gauges; of cells that were measured several times the median."""
    return exposition(_metrics(bench))


def _metrics(bench: Bench) -> Iterator[Metric]:
    trained = [one for one in bench.results if one.status in ("ok", "noisy")]
    for name, about, value in MEASURED:
        yield Metric(name, about, _medians(trained, value))
    statuses = [one.status for one in bench.results]
    yield Metric(
        "kdoctor_bench_results",
        "Cells of kdoctor bench by what became of them.",
        tuple(({"status": status}, statuses.count(status)) for status in STATUSES),
    )
    yield Metric(
        "kdoctor_bench_verdicts",
        "Verdicts of kdoctor bench by severity.",
        tuple(
            ({"severity": severity}, sum(one.severity == severity for one in bench.verdicts))
            for severity in ("error", "warning", "note")
        ),
    )
    yield Metric("kdoctor_bench_seconds", "Seconds that kdoctor bench took.", (({}, bench.seconds),))


def _medians(results: Sequence[Result], value: Value) -> tuple[tuple[Labels, float], ...]:
    groups: dict[tuple[tuple[str, str], ...], list[float]] = {}
    for result in results:
        found = value(result)
        if found is not None:
            groups.setdefault(tuple(_labels(result).items()), []).append(found)
    return tuple((dict(labels), statistics.median(values)) for labels, values in groups.items())


def _labels(result: Result) -> Labels:
    return {
        "workload": result.workload,
        "backend": result.backend,
        "device": result.device,
        "mode": result.mode,
        "precision": result.precision,
        "batch_size": str(result.batch_size),
        "epochs": str(result.epochs),
        "data_on_device": "true" if result.on_device else "false",
    }
