"""The report of `kdoctor bench` as one HTML file: a pure function of its document.

The gravest verdict comes first, then the others, the plots, the tables of results, and what was disturbed.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from kdoctor.model.bench import Bench, Result
from kdoctor.render.bench import LEFT, columns, groups, noted, summary
from kdoctor.render.html.plots import plots
from kdoctor.render.html.raw import cut
from kdoctor.render.html.report import header
from kdoctor.render.html.tree import Node, breakable, el, folded, left_out, page, prose, section, table
from kdoctor.render.html.verdicts import card, hero, ranked
from kdoctor.render.json import render as as_json

MOST_RAW, MOST_ROWS, MOST_NOTES = 200_000, 400, 100


def render(bench: Bench) -> str:
    """The whole page."""
    verdicts = ranked(bench.verdicts)
    first = verdicts[0] if verdicts else None
    drawn = list(plots(bench))
    parts = (
        section("Plots", "plots", el("div", *drawn, class_="figures")) if drawn else None,
        section("Other verdicts", "verdicts", *map(card, verdicts[1:])) if verdicts[1:] else None,
        section("Results", "results", *_tables(bench.results)),
        _notes(bench),
        section("Document", "facts", folded("All that was measured", *cut(as_json(bench, redact_for=None), MOST_RAW))),
    )
    main = el(
        "main", el("div", hero(first, bench.exit_reason, summary(bench)), _environment(bench), class_="top"), *parts
    )
    said = f"facts {bench.facts_digest}, in {bench.seconds:.0f} s, {bench.exit_reason}"
    footer = el("footer", el("p", *breakable(said)))
    title = first.name if first else bench.exit_reason
    return page(f"kdoctor bench: {title}", header("bench", summary(bench)), main, footer)


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
