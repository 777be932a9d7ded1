"""The one Report that every output format renders."""

import msgspec

from kdoctor.model.facts.base import Facts, Origin
from kdoctor.model.finding import Finding, Outcome

REPORT_SCHEMA = 1


class Plugin(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution beside kdoctor that took part: ids of its rules, names of its sections."""

    distribution: str
    version: str
    rules: tuple[str, ...]
    sections: tuple[str, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a check. ``findings`` is ranked; ``primary`` is its first, or None.

    ``config``: the configuration file that was read, "" if none was.
    """

    schema: int
    kdoctor: str
    origin: Origin
    primary: Finding | None
    findings: tuple[Finding, ...]
    outcomes: tuple[Outcome, ...]
    facts: Facts
    seconds: float
    plugins: tuple[Plugin, ...] = ()
    config: str = ""
