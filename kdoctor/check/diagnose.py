"""Judge facts by every rule: each ends in one of five outcomes, none is skipped in silence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from kdoctor.check.registry import Broken, arguments, parameters_of
from kdoctor.host.plugins import Failed, within
from kdoctor.model.facts.base import Absent, Answered, Facts, Unknown
from kdoctor.model.finding import Clear, Finding, Found, NotApplicable, Outcome, Undetermined, Verdict
from kdoctor.model.rule import Rule

FOREIGN_S = 5.0
ASKED_ONLY = ("requirement", "drift", "written")  # sections that are there only where the user asks for them
VERDICTS = (Found, Clear, NotApplicable, Undetermined)


class ForeignError(Exception):
    """A plug-in's rule gave no verdict."""


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """Outcomes of all rules, and the findings of those that fired, not yet ranked."""

    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]


def diagnose(
    facts: Facts, rules: Iterable[Rule], broken: Iterable[Broken] = (), lost: Iterable[Outcome] = ()
) -> Diagnosis:
    """Apply every rule to the facts; ``lost``: the outcomes of plug-ins that could not be taken in."""
    outcomes, findings = [], []
    not_asked = {name: Absent(looked=("nothing asks for it",)) for name in ASKED_ONLY}
    facts = msgspec.structs.replace(facts, sections={**not_asked, **facts.sections})
    for rule in rules:
        outcome, found = _judge(rule, facts)
        outcomes.append(msgspec.structs.replace(outcome, distribution=rule.distribution))
        if found is not None:
            findings.append(finding_of(rule, found))
    for module in broken:
        identity = module.module.partition("_")[0].upper()
        name = module.module.partition("_")[2].replace("_", "-") or module.module
        outcomes.append(Outcome(id=identity, name=name, state="crashed", reason=module.reason))
    return Diagnosis(outcomes=(*outcomes, *lost), findings=tuple(findings))


def _judge(rule: Rule, facts: Facts) -> tuple[Outcome, Found | None]:
    try:
        taken = arguments(parameters_of(rule.check), facts.sections)
        if isinstance(taken, Absent):
            return Outcome(id=rule.id, name=rule.name, state="not-applicable", reason="; ".join(taken.looked)), None
        if isinstance(taken, Unknown):
            return Outcome(id=rule.id, name=rule.name, state="undetermined", reason=taken.reason), None
        verdict = _foreign(rule, taken) if rule.distribution else rule.check(**taken)
    except Exception as error:  # noqa: BLE001  one rule that raises is one crashed outcome
        reason = f"{type(error).__name__}: {error}"
        return Outcome(id=rule.id, name=rule.name, state="crashed", reason=reason), None
    if isinstance(verdict, Found):
        return Outcome(id=rule.id, name=rule.name, state="fired"), verdict
    if isinstance(verdict, Clear):
        return Outcome(id=rule.id, name=rule.name, state="clear", reason=verdict.reason), None
    if isinstance(verdict, NotApplicable):
        return Outcome(id=rule.id, name=rule.name, state="not-applicable", reason=verdict.reason), None
    if isinstance(verdict, Undetermined):
        return Outcome(id=rule.id, name=rule.name, state="undetermined", reason=verdict.reason), None
    reason = f"returned {type(verdict).__name__}, which is no verdict"
    return Outcome(id=rule.id, name=rule.name, state="crashed", reason=reason), None


def _foreign(rule: Rule, taken: Mapping[str, Answered]) -> Verdict:
    """The verdict of a plug-in's rule, in bounded time and with every value of the type that it says."""
    said = within(FOREIGN_S, lambda: rule.check(**taken))
    if isinstance(said, Failed):
        raise ForeignError(said.reason)
    if not isinstance(said.value, VERDICTS):
        return said.value
    return msgspec.convert(msgspec.to_builtins(said.value), type(said.value))


def finding_of(rule: Rule, found: Found) -> Finding:
    """A rule's verdict as a finding, not yet ranked."""
    return Finding(
        id=rule.id,
        name=rule.name,
        cause=rule.cause or None,
        severity=found.severity or rule.severity,
        confidence=found.confidence,
        role="harmless" if rule.cause == "harmless-warning" else "independent",
        what=found.what,
        why=found.why,
        remedy=found.remedy,
        evidence=found.evidence,
        distribution=rule.distribution,
    )
