"""Verdicts on a page: the gravest at its head, the others as cards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from kdoctor.model.bench import Verdict
from kdoctor.model.finding import SEVERITIES
from kdoctor.render.html.findings import part
from kdoctor.render.html.tree import el, folded, prose


def ranked(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The gravest first."""
    return sorted(verdicts, key=lambda one: SEVERITIES.index(one.severity))


def hero(first: Verdict | None, exit_reason: str, summary: str) -> Element:
    """The gravest verdict, or how it went where there is none."""
    if first is None:
        kind = "healthy" if exit_reason == "ok" else "undecided"
        badge = el("div", el("span", exit_reason, class_=f"badge {kind}"), class_="badges")
        return el("section", badge, el("h1", summary), class_=f"hero {kind}", aria_label="Result")
    body = (el("div", *_badges(first), class_="badges"), el("h1", *prose(first.what)), *_body(first))
    return el("section", *body, class_=f"hero {first.severity}", aria_label="First verdict")


def card(verdict: Verdict) -> Element:
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
