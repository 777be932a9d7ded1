"""What training gave as JUnit XML: a test case for each cell, and one for each verdict."""

from __future__ import annotations

from kdoctor.model.bench import Bench, Result, Verdict
from kdoctor.render.bench import SHORT, short
from kdoctor.render.junit_xml import Case, Suite, document

STATES = {
    "wrong": "failure",
    "oom": "failure",
    "crashed": "error",
    "timeout": "error",
    "skipped": "skipped",
    "interrupted": "skipped",
}


def render(bench: Bench) -> str:
    """Two suites; a verdict fails where it is an error, and a cell where its exit code would be 1."""
    trained = tuple(_of_result(result) for result in bench.results)
    judged = tuple(_of_verdict(verdict) for verdict in bench.verdicts)
    suites = (
        Suite(name="kdoctor bench", cases=trained, seconds=bench.seconds, properties=bench.environment),
        Suite(name="kdoctor bench verdicts", cases=judged, seconds=0.0, properties={}),
    )
    return document(suites)


def _of_result(result: Result) -> Case:
    speed = "no speed" if result.samples_per_s is None else f"{short(result.samples_per_s)} samples/s"
    epochs = f", {result.epochs} epochs" if result.epochs else ""
    rate = f", learning rate {result.rate:g}" if result.rate else ""
    on_device = ", data on the device" if result.on_device else ""
    how = f"batch {result.batch_size}, {result.mode}, {SHORT[result.precision]}{epochs}{rate}{on_device}"
    return Case(
        group=f"kdoctor.bench.{result.workload}",
        name=f"{result.backend} {result.device}: {how}",
        state=STATES.get(result.status, "passed"),
        kind=result.status,
        message=" ".join(result.notes) or result.status,
        told=(f"{result.status}: {speed}", *result.notes),
        seconds=result.time_s,
    )


def _of_verdict(verdict: Verdict) -> Case:
    told = (f"{verdict.severity}: {verdict.what}", f"why: {verdict.why}", f"do: {verdict.do}", *verdict.evidence)
    state = "failure" if verdict.severity == "error" else "passed"
    return Case(
        group="kdoctor.verdict", name=verdict.name, state=state, kind=verdict.name, message=verdict.what, told=told
    )
