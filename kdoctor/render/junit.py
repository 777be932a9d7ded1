"""The report as JUnit XML: a test case for each finding and each other rule, for the test pages of a build server.

Only an error fails its case, as only an error is an exit code of 1 by default: a warning or a note passes and says so
in its output. What could not be decided or does not apply is skipped, a rule that crashed is an error.
"""

from __future__ import annotations

from kdoctor.model.finding import Finding, Outcome
from kdoctor.model.report import Report
from kdoctor.render.junit_xml import Case, Suite, document
from kdoctor.render.overview import overview
from kdoctor.render.text import NEEDS

AREAS = {
    "1": "driver",
    "2": "libraries",
    "3": "framework",
    "4": "environment",
    "5": "container",
    "6": "settings",
    "7": "speed",
    "9": "kdoctor",
}


def render(report: Report) -> str:
    """One suite: findings in their order, then the rules that did not fire."""
    cases = [_of_finding(finding) for finding in report.findings]
    cases += [_of_outcome(outcome) for outcome in report.outcomes if outcome.state != "fired"]
    suite = Suite(name="kdoctor check", cases=tuple(cases), seconds=report.seconds, properties=_properties(report))
    return document((suite,))


def _properties(report: Report) -> dict[str, str]:
    """The machine; what goes on in lines without a label is of the one before."""
    properties: dict[str, str] = {}
    last = ""
    for label, value in overview(report.facts):
        last = label or last
        properties[last] = f"{properties[last]}; {value}" if last in properties else value
    return properties


def _class(identity: str) -> str:
    """Build servers group cases by what stands before the last point."""
    area = AREAS.get(identity.removeprefix("KD")[:1], "other")
    return f"kdoctor.{area}"


def _of_finding(finding: Finding) -> Case:
    told = [f"{finding.severity}: {finding.what}", f"why: {finding.why}"]
    told.append(f"do: {finding.remedy.text}{NEEDS[finding.remedy.safety]}")
    told += [f"    {command}" for command in finding.remedy.commands]
    if finding.remedy.recipe:
        told.append(f"    kdoctor fix --recipe {finding.remedy.recipe}")
    told += [f"seen: {item.fact}: {item.value} ({item.source})" for item in finding.evidence]
    is_failure = finding.severity == "error" and finding.role != "harmless"
    return Case(
        group=_class(finding.id),
        name=f"{finding.id} {finding.name}",
        state="failure" if is_failure else "passed",
        kind=finding.cause or finding.name,
        message=finding.what,
        told=tuple(told),
    )


def _of_outcome(outcome: Outcome) -> Case:
    states = {"crashed": "error", "undetermined": "skipped", "not-applicable": "skipped"}
    head = {"undetermined": "undetermined: ", "not-applicable": "does not apply: "}.get(outcome.state, "")
    return Case(
        group=_class(outcome.id),
        name=f"{outcome.id} {outcome.name}",
        state=states.get(outcome.state, "passed"),
        kind=outcome.state,
        message=f"{head}{outcome.reason}",
        told=(outcome.reason,) if outcome.state == "clear" else (),
    )
