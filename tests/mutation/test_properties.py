"""What holds for the verdict on any facts, sensible or not."""

from __future__ import annotations

import itertools
import random
import re
import shlex

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from packaging.requirements import InvalidRequirement, Requirement

from kdoctor.check.diagnose import diagnose
from kdoctor.check.registry import find_rules
from kdoctor.commands.check import report_of
from kdoctor.model.facts.base import Facts
from kdoctor.model.finding import Remedy
from kdoctor.model.report import Report
from tests.mutation.crossed import crossed_facts, grafted_facts

RULES = find_rules().items
MANY = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def judged(facts: Facts) -> Report:
    """The report on the facts."""
    return report_of(facts, diagnose(facts, RULES), RULES, 0.0)


@MANY
@given(crossed_facts())
def test_no_rule_crashes(facts: Facts) -> None:
    """Whatever the decoder takes."""
    assert [(out.name, out.reason) for out in judged(facts).outcomes if out.state == "crashed"] == []


@MANY
@given(crossed_facts())
def test_every_finding_says_what_why_and_what_to_do(facts: Facts) -> None:
    """An error without a remedy leaves its reader alone."""
    found = judged(facts).findings
    assert [item.name for item in found if not (item.what and item.why and item.remedy.text and item.evidence)] == []


@MANY
@given(crossed_facts(), some.randoms(use_true_random=False))
def test_the_order_of_facts_and_rules_does_not_matter(facts: Facts, dice: random.Random) -> None:
    """A document is a mapping; probes end in any order."""
    names = list(facts.sections)
    dice.shuffle(names)
    rules = list(RULES)
    dice.shuffle(rules)
    other = Facts(schema=facts.schema, origin=facts.origin, sections={name: facts.sections[name] for name in names})
    shuffled = report_of(other, diagnose(other, rules), tuple(rules), 0.0)
    assert shuffled.findings == judged(facts).findings


@MANY
@given(grafted_facts())
def test_findings_of_one_cause_do_not_contradict_each_other(facts: Facts) -> None:
    """Whoever follows one remedy does not undo another."""
    found = [item for item in judged(facts).findings if item.cause and item.role != "harmless"]
    pairs = [two for two in itertools.combinations(found, 2) if two[0].cause == two[1].cause]
    odd = [(one.name, other.name, contradiction(one.remedy, other.remedy)) for one, other in pairs]
    assert [row for row in odd if row[2]] == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("python -m pip install 'numpy==1.26.4'",), ("python -m pip install numpy==2.1.3",)),
        (("python -m pip uninstall -y keras",), ("python -m pip install 'keras>=3'",)),
        (("unset KERAS_BACKEND",), ("export KERAS_BACKEND=jax",)),
    ],
)
def test_a_contradiction_is_seen(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    """The test above can fail."""
    one, other = (Remedy(text="Do this.", commands=commands) for commands in (first, second))
    assert contradiction(one, other)
    assert contradiction(other, one)
    assert contradiction(one, one) == ""


def contradiction(one: Remedy, other: Remedy) -> str:
    """What one remedy does and the other undoes, "" for nothing."""
    first, second = Effects(one), Effects(other)
    for name in first.installed.keys() & second.installed.keys():
        exact = {first.installed[name], second.installed[name]}
        if len(exact) > 1 and all(exact):
            return f"{name} {' and '.join(sorted(exact))}"
    for mine, theirs in ((first, second), (second, first)):
        gone = (mine.removed - mine.installed.keys()) & (theirs.installed.keys() - theirs.removed)
        odd = sorted(gone) or sorted((mine.unset - mine.exported) & theirs.exported)
        if odd:
            return odd[0]
    return ""


class Effects:
    """What the commands of a remedy install (with the exact version, "" for any), remove, set and unset."""

    def __init__(self, remedy: Remedy) -> None:
        """Read the commands."""
        self.installed: dict[str, str] = {}
        self.removed: set[str] = set()
        self.exported: set[str] = set()
        self.unset: set[str] = set()
        for command in remedy.commands:
            words = shlex.split(command, comments=True)
            if "pip" in words and "install" in words:
                self._install([word for word in words[words.index("install") + 1 :] if not word.startswith("-")])
            if "pip" in words and "uninstall" in words:
                self.removed |= {word for word in words[words.index("uninstall") + 1 :] if not word.startswith("-")}
            self.exported |= {match[1] for word in words if (match := re.match(r"([A-Z_]+)=", word))}
            self.unset |= set(words[1:]) if words[:1] == ["unset"] else set()

    def _install(self, words: list[str]) -> None:
        for word in words:
            try:
                requirement = Requirement(word)
            except InvalidRequirement:
                continue
            exact = next((item.version for item in requirement.specifier if item.operator == "=="), "")
            self.installed[requirement.name] = exact
