"""The page of a check: what comes first, that it says what the terminal says, and that it stays small."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from kdoctor.model.facts.base import SCHEMA, Facts, Origin, Unknown
from kdoctor.model.facts.prediction import Expected, Prediction
from kdoctor.model.finding import Evidence, Outcome, Remedy
from kdoctor.model.report import Plugin, Report
from kdoctor.render.html.raw import MOST_OF_ONE, cut
from kdoctor.render.html.report import render
from kdoctor.render.text import summary
from tests.recorded import NAMES, checked
from tests.render.html.documents import BROKEN, HEALTHY, crowded, log, machine, with_sections
from tests.render.html.hostile import PAYLOADS
from tests.render.html.pages import Page, poisoned
from tests.render.reports import finding, report

LARGEST_BYTES = 100_000
CONSEQUENCE = finding(id="KD205", name="cudnn-missing", role="consequence", consequence_of="KD201", what="No cuDNN.")
OTHER = finding(id="KD605", name="persistence-off", role="independent", severity="note", what="It is off.")
HARMLESS = finding(name="harmless-warning", role="harmless", severity="note", what="A NUMA line.", why="It is nothing.")


def page(some: Report) -> Page:
    return Page(render(some))


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_a_machine_is_whole_small_and_says_what_the_terminal_says(name: str) -> None:
    """Every finding, its commands, the last line; and the same page for the same report."""
    found = checked(name).report
    html = render(found)
    said = Page(html)
    assert said.open == []
    assert summary(found) in said.first("header")
    for one in found.findings:
        assert one.what.replace("`", "") in said.first("main")
    commands = [command for one in found.findings for command in one.remedy.commands]
    assert [command for command in commands if command not in said.all("code")] == []
    assert len(html.encode()) < LARGEST_BYTES
    assert render(found) == html


def test_the_primary_cause_comes_first_then_evidence_then_what_to_do() -> None:
    said = page(machine(BROKEN)).first("main")
    primary = machine(BROKEN).primary
    assert primary is not None
    parts = (primary.what, primary.why, primary.evidence[0].value, primary.remedy.text, primary.remedy.commands[0])
    places = [said.index(part) for part in (*parts, "Library search", "Versions", "ruled out", "What was read")]
    assert places == sorted(places)


def test_a_finding_says_how_sure_it_is_what_it_needs_and_whose_rule_it_is() -> None:
    remedy = Remedy(text="Do it.", safety="needs-root", recipe="tf220-cuda12")
    said = page(report(finding(confidence="likely", distribution="acme", remedy=remedy))).first("main")
    for words in ("error, likely", "from acme", "Do it. Needs root.", "kdoctor fix --recipe tf220-cuda12"):
        assert words in said


def test_what_follows_from_another_is_folded_and_others_are_not() -> None:
    found = page(report(finding(), CONSEQUENCE, OTHER, HARMLESS))
    assert "follows from KD201No cuDNN." in found.all("summary")[0]
    assert found.classes("article") == ["card note"]
    assert "harmless A NUMA line. It is nothing." in found.first("main")


def test_evidence_of_one_kind_and_source_is_told_once_and_much_of_it_is_folded() -> None:
    many = tuple(Evidence("looked in", f"/lib{number}", "loader") for number in range(30))
    found = page(report(finding(evidence=(*many, Evidence("bits", "32", "")))))
    assert (found.all("dt")[:2], found.all("summary")[0]) == (["looked in", "bits"], "22 more")


def test_a_healthy_machine_says_so_and_what_is_expected() -> None:
    found = page(machine(HEALTHY))
    assert found.first("h1") == "Nothing wrong was found"
    assert "TensorFlow 2.20.0 is expected to list 1 GPU: the driver answers" in found.first("main")
    assert "hero healthy" in found.classes("section")


def test_what_could_not_be_decided_is_shown_open_and_told_by_reason() -> None:
    stuck = tuple(Outcome(id=f"KD10{n}", name=f"rule-{n}", state="undetermined", reason="needs pci") for n in range(3))
    clear = Outcome(id="KD101", name="driver-missing", state="clear", reason="it is there", distribution="acme")
    found = page(report(outcomes=(*stuck, clear)))
    opened = [attributes for tag, attributes in found.tags if tag == "details" and "open" in attributes]
    assert [attributes["class"] for attributes in opened] == ["undetermined"]
    assert "rule-0: needs pci" in found.first("section")
    assert found.first("main").count("needs pci") == 4
    assert "driver-missing (from acme)" in found.first("main")
    assert "hero undecided" in found.classes("section")


def test_a_log_shows_its_lines_and_compares_what_it_states() -> None:
    found = page(log())
    assert "train.log:2" in found.first("main")
    assert "TensorFlow 2.4.1, as the text states" in found.first("table")
    assert "Machine" not in found.all("h2")


def test_a_report_without_any_facts_is_a_page() -> None:
    empty = msgspec.structs.replace(report(), facts=Facts(schema=SCHEMA, origin="file", sections={}))
    assert "Nothing wrong was found" in page(empty).first("h1")


def test_plugins_and_unknown_sections_are_named() -> None:
    plugin = Plugin(distribution="acme", version="1.0", rules=("AC1",), sections=())
    some = msgspec.structs.replace(report(pci=Unknown(reason="not recorded")), plugins=(plugin,))
    found = page(some)
    assert "with rules or probes of acme 1.0" in found.first("footer")
    assert "pci unknown: not recorded" in found.all("summary")


def test_200_environments_and_5000_packages_stay_small_and_say_what_is_left_out() -> None:
    html = render(crowded())
    assert len(html.encode()) < 300_000
    assert "more lines are left out here" in html


def test_facts_that_do_not_fit_are_left_out_whole_where_there_is_no_room() -> None:
    (hint,) = cut("a\nb\n" * MOST_OF_ONE, 0)
    assert not isinstance(hint, str | None)
    assert "more lines are left out here" in "".join(hint.itertext())


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("name", [BROKEN, HEALTHY, "log"])
def test_nothing_in_a_report_becomes_markup(name: str, payload: str) -> None:
    """A page whose every text ends with the payload has the same kinds of elements as one with a word there."""
    some = log() if name == "log" else machine(name)
    shape, usual = page(poisoned(some, payload)).shape, page(poisoned(some, "/ `a`")).shape
    assert shape - usual == set()
    assert not [names for _, names in shape if any(one.startswith("on") for one in names)]
    assert not {tag for tag, _ in shape} & {"script", "img", "iframe", "link", "form", "base", "object", "a"}


def test_a_finding_without_evidence_has_no_empty_part() -> None:
    assert page(report(finding(evidence=()))).classes("div").count("part seen") == 0


def test_nothing_is_expected_where_nobody_can_tell() -> None:
    unsure = Prediction(items=(Expected(framework="tensorflow", gpus=None, because="unknown"),))
    some = with_sections(machine(HEALTHY), prediction=unsure)
    assert "is expected to list" not in page(some).first("main")


@pytest.mark.parametrize("origin", get_args(Origin))
def test_the_last_line_says_where_the_facts_are_from(origin: Origin) -> None:
    facts = Facts(schema=SCHEMA, origin=origin, sections={})
    some = msgspec.structs.replace(report(), origin=origin, facts=facts)
    assert page(some).first("footer").startswith("kdoctor 0.1.0, from ")
