"""The report as metrics: is anything wrong on this machine, and what?"""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.prediction import Prediction
from kdoctor.model.finding import SEVERITIES, State
from kdoctor.model.report import Report
from kdoctor.render.exposition import Metric, exposition
from kdoctor.render.places import real

STATES: tuple[State, ...] = ("fired", "clear", "not-applicable", "undetermined", "crashed")


def render(report: Report) -> str:
    """Counts are always there, 0 too, so that an alert can be written on them."""
    return exposition(_metrics(report))


def _metrics(report: Report) -> Iterator[Metric]:
    found = real(report)
    yield Metric("kdoctor_info", "Version of kdoctor.", (({"version": report.kdoctor, "origin": report.origin}, 1),))
    by_severity = {severity: sum(one.severity == severity for one in found) for severity in SEVERITIES}
    yield Metric(
        "kdoctor_findings",
        "Findings of kdoctor check by severity.",
        tuple(({"severity": severity}, number) for severity, number in by_severity.items()),
    )
    yield Metric(
        "kdoctor_finding",
        "A finding of kdoctor check; the role of the likeliest cause is primary.",
        tuple(
            (
                {
                    "id": one.id,
                    "name": one.name,
                    "severity": one.severity,
                    "confidence": one.confidence,
                    "role": one.role,
                },
                1,
            )
            for one in found
        ),
    )
    states = [outcome.state for outcome in report.outcomes]
    yield Metric(
        "kdoctor_rules",
        "Rules of kdoctor check by how they ended.",
        tuple(({"state": state}, states.count(state)) for state in STATES),
    )
    yield from _gpus(report)
    yield Metric("kdoctor_check_seconds", "Seconds that kdoctor check took.", (({}, report.seconds),))


def _gpus(report: Report) -> Iterator[Metric]:
    sections = report.facts.sections
    gpus, prediction = sections.get("gpus"), sections.get("prediction")
    if isinstance(gpus, Gpus):
        samples = tuple(({"gpu": str(index), "name": gpu.name}, 1) for index, gpu in enumerate(gpus.nvidia))
        yield Metric("kdoctor_gpu_info", "An NVIDIA GPU of the machine.", samples)
    if isinstance(prediction, Prediction):
        yield Metric(
            "kdoctor_framework_gpus",
            "GPUs that a framework is expected to list.",
            tuple(({"framework": row.framework}, row.gpus) for row in prediction.items if row.gpus is not None),
        )
