"""The page of a fleet: the primary cause and its machines, the map, and that it stays small whatever machines say."""

from __future__ import annotations

import msgspec
import pytest

from kdoctor.fleet.merge import merge
from kdoctor.model.fleet import Answer, FleetReport, Row
from kdoctor.render.fleet import summary
from kdoctor.render.html import fleet as fleet_page
from kdoctor.render.html.findings import MOST_HELD, MOST_NAMED
from kdoctor.render.html.fleet import MOST_FINDINGS, MOST_VALUES, render
from kdoctor.render.html.machines import MOST_CELLS, MOST_ROWS, MOST_WHOLE
from tests.fleet.planted import HEALTHY, report
from tests.fleet.test_stragglers import fleet as benched
from tests.render.html.documents import fleet
from tests.render.html.hostile import PAYLOADS
from tests.render.html.pages import Page, poisoned

LARGEST_BYTES = {64: 60_000, 10_000: 1_000_000}


def page(some: FleetReport) -> Page:
    return Page(render(some))


def cells(found: Page) -> list[tuple[str, str]]:
    """Class and title of each cell of the map."""
    return [(one["class"], one["title"]) for tag, one in found.tags if tag == "i" and "title" in one]


def made_of(*rows: Row) -> FleetReport:
    """A report whose map has these rows."""
    return msgspec.structs.replace(fleet(20, 0), map=rows)


def rows(number: int, **more: object) -> list[Row]:
    return [msgspec.convert({"name": f"n{place}", "state": "ok", **more}, Row) for place in range(number)]


