"""How the rules ended that did not fire: undecided ones first, then what was ruled out and what does not apply."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from kdoctor.model.finding import Outcome
from kdoctor.model.report import Report
from kdoctor.render.html.tree import add, el, folded, prose, section

TITLES = {
    "undetermined": "could not be decided",
    "crashed": "crashed",
    "clear": "ruled out",
    "not-applicable": "not applicable here",
}
OPEN = ("undetermined", "crashed")


def outcomes(report: Report) -> Element | None:
    """A list for each way to end; None where no rule was asked."""
    groups = [(state, [one for one in report.outcomes if one.state == state]) for state in TITLES]
    lists = [_list(state, some) for state, some in groups if some]
    return section("Rules", "rules", *lists) if lists else None


def _list(state: str, some: list[Outcome]) -> Element:
    """Rules that share a reason are told together."""
    reasons: dict[str, list[Outcome]] = {}
    for one in some:
        reasons.setdefault(one.reason, []).append(one)
    rows = [part for reason, those in reasons.items() for part in _row(reason, those)]
    listed = folded(f"{TITLES[state]}: {len(some)}", el("dl", *rows, class_="reasons"), class_=state)
    if state in OPEN:
        listed.set("open", "")
    return listed


def _row(reason: str, some: list[Outcome]) -> tuple[Element, Element]:
    named = el("dt")
    for one in some:
        origin = f" (from {one.distribution})" if one.distribution else ""
        add(named, el("div", f"{one.name}{origin} ", el("code", one.id)))
    return named, el("dd", *prose(reason))
