"""The report on many machines as one HTML file: a pure function of it.

The primary cause comes first with its machines; then a map of all machines, the other findings, what the machines
have in common, and a table of machines.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from kdoctor.model.fleet import FleetReport, Shared
from kdoctor.render.fleet import summary
from kdoctor.render.html import findings
from kdoctor.render.html.machines import machine_map, machine_table
from kdoctor.render.html.report import header
from kdoctor.render.html.tree import Node, code, el, left_out, page, section, table

MOST_FINDINGS, MOST_VALUES, MOST_ROWS = 200, 10, 500


def render(report: FleetReport) -> str:
    """The whole page."""
    title = report.primary.name if report.primary else "nothing wrong was found"
    others = findings.others(report.findings[:MOST_FINDINGS])
    if len(report.findings) > MOST_FINDINGS:
        others.append(left_out(len(report.findings) - MOST_FINDINGS))
    parts = (
        section("Map", "map", *machine_map(report.map)),
        section("Other findings", "findings", *others) if others else None,
        _shared(report.shared),
        machine_table(report.map),
    )
    main = el("main", el("div", _hero(report), _numbers(report), class_="top"), *parts)
    footer = el("footer", el("p", f"kdoctor {report.kdoctor}"))
    return page(f"kdoctor fleet: {title}", header("fleet", summary(report)), main, footer)


def _hero(report: FleetReport) -> Element:
    if report.primary is not None:
        return findings.primary(report.primary)
    badge = el("div", el("span", "ok", class_="badge healthy"), class_="badges")
    return el("section", badge, el("h1", "Nothing wrong was found"), class_="hero healthy", aria_label="Result")


def _numbers(report: FleetReport) -> Element:
    odd = sum(1 for row in report.map if row.differs)
    rows = (
        ("machines", len(report.map)),
        ("gave a report", report.answered),
        ("without a report", len(report.map) - report.answered),
        ("unlike the others", odd),
    )
    listed = el("dl", *(el(tag, said) for name, value in rows for tag, said in (("dt", name), ("dd", f"{value:,}"))))
    title = el("h2", "Fleet", id="machine-title")
    return el("section", title, listed, class_="machine", aria_labelledby="machine-title")


def _shared(shared: tuple[Shared, ...]) -> Element | None:
    """A row for each value of each property; None where no machine told any."""
    if not shared:
        return None
    caption = "Each value, and how many machines have it"
    rows = [cells for row in shared for cells in _values(row)]
    listed = table(caption, ("property", "value", "machines"), rows[:MOST_ROWS], figures=["machines"])
    more = left_out(len(rows) - MOST_ROWS) if len(rows) > MOST_ROWS else None
    return section("In common", "shared", listed, more)


def _values(row: Shared) -> Iterator[tuple[Node, ...]]:
    few, more = row.values[:MOST_VALUES], row.values[MOST_VALUES:]
    yield from ((row.title, code(value), f"{number:,}") for value, number in few)
    if more:
        yield row.title, f"{len(more):,} other values", f"{sum(number for _, number in more):,}"
