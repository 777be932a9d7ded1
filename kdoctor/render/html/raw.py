"""The facts that a report rests on, folded away, section by section; long ones are cut, and say so."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from kdoctor.model.facts.base import Absent, Answered, Facts, Unknown
from kdoctor.render.html.tree import Node, el, folded, preformatted, section
from kdoctor.render.json import render as as_json

MOST_OF_ONE, MOST_OF_ALL = 60_000, 600_000


def raw_facts(facts: Facts) -> Element:
    """Every section as JSON."""
    left = MOST_OF_ALL
    parts: list[Element] = []
    for name, answered in sorted(facts.sections.items()):
        said = as_json(answered, redact_for=None)
        room = min(MOST_OF_ONE, left)
        parts.append(folded(_head(name, answered), *cut(said, room)))
        left -= min(len(said), room)
    return section("Facts", "facts", folded("What was read, section by section", *parts))


def cut(said: str, room: int) -> list[Node]:
    """The text, or its beginning and how much of it is missing."""
    if len(said) <= room:
        return [preformatted(said)]
    kept = said[:room].rpartition("\n")[0]
    missing = said.count("\n") - kept.count("\n")
    hint = el("p", f"{missing} more lines are left out here; ", el("code", "--format json"), " has them all.")
    return [preformatted(kept), hint] if kept else [hint]


def _head(name: str, answered: Answered) -> Element:
    state = "absent" if isinstance(answered, Absent) else "unknown" if isinstance(answered, Unknown) else ""
    reason = f": {answered.reason}" if isinstance(answered, Unknown) else ""
    return el("span", el("code", name), f" {state}{reason}" if state else None)
