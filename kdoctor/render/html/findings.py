"""Findings as cards: what, why, what was seen, and what to do, the same words as on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from xml.etree.ElementTree import Element

from kdoctor.model.finding import Evidence, Finding
from kdoctor.model.fleet import FleetFinding
from kdoctor.render.html.tree import Node, add, breakable, code, el, folded, left_out, prose

NEEDS = {"needs-root": "Needs root.", "changes-environment": "Changes the environment.", "safe": ""}
MOST_SHOWN, MOST_HELD = 8, 500
MOST_NAMED = 24


def primary(finding: Finding) -> Element:
    """The head of the page and the card of its cause."""
    head = el("div", *_badges(finding), class_="badges")
    inside = (head, el("h1", *prose(finding.what)), *_body(finding))
    return el("section", *inside, class_=f"hero {finding.severity}", aria_label="Primary cause")


def others(findings: Iterable[Finding]) -> list[Element]:
    """Every finding but the primary one: what follows from another is folded, harmless lines come last."""
    shapes = {"harmless": _harmless, "consequence": _consequence, "independent": _card}
    return [shapes[finding.role](finding) for finding in findings if finding.role != "primary"]


def _card(finding: Finding) -> Element:
    """Another finding."""
    head = el("div", *_badges(finding), class_="badges")
    inside = (head, el("h3", *prose(finding.what)), *_body(finding))
    return el("article", *inside, class_=f"card {finding.severity}", id=f"finding-{finding.name}")


def _consequence(finding: Finding) -> Element:
    """One that follows from another: its sentence, and the whole of it when it is asked for."""
    follows = el("span", f"follows from {finding.consequence_of}", class_="role")
    head = el("span", *_badges(finding), follows, el("span", *prose(finding.what), class_="what"), class_="heads")
    return folded(head, *_body(finding), class_=f"card {finding.severity} on-paper")


def _harmless(finding: Finding) -> Element:
    """A line that looks like trouble and is none."""
    shown = _evidence(finding.evidence) if finding.evidence else None
    said = el("p", el("span", "harmless", class_="badge harmless"), f" {finding.what} {finding.why}")
    return el("div", said, folded("seen", shown) if shown is not None else None, class_="harmless-line")


def _badges(finding: Finding) -> Iterator[Node]:
    unsure = "" if finding.confidence == "certain" else f", {finding.confidence}"
    yield el("span", f"{finding.severity}{unsure}", class_=f"badge {finding.severity}")
    yield el("code", finding.id, class_="id")
    yield el("span", finding.name, class_="name")
    if finding.role == "primary":
        yield el("span", "primary cause", class_="role")
    if finding.distribution:
        yield el("span", f"from {finding.distribution}", class_="role")


def _body(finding: Finding) -> Iterator[Element]:
    yield el("p", *prose(finding.why), class_="why")
    if finding.evidence:
        yield part("seen", _evidence(finding.evidence))
    if isinstance(finding, FleetFinding):
        yield part("machines", *_machines(finding.nodes))
    yield part("do", *_remedy(finding))


def _machines(names: Sequence[str]) -> Iterator[Element]:
    """The first names, more of them folded."""
    few, more = names[:MOST_NAMED], names[MOST_NAMED:MOST_HELD]
    yield el("p", ", ".join(few), class_="names")
    if more:
        rest = left_out(len(names) - MOST_HELD) if len(names) > MOST_HELD else None
        yield folded(f"{len(names) - MOST_NAMED:,} more", el("p", ", ".join(more), class_="names"), rest)


def part(label: str, *children: Node) -> Element:
    """A part of a finding or a verdict, below the word that the terminal has for it."""
    return el("div", el("p", label, class_="label"), *children, class_=f"part {label}")


def _remedy(finding: Finding) -> Iterator[Element]:
    needs = NEEDS[finding.remedy.safety]
    yield el("p", *prose(finding.remedy.text), el("strong", f" {needs}") if needs else None)
    if finding.remedy.commands:
        yield commands(*finding.remedy.commands)
    if finding.remedy.recipe:
        yield el("p", "Or make an environment that fits this machine:")
        yield commands(f"kdoctor fix --recipe {finding.remedy.recipe}")


def commands(*lines: str) -> Element:
    """Commands to copy, in order; a click selects one of them."""
    return el("ol", *(el("li", code(line)) for line in lines), class_="commands")


def _evidence(evidence: tuple[Evidence, ...]) -> Element:
    """Facts of one name and source once, their values below one another."""
    listed = el("dl", class_="evidence")
    for (fact, source), items in groupby(evidence, lambda item: (item.fact, item.source)):
        values = [el("li", code(item.value)) for item in items]
        few, more = values[:MOST_SHOWN], values[MOST_SHOWN:MOST_HELD]
        held = el("dd", el("ul", *few))
        if more:
            add(held, folded(f"{len(more)} more", el("ul", *more)))
        if source:
            add(held, el("p", *breakable(source), class_="source"))
        add(listed, el("dt", fact), held)
    return listed
