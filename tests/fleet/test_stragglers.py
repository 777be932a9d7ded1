"""Slow devices planted in the bench documents of a simulated fleet are named, and nothing else is."""

from __future__ import annotations

import random
from collections.abc import Mapping

import msgspec
import pytest

from kdoctor.bench.results import SCHEMA
from kdoctor.fleet.merge import merge
from kdoctor.fleet.stragglers import SLOW, measured, slow
from kdoctor.model.bench import Bench, Result, StepMs, Verdict
from kdoctor.model.fleet import Answer, FleetReport

USUAL = {"lenet": 5.7, "linear": 0.4}
NOISE = 0.01


def result(workload: str, device: str, ms: float, *, name: str = "NVIDIA H100", status: str = "ok") -> Result:
    return Result(
        workload=workload,
        backend="jax",
        device=device,
        mode="public",
        precision="float32",
        batch_size=64,
        epochs=1,
        steps=100,
        loss=0.1,
        accuracy=None,
        time_s=1.0,
        compile_s=1.0,
        step_ms=StepMs(median=ms, mad=0.01, p10=ms, p90=ms, min=ms),
        samples_per_s=64000 / ms,
        percent_of_peak=None,
        data="generated",
        status=status,  # type: ignore[arg-type]  # one of them
        device_name=name if device != "cpu" else "",
    )


def document(*results: Result, verdicts: tuple[Verdict, ...] = (), schema: int = SCHEMA) -> bytes:
    bench = Bench(
        schema=schema,
        environment={"kdoctor": "1.0"},
        facts_digest="",
        results=results,
        verdicts=verdicts,
        seconds=9.0,
        exit_reason="ok",
    )
    return msgspec.json.encode(bench)


def fleet(size: int, gpus: int, planted: Mapping[tuple[str, str], float], seed: int = 0) -> list[Answer]:
    """Machines n0... whose GPUs are alike but for noise; ``planted``: machine and device to how much slower it is."""
    chance = random.Random(seed)  # noqa: S311  a reproducible choice
    answers = []
    for number in range(size):
        name = f"n{number}"
        results = [
            result(workload, f"gpu:{gpu}", ms * chance.gauss(1, NOISE) * planted.get((name, f"gpu:{gpu}"), 1.0))
            for workload, ms in USUAL.items()
            for gpu in range(gpus)
        ]
        answers.append(Answer(node=name, report=document(*results)))
    return answers


def found(report: FleetReport) -> dict[str, tuple[str, ...]]:
    return {finding.name: finding.nodes for finding in report.findings}


def test_a_planted_slow_gpu_is_named_and_no_other() -> None:
    report = merge(fleet(64, 4, {("n7", "gpu:3"): 1.42}))
    assert found(report) == {SLOW: ("n7",)}
    assert report.primary is not None
    assert report.primary.what == "1 of 64 machines trains more slowly than others of the kind: n7."
    assert {item.fact for item in report.primary.evidence} == {"n7 gpu:3"}
    assert [row.name for row in report.map if row.differs] == ["n7"]


def test_every_planted_machine_of_a_thousand_is_found_and_none_invented() -> None:
    planted = {(f"n{number}", "gpu:0"): 1.08 + number / 1000 for number in range(0, 1000, 50)}
    assert set(found(merge(fleet(1000, 2, planted)))[SLOW]) == {name for name, _ in planted}


def test_noise_alone_makes_no_straggler() -> None:
    assert found(merge(fleet(500, 8, {}))) == {}


def test_other_models_of_gpu_are_no_stragglers() -> None:
    answers = fleet(8, 1, {})
    old = [Answer(node=f"old{n}", report=document(result("lenet", "gpu:0", 21.0, name="Tesla T4"))) for n in range(3)]
    report = merge([*answers, *old])
    assert found(report) == {}
    rows = {row.title: row.values for row in report.shared}
    assert [number for _, number in rows["lenet"]] == [8, 3]
    assert rows["lenet"][1] == ("21 ms a step on gpu Tesla T4", 3)


def test_two_devices_are_too_few_to_say_which_is_slow() -> None:
    assert found(merge(fleet(2, 1, {("n1", "gpu:0"): 3.0}))) == {}


def test_three_are_enough_and_equal_times_are_no_exactness() -> None:
    times = {"a": 5.0, "b": 5.0, "c": 5.2, "d": 5.0, "e": 5.3}
    nodes = [measured(name, document(result("lenet", "cpu", ms))) for name, ms in times.items()]
    assert [(item.node, round(item.times, 2)) for item in slow(nodes)] == [("e", 1.06)]


def test_what_is_noisy_is_counted_and_not_judged() -> None:
    answers = [Answer(node=f"n{n}", report=document(result("lenet", "cpu", 5.0))) for n in range(4)]
    report = merge([*answers, Answer(node="n4", report=document(result("lenet", "cpu", 9.0, status="noisy")))])
    assert report.findings == ()
    assert report.shared[-1].values == (("5 ms a step on cpu", 4), ("noisy, not compared", 1))


def test_a_wrong_device_is_the_primary_cause_before_a_slow_one() -> None:
    verdict = Verdict(name="wrong-result", severity="error", what="gpu:0 computes wrongly.", why="w", do="d")
    answers = fleet(8, 1, {("n2", "gpu:0"): 2.0})
    answers[5] = Answer(node="n5", report=document(result("lenet", "gpu:0", 5.7), verdicts=(verdict,)))
    report = merge(answers)
    assert [(item.name, item.nodes, item.role) for item in report.findings] == [
        ("wrong-result", ("n5",), "primary"),
        (SLOW, ("n2",), "independent"),
    ]


@pytest.mark.parametrize("status", ["crashed", "oom", "skipped"])
def test_what_was_not_measured_is_not_compared(status: str) -> None:
    assert measured("n", document(result("lenet", "gpu:0", 99.0, status=status))).speeds == ()


def test_a_bench_of_another_schema_is_a_lost_machine() -> None:
    report = merge([Answer(node="n", report=document(schema=99))])
    assert found(report) == {"node-other-schema": ("n",)}


@pytest.mark.parametrize("data", [b'{"schema": 1, "results": 3}', b'{"schema": 1, "results": [{}]}'])
def test_what_only_looks_like_a_bench_is_garbage(data: bytes) -> None:
    assert found(merge([Answer(node="n", report=data)])) == {"node-garbage": ("n",)}
