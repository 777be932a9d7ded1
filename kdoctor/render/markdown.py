"""The report as Markdown: for an issue, a merge request, or the summary of a job."""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.model.finding import Finding, Outcome
from kdoctor.model.report import Report
from kdoctor.render import marked
from kdoctor.render.overview import overview
from kdoctor.render.text import NEEDS, summary

MOST_EVIDENCE = 20
MOST_ROWS = 200


def render(report: Report) -> str:
    """The last line of the text first, then the machine, every finding, and how the other rules ended."""
    lines = ["# kdoctor check", "", f"**{summary(report)}**", ""]
    lines += ["| | |", "|---|---|"]
    lines += [marked.row((label, marked.escaped(value))) for label, value in overview(report.facts)]
    for finding in report.findings:
        lines += ["", *_finding(finding)]
    for state, title in (("undetermined", "Could not be decided"), ("crashed", "Crashed"), ("clear", "Ruled out")):
        some = [outcome for outcome in report.outcomes if outcome.state == state]
        if some:
            lines += ["", *_outcomes(title, some)]
    return "\n".join(lines) + "\n"


def _finding(finding: Finding) -> Iterator[str]:
    marks = {"primary": " (primary cause)", "consequence": f" (follows from {finding.consequence_of})"}
    unsure = "" if finding.confidence == "certain" else f", {finding.confidence}"
    severity = "harmless" if finding.role == "harmless" else f"{finding.severity}{unsure}"
    origin = f" (from {marked.code(finding.distribution)})" if finding.distribution else ""
    yield f"## {severity} {finding.id} {marked.code(finding.name)}{marks.get(finding.role, '')}{origin}"
    yield from ("", f"**{marked.prose(finding.what)}**")
    yield from ("", marked.prose(finding.why))
    yield from ("", marked.prose(finding.remedy.text + NEEDS[finding.remedy.safety]))
    if finding.remedy.commands:
        yield from ("", *marked.block(finding.remedy.commands, "sh"))
    if finding.remedy.recipe:
        yield from ("", "Or make an environment that fits this machine:")
        yield from ("", *marked.block((f"kdoctor fix --recipe {finding.remedy.recipe}",), "sh"))
    if finding.evidence:
        yield from ("", *_evidence(finding))


def _evidence(finding: Finding) -> Iterator[str]:
    yield "| seen | value | source |"
    yield "|---|---|---|"
    for item in finding.evidence[:MOST_EVIDENCE]:
        yield marked.row((marked.escaped(item.fact), marked.code(item.value), marked.escaped(item.source)))
    if len(finding.evidence) > MOST_EVIDENCE:
        yield marked.row((f"and {len(finding.evidence) - MOST_EVIDENCE} more", "", ""))


def _outcomes(title: str, some: list[Outcome]) -> Iterator[str]:
    """Folded: a reader wants them only to know that they were looked at."""
    yield f"<details><summary>{title}: {len(some)}</summary>"
    yield ""
    yield "| rule | reason |"
    yield "|---|---|"
    for outcome in some[:MOST_ROWS]:
        yield marked.row((marked.code(outcome.name), marked.escaped(outcome.reason)))
    yield ""
    yield "</details>"
