"""Every rule against its own cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdoctor.check.diagnose import diagnose
from kdoctor.check.registry import find_rules
from kdoctor.model.rule import Rule
from tests.rules.cases import HERE, Case, cases_of, facts_of

RULES: dict[str, Rule] = {f"{rule.id.lower()}_{rule.name.replace('-', '_')}": rule for rule in find_rules().items}
ALL = [(path, case) for path in sorted(HERE.glob("kd*.toml")) for case in cases_of(path)]


@pytest.mark.parametrize(("path", "case"), ALL, ids=[f"{path.stem[:5]}: {case.name}" for path, case in ALL])
def test_a_rule_says_what_its_case_expects(path: Path, case: Case) -> None:
    """The outcome, and for a case that fires what it says."""
    diagnosis = diagnose(facts_of(case), [RULES[path.stem]])
    outcome = diagnosis.outcomes[0]
    assert (outcome.state.replace("fired", "fires"), outcome.reason) == (case.expect, outcome.reason)
    for finding in diagnosis.findings:
        text = f"{finding.what} {finding.why}"
        assert [part for part in case.says if part not in text] == []
        commands = "\n".join(finding.remedy.commands)
        assert [part for part in case.commands if part not in commands] == []
        assert finding.severity == (case.severity or finding.severity)
        assert finding.confidence == (case.confidence or finding.confidence)
        assert len(finding.what) <= 100
