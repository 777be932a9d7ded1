"""Two documents: like with like only, changes beyond noise only, and a gate that says what it could not see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kdoctor.bench.baseline import read, refusal, text, verdicts_of
from kdoctor.bench.compare import compare
from kdoctor.model.bench import Bench, Result
from kdoctor.model.trouble import Trouble
from tests.bench.build import bench, result, series

RECORDED = json.loads((Path(__file__).parent / "series" / "matvec.json").read_text(encoding="utf-8"))["runs"][2]


def slower(factor: float, *, seed: int = 2, **changes: Any) -> Result:  # noqa: ANN401
    """The same cell measured again, slower by that factor."""
    return result(raw=[factor * step for step in series(0.01, seed=seed)], **changes)


@pytest.mark.parametrize(
    ("factor", "outcome", "below"),
    [(1.15, "slower", 1), (1.08, "slower", 0), (1.03, "same", 0), (1.0, "same", 0), (0.8, "faster", 0)],
)
def test_a_change_is_told_beyond_noise_and_fails_below_the_limit(factor: float, outcome: str, below: int) -> None:
    found = compare(bench(result()), bench(slower(factor)))
    said = verdicts_of(found, fail_below=0.9)
    assert [change.outcome for change in found.changes] == [outcome]
    assert found.changes[0].speed == pytest.approx(1 / factor, rel=0.02)
    assert sum(verdict.severity == "error" for verdict in said) == below
    assert len(said) == (1 if outcome == "slower" else 0)


def with_pace(one: Result, per_second: float) -> Bench:
    """A document of a CPU whose plain matrix product is so fast."""
    return bench(one, peaks={"tensorflow cpu": {"matmul_float32": per_second}})


@pytest.mark.parametrize(
    ("factor", "pace", "outcome"), [(1.1, 0.9, "same"), (1.3, 0.9, "slower"), (1.1, 1.0, "slower")]
)
def test_a_cpu_that_became_slower_itself_tells_only_what_goes_beyond(factor: float, pace: float, outcome: str) -> None:
    before, after = result(device="cpu"), slower(factor, device="cpu")
    found = compare(with_pace(before, 4e11), with_pace(after, pace * 4e11))
    assert [change.outcome for change in found.changes] == [outcome]
    assert found.changes[0].pace == pytest.approx(pace)


def test_a_gpu_that_became_slower_itself_is_told() -> None:
    documents = [
        bench(one, peaks={"tensorflow gpu:0": {"matmul_float32": speed}})
        for one, speed in ((result(), 2e13), (slower(1.15), 1.7e13))
    ]
    (said,) = verdicts_of(compare(*documents), fail_below=0.9)
    assert (said.name, said.evidence[1]) == ("below-baseline", "of a plain matrix product: 0.850")


def test_what_is_below_says_the_limit() -> None:
    (said,) = verdicts_of(compare(bench(result()), bench(slower(1.15))), fail_below=0.9)
    assert said.name == "below-baseline"
    assert said.what == "lenet on tensorflow gpu:0, batch 64: 87% of the baseline's speed."
    assert said.why.endswith("At least 90% was asked for.")


def test_without_a_limit_slower_is_a_warning() -> None:
    (said,) = verdicts_of(compare(bench(result()), bench(slower(1.3))))
    assert (said.name, said.severity) == ("slower-than-baseline", "warning")


def test_recorded_chunks_are_compared_as_simulated_ones() -> None:
    before, after = RECORDED[::2], [1.15 * step for step in RECORDED[1::2]]
    found = compare(bench(result(raw=before)), bench(result(raw=after)))
    assert [change.outcome for change in found.changes] == ["slower"]


def test_few_or_rough_chunks_are_unclear_and_not_silently_passed() -> None:
    rough = [0.01, 0.011, 0.0135, 0.0092, 0.012, 0.0101]
    found = compare(bench(result(raw=rough)), bench(result(raw=rough[::-1])))
    (said,) = verdicts_of(found, fail_below=0.9)
    assert (found.changes[0].outcome, said.name, said.severity) == ("unclear", "baseline-unclear", "note")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"device_name": "NVIDIA T4"}, "device name: NVIDIA A100-SXM4-40GB in the baseline, NVIDIA T4 now."),
        ({"parameters": 7}, "parameters: 61706 in the baseline, 7 now."),
        ({"data": "mnist.npz"}, "data: generated digits, seed 0 in the baseline, mnist.npz now."),
        ({"route": "tf.function"}, "route: fit in the baseline, tf.function now."),
        ({"precision": "mixed_bfloat16"}, "precision: float32 in the baseline, mixed_bfloat16 now."),
        ({"batch_size": 128}, "batch size: 64 in the baseline, 128 now."),
        ({"backend": "jax", "mode": "limit"}, "backend: tensorflow in the baseline, jax now."),
        ({"epochs": 5}, "epochs: none in the baseline, 5 now."),
        ({"workload": "mlp"}, "The baseline has no `mlp`."),
    ],
)
def test_unlike_things_are_refused_with_what_differs(changes: dict[str, Any], reason: str) -> None:
    found = compare(bench(result()), bench(result(**changes)))
    assert found.refused
    assert found.unlike[0].reasons[0] == reason
    assert reason in refusal(found, "old.json").message


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"status": "noisy"}, "It was noisy now."), ({"raw": (0.01, 0.01)}, "It was timed too seldom now.")],
)
def test_what_is_of_no_use_is_said_and_fails_nothing(changes: dict[str, Any], reason: str) -> None:
    found = compare(bench(result()), bench(result(**changes)))
    (said,) = verdicts_of(found, fail_below=0.9)
    assert (found.refused, said.name, said.severity, said.why) == (False, "baseline-unclear", "note", reason)


@pytest.mark.parametrize(("limit", "severity"), [(0.9, "error"), (None, "warning")])
def test_a_device_that_is_gone_fails_a_gate(limit: float | None, severity: str) -> None:
    before = bench(result(), result(device="cpu", device_name=""))
    (said,) = verdicts_of(compare(before, bench(result(device="cpu", device_name=""))), fail_below=limit)
    assert (said.severity, "gpu:0" in said.what) == (severity, True)


def test_a_workload_that_is_left_out_is_named_and_fails_nothing() -> None:
    before = bench(result(), result(workload="mlp"))
    (said,) = verdicts_of(compare(before, bench(result())), fail_below=0.9)
    assert (said.name, said.severity, "mlp" in said.what) == ("baseline-unlike", "warning", True)


def test_a_route_may_hold_other_numbers_and_nothing_else() -> None:
    old = bench(result(route="fit(tf.data, steps_per_execution=16)"))
    assert compare(old, bench(result(route="fit(tf.data, steps_per_execution=24)"))).unlike == ()
    (said,) = verdicts_of(compare(old, bench(result(route="fit(numpy)"))))
    assert (said.name, said.severity) == ("baseline-unlike", "warning")


VERSIONS = {"keras": "3.12.0", "tensorflow": "2.20.0", "jax": "0.7.0", "kdoctor": "0.2", "cpu": "a", "cores": "8"}
UPGRADED = {**VERSIONS, "tensorflow": "2.21.0", "keras": "3.13.0"}
DIFFER = "versions differ: keras 3.12.0 -> 3.13.0, tensorflow 2.20.0 -> 2.21.0"


def test_other_versions_are_compared_and_said_first() -> None:
    found = compare(bench(result(), environment=VERSIONS), bench(slower(1.3), environment=UPGRADED))
    assert [change.outcome for change in found.changes] == ["slower"]
    assert text(found)[0] == DIFFER
    first, second = verdicts_of(found, fail_below=0.9)
    assert (first.name, first.severity, first.what) == ("baseline-versions", "warning", f"{DIFFER}.")
    assert (second.name, second.severity) == ("below-baseline", "error")
    assert "it came with the change of versions (keras 3.12.0 -> 3.13.0, tensorflow 2.20.0 -> 2.21.0)" in second.do


def test_an_upgrade_that_is_as_fast_is_still_said_to_be_one() -> None:
    found = compare(bench(result(), environment=VERSIONS), bench(result(), environment=UPGRADED))
    assert [(one.name, one.severity) for one in verdicts_of(found, fail_below=0.9)] == [
        ("baseline-versions", "warning")
    ]


def test_it_is_said_also_where_noise_left_nothing_to_compare() -> None:
    found = compare(bench(result(status="noisy"), environment=VERSIONS), bench(result(), environment=UPGRADED))
    assert list(text(found)) == [
        DIFFER,
        "lenet on tensorflow gpu:0, batch 64: not compared. It was noisy in the baseline.",
    ]


def test_versions_of_another_backend_and_of_kdoctor_do_not_matter() -> None:
    other = bench(result(), environment={**VERSIONS, "jax": "0.9.0", "kdoctor": "0.3"})
    assert compare(bench(result(), environment=VERSIONS), other).versions == ()


def test_a_version_that_was_not_there_is_none() -> None:
    new = bench(result(), environment={**VERSIONS, "driver": "580.65"})
    assert compare(bench(result(), environment=VERSIONS), new).versions == ("driver none -> 580.65",)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cpu": "b"}, "cpu: a in the baseline, b now."),
        ({"cores": "2"}, "cores: 8 in the baseline, 2 now."),
        ({"gpus": "NVIDIA T4"}, "gpus: none in the baseline, NVIDIA T4 now."),
        ({"gpus": "NVIDIA T4, NVIDIA T4", "keras": "3.13.0"}, "gpus: none in the baseline, NVIDIA T4, NVIDIA T4 now."),
    ],
)
def test_another_machine_is_refused(changes: dict[str, str], reason: str) -> None:
    old, new = bench(result(), environment=VERSIONS), bench(result(), environment={**VERSIONS, **changes})
    found = compare(old, new)
    assert (found.refused, found.unlike[0].reasons) == (True, (reason,))
    assert reason in refusal(found, "old.json").message


def test_a_result_of_the_baseline_alone_is_named() -> None:
    found = compare(bench(result(), result(workload="mlp")), bench(result()))
    assert (len(found.changes), found.unlike[0].reasons) == (1, ("It is in the baseline only.",))
    assert list(text(found)) == [
        "lenet on tensorflow gpu:0, batch 64: 100% of the baseline's speed, same (told from 5% on)",
        "mlp on tensorflow gpu:0, batch 64: not compared. It is in the baseline only.",
    ]


def test_cells_that_look_alike_are_paired_in_their_order() -> None:
    """The regression at its two rates."""
    found = compare(bench(result(0.01), result(0.02)), bench(result(0.01), result(0.02)))
    assert [change.outcome for change in found.changes] == ["same", "same"]
    assert compare(bench(result()), bench(result(), result())).unlike[0].reasons == (
        "The baseline has fewer of these.",
    )


def test_nothing_against_nothing_is_refused_too() -> None:
    assert "Both documents hold no result" in refusal(compare(bench(), bench()), "old.json").message


def test_a_document_is_read_back() -> None:
    made = bench(result())
    assert read(msgspec.json.encode(made), "old.json") == made


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[" * 100000, b'{"schema": "x"}'])
def test_what_is_no_document_is_told(content: bytes) -> None:
    with pytest.raises(Trouble, match=r"old\.json is no document of kdoctor bench"):
        read(content, "old.json")
