"""The one Report that every output format renders."""

import msgspec

from kdoctor.model.facts.base import Facts, Origin
from kdoctor.model.finding import Finding, Outcome

REPORT_SCHEMA = 1


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a check. ``findings`` is ranked; ``primary`` is its first, or None."""

    schema: int
    kdoctor: str
    origin: Origin
    primary: Finding | None
    findings: tuple[Finding, ...]
    outcomes: tuple[Outcome, ...]
    facts: Facts
    seconds: float
