"""From events to results: every status, every figure, and why."""

from __future__ import annotations

import json
import math

import msgspec
import pytest
from msgspec.structs import replace

from kdoctor.bench.disturbance import Disturbance
from kdoctor.bench.results import chunks_of, document, peaks_of, runs_of
from kdoctor.bench.runs import Ending, Heard, Measured, Run, good, label
from kdoctor.model.bench import Bench, Cell, Chunk, Event, Peak, Request, Status
from tests.bench.build import HEARD, beside, cell, chunks, done, ready, request, series, told

KEYS = [
    "workload",
    "backend",
    "device",
    "mode",
    "precision",
    "batch_size",
    "epochs",
    "steps",
    "loss",
    "accuracy",
    "time_s",
    "compile_s",
    "step_ms",
    "samples_per_s",
    "percent_of_peak",
    "data",
    "status",
]


def one(events: list[Event], asked: Cell | None = None, heard: Heard = HEARD) -> Run:
    """The only run of a child."""
    (found,) = runs_of(request(asked or cell()), events, heard)
    return found


def test_a_good_cell_has_every_figure() -> None:
    raw = series(0.01)
    found = one(told(cell(), raw=raw)).result
    assert found.status == "ok"
    assert found.raw == pytest.approx(raw)
    assert found.step_ms is not None
    assert found.step_ms.median == pytest.approx(10.0)
    assert found.samples_per_s == pytest.approx(64000 / found.step_ms.median)
    assert (found.steps, found.loss, found.accuracy, found.device_name) == (200, 0.1, 0.95, HEARD.device_name)
    assert found.compile_s == pytest.approx(1.49, abs=0.01)
    assert found.time_s == pytest.approx(10 * sum(raw))


def test_every_key_of_the_contract_is_there_whatever_happened() -> None:
    ends: tuple[list[Event], ...] = (told(cell()), [ready()], [])
    for events in ends:
        fields = json.loads(msgspec.json.encode(one(events).result))
        assert set(KEYS) <= set(fields)
        assert not isinstance(fields["step_ms"], dict) or list(fields["step_ms"]) == [
            "median",
            "mad",
            "p10",
            "p90",
            "min",
        ]


def test_chunks_of_the_warming_up_and_of_other_cells_do_not_count() -> None:
    events = [*told(cell()), *chunks((5.0,), index=1)]
    assert [chunk.cell for chunk in chunks_of(0, events)] == [0] * 20
    assert len(chunks_of(1, events)) == 1


def test_chunks_without_phases_count() -> None:
    assert len(chunks_of(0, chunks((0.1, 0.2)))) == 2


def test_the_share_of_the_peak_is_of_the_same_precision() -> None:
    peaks: list[Event] = [
        Peak(kind="matmul", precision="float32", per_second=1e11),
        Peak(kind="matmul", precision="mixed_bfloat16", per_second=9e11),
        Peak(kind="copy", precision="float32", per_second=5.0),
    ]
    found = one([*peaks, *told(cell())]).result
    assert found.samples_per_s is not None
    assert found.percent_of_peak == pytest.approx(100 * 2.5e6 * found.samples_per_s / 1e11)


def test_a_training_above_the_peak_has_no_share_and_says_why() -> None:
    found = one([Peak(kind="matmul", precision="float32", per_second=1e3), *told(cell())]).result
    assert found.percent_of_peak is None
    assert "of the measured matmul, which was disturbed." in found.notes[0]


def test_without_a_peak_there_is_no_share() -> None:
    assert one(told(cell())).result.percent_of_peak is None


def test_several_devices_have_the_peak_of_all() -> None:
    peak: list[Event] = [Peak(kind="matmul", precision="float32", per_second=1e11)]
    alone = one([*peak, *told(cell())]).result.percent_of_peak
    for name, times in (("NVIDIA A100", 2), ("", 1)):
        several = Heard(devices=2, device_name=name, peaks_of_one={"matmul_float32": 1e11})
        found = one(told(cell()), cell(device="all"), several).result.percent_of_peak
        assert found == pytest.approx((alone or 0) / times)


@pytest.mark.parametrize(
    ("said", "status"), [("oom", "oom"), ("failed", "crashed"), ("skipped", "skipped"), ("ok", "ok")]
)
def test_the_end_that_the_child_told(said: str, status: Status) -> None:
    ended = done(status=said, detail="because of that")
    found = one(told(cell(), ended=ended)).result
    assert (found.status, "because of that" in found.notes) == (status, True)


@pytest.mark.parametrize(
    ("ending", "statuses"),
    [
        ("crashed", ["ok", "crashed", "skipped"]),
        ("ended", ["ok", "crashed", "skipped"]),
        ("timeout", ["ok", "timeout", "skipped"]),
        ("interrupted", ["ok", "interrupted", "interrupted"]),
    ],
)
def test_a_child_that_does_not_come_to_its_end(ending: Ending, statuses: list[str]) -> None:
    asked = request(cell(), cell(batch_size=128), cell(batch_size=256))
    heard = Heard(ending=ending, detail="killed by SIGSEGV")
    found = runs_of(asked, [*told(cell()), *chunks((0.1, 0.2), index=1)], heard)
    assert [run.result.status for run in found] == statuses
    assert all(run.result.notes for run in found[1:])
    assert len(found[1].result.raw) == 2


