"""Judge facts by every rule: each ends in one of five outcomes, none is skipped in silence."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kdoctor.check.registry import Broken, arguments, parameters_of
from kdoctor.model.facts.base import Absent, Facts, Unknown
from kdoctor.model.finding import Clear, Finding, Found, NotApplicable, Outcome, Undetermined, Verdict
from kdoctor.model.rule import Rule


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """Outcomes of all rules, and the findings of those that fired, not yet ranked."""

    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]


def diagnose(facts: Facts, rules: Iterable[Rule], broken: Iterable[Broken] = ()) -> Diagnosis:
    """Apply every rule to the facts."""
    outcomes, findings = [], []
    for rule in rules:
        outcome, found = _judge(rule, facts)
        outcomes.append(outcome)
        if found is not None:
            findings.append(_finding(rule, found))
    for module in broken:
        identity = module.module.partition("_")[0].upper()
        name = module.module.partition("_")[2].replace("_", "-") or module.module
        outcomes.append(Outcome(id=identity, name=name, state="crashed", reason=module.reason))
    return Diagnosis(outcomes=tuple(outcomes), findings=tuple(findings))


def _judge(rule: Rule, facts: Facts) -> tuple[Outcome, Found | None]:
    try:
        taken = arguments(parameters_of(rule.check), facts.sections)
        if isinstance(taken, Absent):
            return Outcome(id=rule.id, name=rule.name, state="not-applicable", reason="; ".join(taken.looked)), None
        if isinstance(taken, Unknown):
            return Outcome(id=rule.id, name=rule.name, state="undetermined", reason=taken.reason), None
        verdict: Verdict = rule.check(**taken)
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


def _finding(rule: Rule, found: Found) -> Finding:
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
    )
