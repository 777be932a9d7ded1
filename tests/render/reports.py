"""Small reports for tests of what is printed."""

from __future__ import annotations

import msgspec

from kdoctor.model.facts.base import SCHEMA, Answered, Facts
from kdoctor.model.finding import Evidence, Finding, Outcome, Remedy
from kdoctor.model.report import REPORT_SCHEMA, Report

FIRST = Finding(
    id="KD201",
    name="cuda-lib-missing",
    cause="cuda-lib-missing",
    severity="error",
    confidence="certain",
    role="primary",
    what="A library is missing.",
    why="Nothing works without it.",
    remedy=Remedy(text="Install it."),
    evidence=(Evidence("missing", "libcudart.so.12", "loader"),),
)


def finding(**changes: object) -> Finding:
    """A primary error; `changes` replace its fields."""
    return msgspec.structs.replace(FIRST, **changes)


def report(*findings: Finding, outcomes: tuple[Outcome, ...] = (), **sections: Answered) -> Report:
    """A report with these findings in this order."""
    first = findings[0] if findings and findings[0].role == "primary" else None
    return Report(
        schema=REPORT_SCHEMA,
        kdoctor="0.1.0",
        origin="file",
        primary=first,
        findings=findings,
        outcomes=outcomes,
        facts=Facts(schema=SCHEMA, origin="file", sections=sections),
        seconds=0.1,
    )