@pytest.mark.parametrize("size", [64, pytest.param(10_000, marks=pytest.mark.slow)])
def test_the_page_says_what_the_terminal_says_and_is_small(size: int) -> None:
    some = fleet(size, max(1, size // 1000))
    html = render(some)
    found = Page(html)
    assert (found.open, len(cells(found))) == ([], size)
    assert summary(some) in found.first("header")
    for finding in some.findings:
        assert finding.what.replace("`", "") in found.first("main")
        assert finding.nodes[0] in found.first("main")
    assert len(html.encode()) < LARGEST_BYTES[size]
    assert render(some) == html


def test_the_primary_cause_comes_first_with_its_machines_then_the_map() -> None:
    some = fleet(64)
    assert some.primary is not None
    said = page(some).first("main")
    titles = ("Map", "Other findings", "In common", "Machines")
    places = [said.index(part) for part in (some.primary.what, some.primary.nodes[0], *titles)]
    assert places == sorted(places)
    assert "machines64gave a report59without a report5unlike the others12" in said


def test_a_healthy_fleet_says_so() -> None:
    found = page(fleet(20, 0))
    assert found.first("h1") == "Nothing wrong was found"
    assert "hero healthy" in found.classes("section")
    assert "Other findings" not in found.all("h2")


def test_three_machines_are_a_page() -> None:
    answers = [Answer(node=f"n{number}", report=report(HEALTHY)) for number in (10, 9)]
    found = page(merge([*answers, Answer(node="n1", lost="hung", said="x")]))
    assert cells(found) == [("lost", "n1: no report, hung"), ("ok", "n9: nothing wrong"), ("ok", "n10: nothing wrong")]
    assert found.all("tbody")[-1] == "n1no reporthung-n9nothing wrong--n10nothing wrong--"


def test_a_cell_has_a_mark_a_colour_and_the_words_of_its_machine() -> None:
    differs = ("kernel", "driver")
    found = page(
        made_of(
            Row(name="a", state="error", primary="driver-missing", differs=differs),
            Row(name="b", state="ok", differs=differs),
            Row(name="c", state="warning", primary="mig-mixed"),
            Row(name="d", state="note"),
        )
    )
    assert cells(found) == [
        ("error odd", "a: error, driver-missing; unlike the others in kernel, driver"),
        ("ok odd", "b: unlike the others in kernel, driver"),
        ("warning", "c: warning, mig-mixed"),
        ("note", "d: note"),
    ]
    assert found.first("ol") == "aE.wn"
    assert (
        found.first("ul")
        == ". nothing wrong: 1n note: 1w warning: 1E error: 1? no report: 0\u00a0 unlike the others: 2"
    )
    assert "bdiffers-kernel, driver" in found.all("tbody")[-1]


def test_machines_stand_in_groups_of_ten_and_lines_of_a_hundred() -> None:
    found = page(made_of(*rows(205)))
    tens = [text for text, kind in zip(found.all("span"), found.classes("span"), strict=True) if kind == "ten"]
    starts = [text for text, kind in zip(found.all("span"), found.classes("span"), strict=True) if kind == "from"]
    assert ([len(ten) for ten in tens], starts) == ([10] * 20 + [5], ["n0", "n100", "n200"])


def test_the_table_of_many_has_those_with_something_to_say() -> None:
    few, many = rows(MOST_WHOLE), rows(MOST_WHOLE + 1)
    odd = Row(name="odd", state="note", primary="persistence-off")
    assert f"n{MOST_WHOLE - 1}nothing wrong" in page(made_of(*few)).all("tbody")[-1]
    assert page(made_of(*many, odd)).all("tbody")[-1] == "oddnotepersistence-off-"
    assert "Machines" not in page(made_of(*many)).all("h2")


@pytest.mark.slow
def test_what_is_too_much_is_left_out_and_said_to_be() -> None:
    """Cells, rows of the tables, values of a property, findings and their machines."""
    some = fleet(64)
    assert some.primary is not None
    names = tuple(f"n{number}" for number in range(MOST_HELD + 3))
    values = tuple((f"6.8.{number}", 1) for number in range(MOST_VALUES + 5))
    everywhere = msgspec.structs.replace(some.primary, nodes=names)
    kernels = msgspec.structs.replace(some.shared[0], values=values)
    told = rows(MOST_CELLS + 7, state="lost", primary="x" * 9000)
    other = msgspec.structs.replace(some.primary, role="independent")
    shared = (kernels,) * 46
    document = msgspec.structs.replace(made_of(*told), primary=everywhere, findings=(other,) * 202, shared=shared)
    said = page(document)
    assert (len(cells(said)), said.classes("article").count("card error")) == (MOST_CELLS, MOST_FINDINGS)
    left = (MOST_CELLS + 7 - MOST_ROWS, 7, 3, 202 - MOST_FINDINGS, 46 * (MOST_VALUES + 1) - fleet_page.MOST_ROWS)
    for words in (*(f"{number:,} more are left out here" for number in left), "5 other values5"):
        assert words in said.first("main")
    assert said.all("summary")[0] == f"{len(names) - MOST_NAMED} more"


def test_a_fleet_of_which_nothing_came_back_is_a_page() -> None:
    found = page(merge([Answer(node="n1", lost="died")]))
    assert (found.first("h1")[:8], "In common" in found.all("h2")) == ("1 of 1 m", False)


def test_stragglers_of_a_bench_are_a_page() -> None:
    found = page(merge(benched(5, 2, {("n3", "gpu:1"): 1.5})))
    assert "ms a step on" in found.first("table")
    assert [title for kind, title in cells(found) if "odd" in kind] == ["n3: unlike the others in speed"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_in_a_report_becomes_markup(payload: str) -> None:
    """Names of machines included, and names of a fault and of a property."""
    some = fleet(64)
    shape, usual = page(poisoned(some, payload)).shape, page(poisoned(some, "/ `a`")).shape
    assert shape - usual == set()
    assert not [names for _, names in shape if any(one.startswith("on") for one in names)]
    assert not {tag for tag, _ in shape} & {"script", "img", "iframe", "link", "form", "base", "object", "a"}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_name_is_told_in_words(payload: str) -> None:
    """Through the merge, where a machine names itself."""
    found = page(merge([Answer(node=payload * 500, report=report(HEALTHY))]))
    usual = page(merge([Answer(node="x", report=report(HEALTHY))]))
    assert found.shape - usual.shape == set()
    assert len(cells(found)[0][1]) < 1100
