"""What every rule must have, whoever adds it: names, page, sources, cases, and remedies that can be typed."""

from __future__ import annotations

import datetime as dt
import re
import shlex
import sys
from collections import Counter
from pathlib import Path

import pytest
import typer.main

from kdoctor import rules
from kdoctor.check.diagnose import diagnose
from kdoctor.check.registry import find_rules
from kdoctor.cli import assemble
from kdoctor.fix.recipes import shipped
from kdoctor.knowledge.ranking import ranking
from kdoctor.knowledge.taxonomy import taxonomy
from kdoctor.model.finding import Finding
from kdoctor.model.rule import Rule
from tests.rules.cases import HERE, Case, cases_of, facts_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOUND = find_rules()
RULES: tuple[Rule, ...] = FOUND.items
NAMES = {rule.name for rule in RULES}
CAUSES = {cause.id for cause in taxonomy().causes}
HEADINGS = ("What it means:", "Why it matters:", "What to do:")
FOLDER = Path(rules.__path__[0])
each_rule = pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])


def cases(rule: Rule) -> tuple[Case, ...]:
    """The cases of a rule, none where it has no file."""
    path = HERE / f"{stem(rule)}.toml"
    return cases_of(path) if path.is_file() else ()


def stem(rule: Rule) -> str:
    """The name of the rule's files."""
    return f"{rule.id.lower()}_{rule.name.replace('-', '_')}"


def findings(rule: Rule) -> list[Finding]:
    """What the rule says in its own cases."""
    return [finding for case in cases(rule) for finding in diagnose(facts_of(case), [rule]).findings]


def typed(finding: Finding) -> list[str]:
    """The commands of kdoctor's own that a finding tells the user to type."""
    shown = [*finding.remedy.commands, *re.findall(r"`([^`]*)`", f"{finding.why} {finding.remedy.text}")]
    return [command for command in shown if command.startswith("kdoctor ")]


def test_every_module_of_the_package_is_a_rule() -> None:
    assert FOUND.broken == ()


@each_rule
def test_a_file_is_named_by_id_and_function(rule: Rule) -> None:
    assert (rule.check.__module__, rule.check.__name__) == (f"kdoctor.rules.{stem(rule)}", rule.name.replace("-", "_"))


@each_rule
def test_a_module_defines_one_rule(rule: Rule) -> None:
    names = [
        name
        for name, value in vars(sys.modules[rule.check.__module__]).items()
        if hasattr(value, "__kdoctor_rule__") and value.__module__ == rule.check.__module__
    ]
    assert names == [rule.name.replace("-", "_")]


@each_rule
def test_a_page_has_a_title_and_three_headings_in_order(rule: Rule) -> None:
    title, empty, *rest = rule.explanation.splitlines()
    headings = [line.partition(":")[0] + ":" for line in rest if line.startswith(HEADINGS)]
    assert (title.endswith("."), empty, headings) == (True, "", list(HEADINGS))


@each_rule
def test_a_source_names_the_day_it_was_read(rule: Rule) -> None:
    assert rule.sources
    assert all(source.what and dt.date.fromisoformat(source.read) <= dt.date(2100, 1, 1) for source in rule.sources)


@each_rule
def test_a_cause_is_of_the_taxonomy(rule: Rule) -> None:
    assert rule.cause in {"", *CAUSES}
    assert rule.cause == rule.name or rule.name not in CAUSES


@each_rule
def test_a_layer_is_one_of_the_ranking(rule: Rule) -> None:
    assert rule.layer in ranking().layers


@each_rule
def test_a_rule_explains_rules_that_exist(rule: Rule) -> None:
    assert [name for name in rule.explains if name not in NAMES] == []


@each_rule
def test_a_rule_has_cases_that_fire_are_clear_and_are_undetermined(rule: Rule) -> None:
    kinds = {case.expect for case in cases(rule)}
    assert {"fires", "clear", "undetermined"} - kinds == set()


@each_rule
def test_what_a_rule_says_fits_a_line_and_tells_what_to_do(rule: Rule) -> None:
    said = findings(rule)
    assert [finding.what for finding in said if len(finding.what) > 100 or "\n" in finding.what] == []
    assert [finding.what for finding in said if not (finding.remedy.text and finding.why and finding.evidence)] == []


@each_rule
def test_kdoctor_commands_in_remedies_are_understood(rule: Rule) -> None:
    group = typer.main.get_command(assemble())
    for command in {command for finding in findings(rule) for command in typed(finding)}:
        _, *words = shlex.split(command, comments=True)
        context = group.make_context("kdoctor", list(words))
        name, found, left = group.resolve_command(context, list(words))  # type: ignore[attr-defined]  # a group
        found.make_context(name, left, parent=context)


@each_rule
def test_a_remedy_names_recipes_that_exist(rule: Rule) -> None:
    named = {finding.remedy.recipe for finding in findings(rule)} - {""}
    assert named - {recipe.id for recipe in shipped()} == set()


def test_no_id_is_used_twice_or_again() -> None:
    retired = tomllib.loads((FOLDER / "retired.toml").read_text(encoding="utf-8"))["retired"]
    used = Counter([*(rule.id for rule in RULES), *retired])
    assert [identity for identity, count in used.items() if count > 1] == []
    assert [identity for identity in used if not re.fullmatch(r"KD[1-9]\d\d", identity)] == []


def test_no_rule_explains_itself_in_a_circle() -> None:
    left = {rule.name: set(rule.explains) & NAMES for rule in RULES}
    while free := [name for name, explained in left.items() if not explained & set(left)]:
        for name in free:
            del left[name]
    assert left == {}


def test_every_file_of_cases_belongs_to_a_rule() -> None:
    known = {stem(rule) for rule in RULES}
    assert [path.name for path in HERE.glob("*.toml") if path.stem not in {"bases", *known}] == []


def test_the_ranking_names_rules_that_exist() -> None:
    named = {name for row in ranking().before for name in (row.first, *row.then)} | ranking().in_environment
    assert named - NAMES == set()


def test_what_makes_other_remedies_useless_is_not_itself_made_useless() -> None:
    """The order of roots counts rows; a chain of them would need more than that."""
    firsts = {row.first for row in ranking().before}
    assert [name for row in ranking().before for name in row.then if name in firsts] == []


def test_the_taxonomy_has_no_id_twice() -> None:
    assert len(CAUSES) == len(taxonomy().causes)
