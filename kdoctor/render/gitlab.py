"""The report as GitLab's Code Quality report: a JSON list, for the widget of a merge request."""

from __future__ import annotations

from kdoctor.model.finding import Finding
from kdoctor.model.report import Report
from kdoctor.render.json import encoded
from kdoctor.render.places import fingerprint, place_of, real
from kdoctor.render.text import visible

SEVERITIES = {"error": "critical", "warning": "major", "note": "info"}


def render(report: Report) -> str:
    """An entry for each finding that is not harmless."""
    return encoded([_entry(report, finding) for finding in real(report)]) + "\n"


def _entry(report: Report, finding: Finding) -> dict[str, object]:
    place = place_of(report, finding)
    return {
        "description": visible(f"{finding.id} {finding.name}: {finding.what} {finding.why}"),
        "check_name": f"{finding.id} {finding.name}",
        "fingerprint": fingerprint(finding),
        "severity": SEVERITIES[finding.severity],
        "location": {"path": visible(place.path), "lines": {"begin": place.line}},
    }
