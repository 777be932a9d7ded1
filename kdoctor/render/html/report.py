"""The report of `kdoctor check` as one HTML file: a pure function of the report.

The primary cause comes first, then the evidence for it and what to do; then what follows from it, the machine, the
library search as pictures, versions beside what they must be, how the other rules ended, and the facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from xml.etree.ElementTree import Element

from kdoctor.model.facts.base import Facts, Origin
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.prediction import Prediction
from kdoctor.model.report import Report
from kdoctor.render.html import findings
from kdoctor.render.html.libraries import library_search
from kdoctor.render.html.outcomes import outcomes
from kdoctor.render.html.raw import raw_facts
from kdoctor.render.html.tree import breakable, el, page, prose, section
from kdoctor.render.html.versions import MOST, Need, State, needs
from kdoctor.render.overview import overview
from kdoctor.render.text import summary

MOST_LINES = 60
ORIGINS: dict[Origin, str] = {
    "live": "this machine",
    "sysroot": "the files of a machine",
    "file": "recorded facts",
    "log": "what a text says",
    "written": "files that an environment is made from",
}
SIGNS: dict[State, tuple[str, str]] = {
    "fits": ("\u2713", "fits"),
    "fails": ("\u2717", "does not fit"),
    "unknown": ("?", "not known"),
}


def render(report: Report) -> str:
    """The whole page."""
    title = report.primary.name if report.primary else "nothing wrong was found"
    others = findings.others(report.findings)
    parts = (
        section("Other findings", "findings", *others) if others else None,
        library_search(report.facts),
        _versions(report.facts),
        outcomes(report),
        raw_facts(report.facts),
    )
    main = el("main", el("div", _hero(report), _machine(report.facts), class_="top"), *parts)
    return page(f"kdoctor check: {title}", header("check", summary(report)), main, _footer(report))


def header(command: str, said: str) -> Element:
    """What this is, and its last line on a terminal, above everything."""
    return el("header", el("p", el("strong", "kdoctor"), f" {command}"), el("p", said, class_="summary"), class_="bar")


def _hero(report: Report) -> Element:
    if report.primary is not None:
        return findings.primary(report.primary)
    undecided = [one for one in report.outcomes if one.state in ("undetermined", "crashed")]
    kind = "undecided" if undecided else "healthy"
    badge = el("div", el("span", "undecided" if undecided else "ok", class_=f"badge {kind}"), class_="badges")
    more = [el("p", *prose(line), class_="why") for line in _expected(report.facts)]
    more += [el("p", f"{one.name}: {one.reason}", class_="why") for one in undecided[:3]]
    head = el("h1", "Nothing wrong was found")
    return el("section", badge, head, *more, class_=f"hero {kind}", aria_label="Result")


def _expected(facts: Facts) -> Iterator[str]:
    """What each framework is expected to say of the GPU, and why."""
    prediction, frameworks = facts.sections.get("prediction"), facts.sections.get("frameworks")
    if isinstance(prediction, Prediction) and isinstance(frameworks, Frameworks):
        for build in frameworks.builds[:MOST]:
            row = next((item for item in prediction.items if item.framework == build.framework), None)
            if row is not None and row.gpus is not None:
                number = f"{row.gpus or 'no'} GPU{'s' if row.gpus > 1 else ''}"
                yield f"{build.title} is expected to list {number}: {row.because}."


def _machine(facts: Facts) -> Element:
    """The overview: each label once, with all that is said of it."""
    listed = el("dl")
    for label, text in islice(overview(facts), MOST_LINES):
        if label:
            listed.append(el("dt", label))
        listed.append(el("dd", *breakable(text)))
    title = el("h2", "Text" if facts.origin == "log" else "Machine", id="machine-title")
    return el("section", title, listed, class_="machine", aria_labelledby="machine-title")


def _versions(facts: Facts) -> Element | None:
    """A table for all frameworks, a group of rows for each; None where nothing is to be compared."""
    groups = list(needs(facts))
    if not groups:
        return None
    titles = ("of", "here", "needed", "verdict")
    columns = (el("th", name, scope="col", role="columnheader") for name in titles)
    head = el("thead", el("tr", *columns, role="row"), role="rowgroup")
    caption = el("caption", "What is here, and what each framework needs of it")
    matrix = el("table", caption, head, class_="matrix", role="table")
    for title, rows in groups:
        named = el("th", title, scope="rowgroup", colspan=len(titles), role="rowheader")
        group = el("tr", named, class_="group", role="row")
        matrix.append(el("tbody", group, *(_row(need) for need in rows), role="rowgroup"))
    return section("Versions", "versions", matrix)


def _row(need: Need) -> Element:
    sign, word = SIGNS[need.state]
    told = el("span", el("span", sign, aria_hidden="true"), " ", el("span", word, class_="word"), class_="sign")
    named = el("th", need.what, scope="row", role="rowheader")
    here, needed, verdict = (
        el("td", content, role="cell", class_=name)
        for name, content in (("here", need.here), ("needed", need.needed), ("verdict", told))
    )
    return el("tr", named, here, needed, verdict, class_=need.state, role="row")


def _footer(report: Report) -> Element:
    said = f"kdoctor {report.kdoctor}, from {ORIGINS[report.origin]}, in {report.seconds:.1f} s"
    plugins = ", ".join(f"{one.distribution} {one.version}" for one in report.plugins)
    more = el("p", f"with rules or probes of {plugins}") if plugins else None
    return el("footer", el("p", said), more)
