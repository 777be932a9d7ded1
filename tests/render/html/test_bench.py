"""The page of a bench: the gravest verdict first, plots with their figures beside them, and the terminal's tables."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import msgspec
import pytest

from kdoctor.model.bench import Bench, Verdict
from kdoctor.render.bench import summary
from kdoctor.render.html.axes import Axis, Curve, plot
from kdoctor.render.html.bench import MOST_NOTES, MOST_ROWS, render
from kdoctor.render.html.plots import number_of_gpus, plots
from tests.bench.build import bench, result
from tests.render.html.documents import devices
from tests.render.html.hostile import PAYLOADS
from tests.render.html.pages import Page, poisoned
from tests.render.test_bench import DOCUMENTS

WARNING = Verdict(name="gpu-throttled", severity="warning", what="It was hot.", why="Heat.", do="Cool `it`.")
ERROR = Verdict(name="wrong-result", severity="error", what="It is wrong.", why="Broken.", do="", evidence=("1 != 2",))


def page(some: Bench) -> Page:
    return Page(render(some))


def figures(some: Bench) -> list[str]:
    """The texts of what is drawn, tables included."""
    return ["".join(figure.itertext()) for figure in plots(some)]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_page_says_what_the_terminal_says(name: str) -> None:
    some = DOCUMENTS[name]()
    found = page(some)
    assert found.open == []
    assert summary(some) in found.first("header")
    for verdict in some.verdicts:
        assert verdict.what.replace("`", "") in found.first("main")
    assert render(some) == render(some)


def test_the_gravest_verdict_comes_first_and_the_others_are_folded() -> None:
    found = page(bench(result(), verdicts=(WARNING, ERROR)))
    assert (found.first("h1"), found.all("summary")[0]) == ("It is wrong.", "warninggpu-throttledIt was hot.")
    assert "hero error" in found.classes("section")
    assert "1 != 2" in found.first("section")


@pytest.mark.parametrize(("reason", "kind"), [("ok", "hero healthy"), ("nothing-ran", "hero undecided")])
def test_without_a_verdict_the_summary_comes_first(reason: str, kind: str) -> None:
    some = bench(result(), exit_reason=reason)
    found = page(some)
    assert (found.first("h1"), found.classes("section")[0]) == (summary(some), kind)


def rows(figure: Element) -> list[list[str]]:
    """The table beside a picture."""
    return [["".join(cell.itertext()) for cell in row] for row in figure.iter("tr")]


def legend(figure: Element) -> list[str]:
    """The names in a picture."""
    return [
        text
        for item in figure.iter("text")
        if "x" in item.attrib
        for text in [item.text or ""]
        if ":" in text or "batch" in text
    ]


def test_each_curve_is_drawn_with_its_knee_and_its_figures() -> None:
    throughput, _, learning = plots(devices())
    table = rows(throughput)
    assert (table[0], table[-1]) == (["batch", "cpu", "gpu:0", "gpu:1", "all"], ["knee", "40", "200", "182", "2000"])
    assert [row[0] for row in table[1:-1]] == ["1", "10", "100", "320", "1000"]
    assert "gpu:0, knee at batch 200" in legend(throughput)
    assert rows(learning)[:2] == [["epoch", "cpu, batch 100", "gpu:0, batch 100"], ["1", "2.2", "2.2"]]


def test_several_devices_are_compared_with_the_best_of_one() -> None:
    _, scaling, _ = plots(devices())
    table = rows(scaling)
    assert (table[0], [row[0] for row in table[1:]]) == (
        ["device", "samples/s", "speed-up", "efficiency"],
        ["cpu", "gpu:0", "gpu:1", "all"],
    )
    assert [row[2:] for row in table[1:]] == [["-", "-"], ["-", "-"], ["-", "-"], ["1.33", "67%"]]


def test_efficiency_is_not_told_where_the_number_of_gpus_is_not_known() -> None:
    unknown = msgspec.structs.replace(devices(), environment={})
    _, scaling, _ = plots(unknown)
    assert (number_of_gpus(unknown), rows(scaling)[-1][3]) == (0, "-")


def test_losses_that_are_no_numbers_are_left_out_and_long_trainings_thinned() -> None:
    long = result(workload="a", losses=tuple(1 / (epoch + 1) for epoch in range(1000)), epochs=1000)
    broken = result(workload="b", losses=(1.0, None, float("nan"), 0.5), epochs=4)
    short = result(workload="b", losses=(1.0, None), epochs=2)
    drawn, with_gaps = plots(bench(long, broken, short))
    assert [len(rows(drawn)), rows(drawn)[-1][0]] == [61, "1000"]
    assert [row[0] for row in rows(with_gaps)] == ["epoch", "1", "4"]


def test_more_lines_than_can_be_told_apart_are_in_the_table_only() -> None:
    many = [result(device=f"gpu:{number}", batch_size=size) for number in range(8) for size in (16, 64)]
    learnt = [result(workload="x", device=f"gpu:{number}", losses=(1.0, 0.5)) for number in range(8)]
    for said in figures(bench(*many, *learnt)):
        assert "2 more are in the table only." in said
        assert "gpu:7" in said


def test_nothing_to_draw_is_no_section() -> None:
    assert "Plots" not in page(bench(result(status="oom"))).all("h2")


def test_notes_and_rows_are_bounded_and_say_so() -> None:
    noisy = [result(status="noisy", batch_size=size, notes=(f"spread {size}",)) for size in range(1, MOST_ROWS + 8)]
    said = page(bench(*noisy, result(on_device=True))).first("main")
    assert f"{len(noisy) + 1 - MOST_ROWS} more are left out here" in said
    assert f"{len(noisy) - MOST_NOTES} more" in said
    assert "with the data already on the device" in said


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_in_a_document_becomes_markup(payload: str) -> None:
    shape, usual = page(poisoned(devices(), payload)).shape, page(poisoned(devices(), "/ `a`")).shape
    assert shape - usual == set()
    assert not {tag for tag, _ in shape} & {"script", "img", "iframe", "link", "form", "base", "object", "a"}


@pytest.mark.parametrize(
    ("points", "log"),
    [
        (((1.0, 5.0),), True),
        (((1.0, 5.0),), False),
        (((1.0, 0.0), (2.0, 0.0)), False),
        (((1.0, -3.0), (2.0, 4.0)), False),
        (((1.0, 1e-9), (1e6, 1e9)), True),
        (tuple((float(n), 1.0 / n) for n in range(1, 101)), False),
    ],
)
def test_a_plot_stays_on_its_canvas(points: tuple[tuple[float, float], ...], log: bool) -> None:  # noqa: FBT001  a case's value
    drawn = plot([Curve(name="a", points=points, knee=points[0][0])], "said", x="x", y="y", log=log)
    width, height = float(drawn.get("width", "0")), float(drawn.get("height", "0"))
    lines = [pair.split(",") for item in drawn.iter("polyline") for pair in item.get("points", "").split()]
    assert [pair for pair in lines if not (0 <= float(pair[0]) <= width and 0 <= float(pair[1]) <= height)] == []


def test_an_axis_of_one_value_puts_it_in_the_middle() -> None:
    assert Axis(low=3, high=3, start=0, end=10, log=False).at(3) == 5


def test_labels_that_would_touch_are_left_out() -> None:
    points = tuple((float(size), 1.0) for size in range(90, 101))
    drawn = plot([Curve(name="a", points=((1.0, 1.0), *points))], "said", x="x", y="y", log=True)
    assert [item.text for item in drawn.iter("text") if item.get("text-anchor") == "middle"] == ["1", "90"]