def test_a_child_that_said_nothing_crashed_at_its_first_cell() -> None:
    asked = Request(backend="jax", device="cpu", cells=(cell(backend="jax", device="cpu"), cell(batch_size=1)))
    found = runs_of(asked, [], Heard(ending="crashed", detail="no module named jax"))
    assert [run.result.status for run in found] == ["crashed", "skipped"]
    assert "no module named jax" in found[0].result.notes


def test_a_large_spread_is_noisy_and_says_so() -> None:
    raw = tuple(0.01 * (1 + (place % 2)) for place in range(20))
    found = one(told(cell(), raw=raw)).result
    assert found.status == "noisy"
    assert "spread by" in found.notes[0]
    assert not good(found)


def test_a_level_that_changes_is_noisy_and_the_drift_is_told() -> None:
    raw = (*series(0.01, count=10), *series(0.012, count=10))
    found = one(told(cell(), raw=raw)).result
    assert found.status == "noisy"
    assert "The median is known to" in found.notes[0]
    assert "slower" in found.notes[1]


@pytest.mark.parametrize(
    ("seen", "device", "noisy"),
    [
        (beside(load_per_core=0.3), "cpu", True),
        (beside(load_per_core=0.3), "gpu:0", False),
        (beside(load_per_core=0.6), "gpu:0", True),
        (beside(load_per_core=0.1, steal=0.01, gpu_processes=0), "cpu", False),
        (beside(steal=0.2), "cpu", True),
        (beside(gpu_processes=1), "gpu:0", True),
        (beside(gpu_processes=2), "gpu:0", True),
        (beside(gpu_processes=2), "cpu", False),
        (beside(throttling=("sw_power_cap",)), "gpu:0", False),
    ],
)
def test_what_disturbs_makes_noise(seen: Disturbance, device: str, noisy: bool) -> None:  # noqa: FBT001
    asked = cell(device=device)
    found = one(told(asked), asked, Heard(beside={0: seen}))
    assert found.result.status == ("noisy" if noisy else "ok")
    assert found.beside == seen


def test_noise_does_not_hide_a_wrong_result() -> None:
    raw = tuple(0.01 * (1 + (place % 2)) for place in range(20))
    ended = done(loss=math.nan)
    found = one(told(cell(), raw=raw, ended=ended), heard=Heard(beside={0: beside(steal=0.5)})).result
    assert found.status == "wrong"


def test_few_chunks_are_ok_but_no_verdict_rests_on_them() -> None:
    found = one(told(cell(), raw=(0.01, 0.02))).result
    assert (found.status, good(found)) == ("ok", False)
    assert "Only 2 chunks" in found.notes[0]


def test_a_slow_cell_says_that_it_has_fewer_chunks_than_were_asked_for() -> None:
    raw = [6.0, 6.01, 6.02, 6.01, 6.0]
    found = one(told(cell(), raw=raw)).result
    assert (found.status, found.notes[-1][:37]) == ("ok", "5 chunks were timed instead of 20: th")
    assert one(told(cell(), raw=series(0.01))).result.notes == ()


def test_outliers_and_a_mild_drift_are_told_of_a_good_cell() -> None:
    raw = [step * (1 + 0.08 * place / 99) for place, step in enumerate(series(0.01, count=100, noise=0.004))]
    raw[3:10] = [0.05] * 7
    found = one(told(cell(), raw=raw)).result
    assert found.status == "ok"
    assert [note.partition(" ")[0] for note in found.notes] == ["From", "7"]


def test_a_cell_without_chunks_is_not_timed() -> None:
    found = one([done(steps=0)]).result
    assert (found.status, found.step_ms, found.samples_per_s, found.time_s) == ("ok", None, None, 0.0)


def test_chunks_of_no_steps_and_no_time_do_no_harm() -> None:
    events = [
        Chunk(cell=0, steps=0, seconds=1.0, cpu_s=0.0, loss=1.0),
        Chunk(cell=0, steps=1, seconds=0.0, cpu_s=0.0, loss=1.0),
    ]
    found = one([*events, done()])
    assert (found.result.samples_per_s, found.cpu_ratio) == (None, None)


def test_the_processors_that_a_cell_kept_busy() -> None:
    events = [*chunks(series(0.01), cpu=1.7), done()]
    assert one(events).cpu_ratio == pytest.approx(1.7)


def test_a_label_names_what_is_not_usual() -> None:
    unusual = cell(precision="mixed_float16", mode="limit", on_device=True)
    found = one(told(unusual), unusual).result
    assert label(found) == "lenet on tensorflow gpu:0, batch 64, mixed_float16, mode limit, data on the device"
    assert label(replace(found, batch_size=0, precision="float32", mode="public", on_device=False)) == (
        "lenet on tensorflow gpu:0"
    )


def test_peaks_by_kind_and_precision() -> None:
    events: list[Event] = [ready(tf32=True), Peak(kind="matmul", precision="float32", per_second=1e13)]
    assert peaks_of(events) == {"matmul_float32": 1e13, "tf32": 1.0}
    assert peaks_of([ready(tf32=True)]) == {}


def test_the_document_survives_json() -> None:
    runs = runs_of(request(cell()), told(cell()), HEARD)
    made = document(
        Measured(runs=runs, peaks={"tensorflow gpu:0": {"matmul_float32": 1e13}}),
        (),
        environment={"keras": "3.12.0"},
        facts_digest="00",
        seconds=1.0,
        exit_reason="done",
    )
    assert msgspec.json.decode(msgspec.json.encode(made), type=Bench) == made
