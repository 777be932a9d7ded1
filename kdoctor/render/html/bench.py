"""The report of `kdoctor bench` as one HTML file: a pure function of its document.

The gravest verdict comes first, then the others, the plots, the tables of results, and what was disturbed.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from kdoctor.model.bench import Bench, Result, Verdict
from kdoctor.model.finding import SEVERITIES
from kdoctor.render.bench import LEFT, columns, groups, noted, summary
from kdoctor.render.html.findings import part
from kdoctor.render.html.plots import plots
from kdoctor.render.html.raw import cut
from kdoctor.render.html.report import header
from kdoctor.render.html.tree import Node, breakable, el, folded, left_out, page, prose, section, table
from kdoctor.render.json import render as as_json

MOST_RAW, MOST_ROWS, MOST_NOTES = 200_000, 400, 100


def render(bench: Bench) -> str:
    """The whole page."""
    verdicts = sorted(bench.verdicts, key=lambda one: SEVERITIES.index(one.severity))
    first = verdicts[0] if verdicts else None
    drawn = list(plots(bench))
    parts = (
        section("Plots", "plots", el("div", *drawn, class_="figures")) if drawn else None,
        section("Other verdicts", "verdicts", *map(_card, verdicts[1:])) if verdicts[1:] else None,
        section("Results", "results", *_tables(bench.results)),
        _notes(bench),
        section("Document", "facts", folded("All that was measured", *cut(as_json(bench, redact_for=None), MOST_RAW))),
    )
    main = el("main", el("div", _hero(bench, first), _environment(bench), class_="top"), *parts)
    said = f"facts {bench.facts_digest}, in {bench.seconds:.0f} s, {bench.exit_reason}"
    footer = el("footer", el("p", *breakable(said)))
    title = first.name if first else bench.exit_reason
    return page(f"kdoctor bench: {title}", header("bench", summary(bench)), main, footer)


def _hero(bench: Bench, first: Verdict | None) -> Element:
    if first is None:
        kind = "healthy" if bench.exit_reason == "ok" else "undecided"
        badge = el("div", el("span", bench.exit_reason, class_=f"badge {kind}"), class_="badges")
        return el("section", badge, el("h1", summary(bench)), class_=f"hero {kind}", aria_label="Result")
    body = (el("div", *_badges(first), class_="badges"), el("h1", *prose(first.what)), *_body(first))
    return el("section", *body, class_=f"hero {first.severity}", aria_label="First verdict")


def _card(verdict: Verdict) -> Element:
    """Its sentence, and the whole of it when it is asked for."""
    head = el("span", *_badges(verdict), el("span", *prose(verdict.what), class_="what"), class_="heads")
    return folded(head, *_body(verdict), class_=f"card {verdict.severity} on-paper")


def _badges(verdict: Verdict) -> tuple[Element, Element]:
    badge = el("span", verdict.severity, class_=f"badge {verdict.severity}")
    return badge, el("span", verdict.name, class_="name")


def _body(verdict: Verdict) -> Iterator[Element]:
    yield el("p", *prose(verdict.why), class_="why")
    if verdict.evidence:
        yield part("seen", el("ul", *(el("li", *prose(one)) for one in verdict.evidence)))
    if verdict.do:
        yield part("do", el("p", *prose(verdict.do)))


def _environment(bench: Bench) -> Element:
    listed = el("dl")
    for name, value in bench.environment.items():
        listed.append(el("dt", name))
        listed.append(el("dd", *breakable(value)))
    title = el("h2", "Environment", id="machine-title")
    return el("section", title, listed, class_="machine", aria_labelledby="machine-title")


def _tables(results: tuple[Result, ...]) -> Iterator[Element]:
    """A table for each workload and backend; the columns are those of the terminal, the device in front."""
    shown = columns(results)
    for title, group in groups(results).items():
        rows = [[_cell(name, of(one)) for name, of in shown] for one in group[:MOST_ROWS]]
        names = [name for name, _ in shown]
        yield table(title.replace("   ", ": "), names, rows, figures=[name for name in names if name not in LEFT])
        if len(group) > MOST_ROWS:
            yield left_out(len(group) - MOST_ROWS)
    if any(one.on_device for one in results):
        yield el("p", "* with the data already on the device", class_="lead")


def _cell(name: str, said: str) -> Node:
    return el("span", said, class_=f"status {said}") if name == "status" else said


def _notes(bench: Bench) -> Element | None:
    """Why a status is what it is."""
    said = [f"{status}: {names}: {note}" for status, names, note in noted(bench.results)]
    if not said:
        return None
    more = el("p", f"{len(said) - MOST_NOTES} more") if len(said) > MOST_NOTES else None
    return section("Notes", "notes", el("ul", *(el("li", *prose(one)) for one in said[:MOST_NOTES])), more)
