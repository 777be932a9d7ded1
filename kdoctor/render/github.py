"""The report as annotations of GitHub Actions: workflow commands, one line for each finding.

A runner reads them from the log of the step; how they are escaped is that of actions/toolkit (`core.error`).
"""

from __future__ import annotations

from kdoctor.model.finding import Finding
from kdoctor.model.report import Report
from kdoctor.render.places import place_in_log, real
from kdoctor.render.text import NEEDS, visible

LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def render(report: Report) -> str:
    """Errors, warnings and notices; nothing where nothing was found."""
    return "".join(_annotation(report, finding) for finding in real(report))


def _annotation(report: Report, finding: Finding) -> str:
    needs = NEEDS[finding.remedy.safety]
    told = [finding.what, finding.why, f"{finding.remedy.text}{needs}", *finding.remedy.commands]
    if finding.remedy.recipe:
        told.append(f"kdoctor fix --recipe {finding.remedy.recipe}")
    place = place_in_log(report, finding)
    where = {"file": place.path, "line": str(place.line)} if place else {}
    return annotation(LEVELS[finding.severity], f"{finding.id} {finding.name}", told, where)


def annotation(level: str, title: str, told: list[str], where: dict[str, str] | None = None) -> str:
    r"""One workflow command.

    >>> annotation("error", "a: b, c", ["50 %", "x::y"])
    '::error title=a%3A b%2C c::50 %25%0Ax::y\n'
    """
    properties = ",".join(f"{name}={_property(value)}" for name, value in {**(where or {}), "title": title}.items())
    return f"::{level} {properties}::{'%0A'.join(map(_data, filter(None, told)))}\n"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
