"""Judging: each rule ends in one of five outcomes, whatever it does."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

from kdoctor.check.diagnose import Diagnosis, diagnose
from kdoctor.check.registry import Broken, find_rules, kinds_of, section_of
from kdoctor.model.facts.base import SCHEMA, Absent, Answered, Facts, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.wsl import Wsl
from kdoctor.model.finding import (
    Clear,
    Evidence,
    Finding,
    Found,
    NotApplicable,
    Outcome,
    Remedy,
    Severity,
    Undetermined,
    Verdict,
)
from kdoctor.model.rule import Rule

REMEDY = Remedy(text="Do this.")
EVIDENCE = (Evidence("fact", "value", "source"),)
DOCKER = Container(kind="docker", signs=("/.dockerenv",))


def found(severity: Severity | None = None) -> Found:
    return Found(what="It is so.", why="It must not.", remedy=REMEDY, evidence=EVIDENCE, severity=severity)


def fires(container: Container) -> Verdict:
    return found() if container.kind else Clear("")


def fires_weaker(container: Container) -> Verdict:
    return found("note") if container.kind else Clear("")


def is_clear(container: Container) -> Verdict:
    return Clear(container.kind)


def does_not_apply(container: Container) -> Verdict:
    return NotApplicable(container.kind)


def cannot_tell(container: Container) -> Verdict:
    return Undetermined(container.kind)


def raises(container: Container) -> Verdict:
    raise KeyError(container.kind)


def returns_nothing(container: Container) -> Verdict:
    return None if container.kind else Clear("")  # type: ignore[return-value]  # a plug-in's bug


def needs_both(container: Container, wsl: Wsl) -> Verdict:
    return Clear(f"{container.kind} {wsl.version}")


def about_absence(container: Absent, wsl: Wsl) -> Verdict:
    return Clear(f"{container.looked} {wsl.version}")


def about_a_container_outside_wsl(container: Container | Absent, wsl: Wsl | Absent | Unknown) -> Verdict:
    return Clear(f"{type(container).__name__} {type(wsl).__name__}")


def reads_no_section(number: int) -> Verdict:
    return Clear(str(number))


def rule_of(check: Callable[..., Verdict], cause: str = "") -> Rule:
    return Rule(
        id="KD999",
        name="a-rule",
        cause=cause,
        layer="kdoctor",
        severity="error",
        since="0.1.0",
        sources=(),
        explains=(),
        explanation="",
        check=check,
    )


def judge(check: Callable[..., Verdict], cause: str = "", **sections: Answered) -> Diagnosis:
    facts = Facts(schema=SCHEMA, origin="file", sections=sections)
    return diagnose(facts, [rule_of(check, cause)])


@pytest.mark.parametrize(
    ("check", "state", "reason"),
    [
        (fires, "fired", ""),
        (is_clear, "clear", "docker"),
        (does_not_apply, "not-applicable", "docker"),
        (cannot_tell, "undetermined", "docker"),
        (raises, "crashed", "KeyError: 'docker'"),
        (returns_nothing, "crashed", "returned NoneType, which is no verdict"),
        (reads_no_section, "crashed", "TypeError: expected one fact section, found none"),
        (about_absence, "crashed", "TypeError: expected one fact section, found none"),
    ],
)
def test_every_end_is_an_outcome(check: Callable[..., Verdict], state: str, reason: str) -> None:
    outcome = judge(check, container=DOCKER).outcomes[0]
    assert outcome == Outcome(id="KD999", name="a-rule", state=state, reason=reason)  # type: ignore[arg-type]


def test_a_fired_rule_is_a_finding_with_its_rule_s_metadata() -> None:
    assert judge(fires, "driver-missing", container=DOCKER).findings == (
        Finding(
            id="KD999",
            name="a-rule",
            cause="driver-missing",
            severity="error",
            confidence="certain",
            role="independent",
            what="It is so.",
            why="It must not.",
            remedy=REMEDY,
            evidence=EVIDENCE,
        ),
    )


def test_a_rule_without_a_cause_gives_a_finding_without_one() -> None:
    assert judge(fires, container=DOCKER).findings[0].cause is None


def test_a_harmless_line_is_said_to_be_harmless() -> None:
    assert judge(fires, "harmless-warning", container=DOCKER).findings[0].role == "harmless"


def test_the_facts_may_make_a_finding_weaker() -> None:
    assert judge(fires_weaker, container=DOCKER).findings[0].severity == "note"


def test_a_section_that_is_absent_makes_the_rule_not_applicable() -> None:
    outcome = judge(fires, container=Absent(looked=("/.dockerenv",))).outcomes[0]
    assert (outcome.state, outcome.reason) == ("not-applicable", "there is no container")


@pytest.mark.parametrize(
    ("sections", "reason"),
    [({"container": Unknown(reason="denied")}, "needs container: denied"), ({}, "needs container: not recorded")],
)
def test_a_section_that_is_unknown_makes_the_rule_undetermined(sections: dict[str, Answered], reason: str) -> None:
    outcome = judge(fires, "", **sections).outcomes[0]
    assert (outcome.state, outcome.reason) == ("undetermined", reason)


def test_unknown_comes_before_absent() -> None:
    outcome = judge(needs_both, container=Absent(), wsl=Unknown(reason="denied")).outcomes[0]
    assert (outcome.state, outcome.reason) == ("undetermined", "needs wsl: denied")


def test_a_rule_about_absence_is_given_it() -> None:
    outcome = judge(about_a_container_outside_wsl, container=Absent(), wsl=Unknown(reason="denied")).outcomes[0]
    assert (outcome.state, outcome.reason) == ("clear", "Absent Unknown")


def test_a_section_of_another_name_does_not_stand_in() -> None:
    outcome = judge(fires, container=Environ(variables={})).outcomes[0]
    assert outcome.state == "not-applicable"


def test_a_rule_that_crashes_leaves_the_others_judged() -> None:
    facts = Facts(schema=SCHEMA, origin="file", sections={"container": DOCKER})
    diagnosis = diagnose(facts, [rule_of(raises), rule_of(fires)])
    assert [outcome.state for outcome in diagnosis.outcomes] == ["crashed", "fired"]
    assert len(diagnosis.findings) == 1


def test_a_module_that_could_not_be_loaded_is_a_crashed_outcome() -> None:
    facts = Facts(schema=SCHEMA, origin="file", sections={})
    diagnosis = diagnose(facts, [], [Broken("kd999_a_rule", "SyntaxError: x"), Broken("notes", "AttributeError: y")])
    assert diagnosis.outcomes == (
        Outcome(id="KD999", name="a-rule", state="crashed", reason="SyntaxError: x"),
        Outcome(id="NOTES", name="notes", state="crashed", reason="AttributeError: y"),
    )


def test_a_rule_s_module_that_fails_to_import_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "rules_of_a_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "kd998_bad.py").write_text("def bad(: pass\n")
    (folder / "kd999_unmarked.py").write_text("def unmarked(): pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    broken = find_rules(importlib.import_module("rules_of_a_test")).broken
    assert [(module.module, module.reason.partition(":")[0]) for module in broken] == [
        ("kd998_bad", "SyntaxError"),
        ("kd999_unmarked", "AttributeError"),
    ]


def test_an_annotation_names_exactly_one_section() -> None:
    assert section_of(kinds_of(Container | Absent)) == "container"
    assert kinds_of("Container") == ()
    with pytest.raises(TypeError, match=r"found \['container', 'wsl'\]"):
        section_of((Container, Wsl))
