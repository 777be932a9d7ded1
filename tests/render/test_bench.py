"""What people read of training: whole outputs, at 80 columns, as Markdown, as JSON and as small plots."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import xmlschema
from junitparser import JUnitXml
from prometheus_client.parser import text_string_to_metric_families

from kdoctor.bench.runs import Measured, Run
from kdoctor.bench.verdicts import verdicts
from kdoctor.host import User
from kdoctor.model.bench import Bench, Result, Status
from kdoctor.outputs import rendered, row_of
from kdoctor.render.bars import plots
from kdoctor.render.bench import lines, plain, summary
from kdoctor.render.bench_junit import render as junit
from kdoctor.render.bench_markdown import render as markdown
from kdoctor.render.bench_prometheus import render as prometheus
from kdoctor.render.formats import BENCH
from kdoctor.render.json import render
from tests.bench.build import bench, beside, result, run, series

GOLDEN = Path(__file__).parent / "golden_bench"
LSTM = "stacked-lstm"


def document(*runs: Run) -> Bench:
    """A document with its verdicts."""
    results = tuple(one.result for one in runs)
    return bench(*results, verdicts=verdicts(Measured(runs=runs)))


def quick() -> Bench:
    """What `--quick` gives on a machine with one GPU."""
    linear = {"workload": "linear", "accuracy": None, "percent_of_peak": None, "batch_size": 160, "parameters": 2}
    return document(
        run(0.0009, device="cpu", **linear, data="200 points, seed 0"),
        run(0.0012, **linear, data="200 points, seed 0"),
        run(0.0098, device="cpu", percent_of_peak=6.1),
        run(0.0021, percent_of_peak=0.9, cpu_ratio=1.02),
    )


def grid() -> Bench:
    """Batches and precisions on two devices, with what can go wrong."""
    runs = [run(0.002 + batch / 1e5, batch_size=batch) for batch in (16, 64, 256, 1024)]
    runs += [run(0.002 + batch / 9e3, device="cpu", batch_size=batch) for batch in (16, 64, 256)]
    runs.append(run(0.0018, precision="mixed_bfloat16", batch_size=256))
    noisy = result(0.2, device="cpu", batch_size=1024, status="noisy", notes=("The chunks spread by 41%.",))
    runs.append(Run(cell=runs[0].cell, result=noisy))
    failed = result(
        batch_size=4096, status="oom", step_ms=None, samples_per_s=None, percent_of_peak=None, accuracy=None
    )
    runs.append(Run(cell=runs[0].cell, result=failed))
    return document(*runs)


def several() -> Bench:
    """A stacked LSTM on one GPU and on four, learning over epochs."""
    losses = tuple(0.7 * 0.8**epoch for epoch in range(12))
    hot = beside(throttling=("sw_thermal_slowdown",), clock_mhz=900, clock_max_mhz=1410)
    return document(
        run(0.01, workload=LSTM, losses=losses, epochs=12, beside=hot),
        run(0.05, workload=LSTM, device="all", devices=4, batch_size=256, checks={"communication_s": 0.03}),
        run(0.045, workload=LSTM, device="all", devices=4, batch_size=256, on_device=True),
    )


DOCUMENTS = {"quick": quick, "grid": grid, "several": several}


def compared(path: Path, text: str, *, update: bool) -> None:
    """A whole output against its file; `pytest --update` writes it anew."""
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_whole_text_is_as_reviewed(name: str, *, update: bool) -> None:
    text = plain(DOCUMENTS[name]())
    compared(GOLDEN / f"{name}.txt", text, update=update)
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_whole_markdown_is_as_reviewed(name: str, *, update: bool) -> None:
    compared(GOLDEN / f"{name}.md", markdown(DOCUMENTS[name]()), update=update)


@pytest.mark.parametrize(("kind", "suffix"), [("junit", "xml"), ("github", "github.txt"), ("prometheus", "prom")])
def test_what_a_job_reads_is_as_reviewed(kind: str, suffix: str, *, update: bool) -> None:
    text = rendered(several(), row_of(kind, BENCH), None)
    compared(GOLDEN / f"several.{suffix}", text, update=update)


@pytest.mark.parametrize(
    ("status", "state"),
    [("ok", ""), ("noisy", ""), ("wrong", "failure"), ("oom", "failure"), ("crashed", "error"), ("skipped", "skipped")],
)
def test_a_cell_fails_its_case_as_it_fails_the_run(status: Status, state: str) -> None:
    one = result(status=status, notes=("a note",))
    text = junit(document(Run(cell=run().cell, result=one)))
    schema = xmlschema.XMLSchema(str(GOLDEN.parent / "schemas/junit-10.xsd"))
    schema.validate(ET.fromstring(text))  # noqa: S314  what kdoctor has written
    case = next(iter(next(iter(JUnitXml.fromstring(text.encode())))))
    assert [type(each).__name__.lower() for each in case.result] == ([state] if state else [])


def test_metrics_of_a_repeated_cell_are_the_median_of_those_that_ended_well() -> None:
    """A label set names one sample only."""
    speeds = {"ok": (100.0, 300.0, 200.0), "crashed": (None,)}
    runs = [
        Run(cell=run().cell, result=result(status=status, samples_per_s=speed))
        for status, some in speeds.items()
        for speed in some
    ]
    families = {one.name: one.samples for one in text_string_to_metric_families(prometheus(document(*runs)))}
    assert [sample.value for sample in families["kdoctor_bench_samples_per_second"]] == [200.0]
    counts = {sample.labels["status"]: sample.value for sample in families["kdoctor_bench_results"]}
    assert {status: count for status, count in counts.items() if count} == {"ok": 3.0, "crashed": 1.0}


@pytest.mark.parametrize("name", ["grid", "several"])
def test_the_small_plots_are_as_reviewed(name: str, *, update: bool) -> None:
    drawn = ["".join(piece for piece, _ in line).rstrip() for line in plots(DOCUMENTS[name]().results)]
    compared(GOLDEN / f"{name}.plots.txt", "\n".join(drawn) + "\n", update=update)
    assert max(map(len, drawn)) <= 80
    assert all(line.isascii() for line in drawn)


def test_no_golden_is_left_over() -> None:
    texts = {f"{name}.{kind}" for name in DOCUMENTS for kind in ("txt", "md")}
    assert {path.name for path in GOLDEN.iterdir()} == {
        *texts,
        "grid.plots.txt",
        *(f"several.{kind}" for kind in ("plots.txt", "xml", "github.txt", "prom")),
    }


def test_styles_never_reach_plain_text() -> None:
    styled = ["".join(piece for piece, _ in line).rstrip() for line in lines(grid())]
    assert "\n".join(styled) + "\n" == plain(grid())


def test_nothing_that_was_read_steers_the_terminal() -> None:
    evil = "\x1b[2J"
    one = result(data=f"data{evil}", status="crashed", notes=(f"note{evil}",), workload=f"work{evil}")
    made = document(Run(cell=run().cell, result=one))
    assert "\x1b" not in plain(made)
    assert "\x1b" not in markdown(made)
    drawn = plots([result(workload=evil, losses=(2.0, 1.0)), result(workload=evil, batch_size=9)])
    assert not any("\x1b" in piece for line in drawn for piece, _ in line)


def test_a_column_with_nothing_to_say_is_left_out() -> None:
    head = plain(bench(result(accuracy=None, percent_of_peak=None))).splitlines()[1]
    assert head.split() == ["device", "batch", "ms/step", "+-", "samples/s", "status"]


def test_nothing_measured_is_told() -> None:
    assert plain(bench()) == "nothing was measured; no warning; 42 s.\n"
    assert list(plots([])) == []


def test_the_last_line_counts() -> None:
    assert summary(quick()) == "4 ok; 1 warning; 42 s."


@pytest.mark.parametrize("step_s", [1e-5, 1e-4, 1e-3, 1e-1, 10.0])
def test_every_size_of_step_fits_its_column(step_s: float) -> None:
    row = plain(bench(result(step_s))).splitlines()[2]
    assert "e" not in row.split()[2]


def test_json_is_redacted_and_has_every_result() -> None:
    made = bench(result(data="/home/marie/mnist.npz"))
    shown = json.loads(render(made, redact_for=User(name="marie", home="/home/marie", host_name="marie-laptop")))
    assert shown["results"][0]["data"] == "/home/user/mnist.npz"
    assert len(shown["results"]) == 1


def test_equal_losses_and_steps_are_drawn() -> None:
    flat = result(losses=(1.0, 1.0, 1.0))
    assert any("***" in piece for line in plots([flat]) for piece, _ in line)


def noisy(one: Result) -> bool:
    """Whether it must not be drawn."""
    return one.status != "ok"


def test_what_is_noisy_is_not_drawn() -> None:
    drawn = "\n".join("".join(piece for piece, _ in line) for line in plots(grid().results))
    assert any(map(noisy, grid().results))
    assert "4096" not in drawn
    assert series(0.01) == series(0.01)
