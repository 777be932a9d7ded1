"""Ranking: one primary cause, consequences under their root, harmless lines last; the same for any input order."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as some

from kdoctor.check.rank import rank
from kdoctor.knowledge.ranking import Before, Ranking
from kdoctor.model.finding import CONFIDENCES, SEVERITIES, Clear, Confidence, Finding, Remedy, Role, Severity, Verdict
from kdoctor.model.rule import Rule

NAMES = "abcdefgh"
RANKING = Ranking(
    schema=1,
    layers=("hardware", "driver", "libraries", "settings"),
    in_environment=frozenset(),
    before=(Before(first="card", then=("driver-old", "libraries-missing"), why="It makes them useless."),),
)


def check() -> Verdict:
    return Clear("")


def rule(name: str, layer: str = "driver", explains: Sequence[str] = ()) -> Rule:
    return Rule(
        id=f"KD-{name}",
        name=name,
        cause="",
        layer=layer,
        severity="error",
        since="0.1.0",
        sources=(),
        explains=tuple(explains),
        explanation="",
        check=check,
    )


def finding(
    name: str, severity: Severity = "error", confidence: Confidence = "certain", role: Role = "independent"
) -> Finding:
    return Finding(
        id=f"KD-{name}",
        name=name,
        cause=None,
        severity=severity,
        confidence=confidence,
        role=role,
        what="",
        why="",
        remedy=Remedy(text=""),
        evidence=(),
    )


def ranked(findings: Sequence[Finding], *rules: Rule) -> list[tuple[str, Role, str]]:
    return [(item.name, item.role, item.consequence_of) for item in rank(findings, rules, RANKING)]


def names(findings: Sequence[Finding], *rules: Rule) -> list[str]:
    return [item.name for item in rank(findings, rules, RANKING)]


def test_nothing_found_is_nothing_ranked() -> None:
    assert ranked([]) == []


def test_severity_comes_before_layer() -> None:
    found = [finding("card", "warning"), finding("setting", "error")]
    assert names(found, rule("card", "hardware"), rule("setting", "settings")) == ["setting", "card"]


def test_a_root_that_makes_another_remedy_useless_comes_before_it_whatever_the_layers() -> None:
    found = [finding("driver-old"), finding("card")]
    assert names(found, rule("card", "settings"), rule("driver-old", "driver")) == ["card", "driver-old"]


def test_without_that_root_the_layers_decide() -> None:
    found = [finding("libraries-missing"), finding("driver-old")]
    rules = (rule("driver-old", "driver"), rule("libraries-missing", "libraries"))
    assert names(found, *rules) == ["driver-old", "libraries-missing"]


def test_a_layer_that_is_not_listed_comes_last() -> None:
    found = [finding("a"), finding("b")]
    assert names(found, rule("a", "elsewhere"), rule("b", "settings")) == ["b", "a"]


def test_confidence_decides_within_a_layer_and_the_id_at_last() -> None:
    found = [finding("d"), finding("a", confidence="possible"), finding("b", confidence="likely"), finding("c")]
    assert names(found, *(rule(name) for name in "abcd")) == ["c", "d", "b", "a"]


def test_a_finding_without_its_rule_is_ranked_all_the_same() -> None:
    assert names([finding("gone"), finding("a")], rule("a")) == ["a", "gone"]


def test_a_consequence_stands_under_its_root() -> None:
    found = [finding("b"), finding("c"), finding("a")]
    assert ranked(found, rule("a", explains=("c",)), rule("b"), rule("c")) == [
        ("a", "primary", ""),
        ("c", "consequence", "KD-a"),
        ("b", "independent", ""),
    ]


def test_a_consequence_of_a_consequence_stands_under_the_same_root() -> None:
    found = [finding("c"), finding("b"), finding("d"), finding("a")]
    rules = (rule("a", explains=("b",)), rule("b", "libraries", explains=("c",)), rule("c", "settings"), rule("d"))
    assert ranked(found, *rules) == [
        ("a", "primary", ""),
        ("b", "consequence", "KD-a"),
        ("c", "consequence", "KD-b"),
        ("d", "independent", ""),
    ]


def test_of_two_that_explain_it_the_one_ranked_first_does() -> None:
    rules = (rule("low", "libraries", explains=("x",)), rule("high", "hardware", explains=("x",)), rule("x"))
    found = [finding("low"), finding("x"), finding("high")]
    assert ("x", "consequence", "KD-high") in ranked(found, *rules)
    assert ranked(found, *rules) == ranked(found[::-1], *rules)


def test_a_weaker_finding_explains_no_stronger_one() -> None:
    found = [finding("a", "warning"), finding("b", "error")]
    assert ranked(found, rule("a", explains=("b",)), rule("b")) == [("b", "primary", ""), ("a", "independent", "")]


def test_what_did_not_fire_explains_nothing() -> None:
    assert ranked([finding("b")], rule("a", explains=("b",)), rule("b")) == [("b", "primary", "")]


def test_rules_that_explain_each_other_leave_one_root() -> None:
    rules = (rule("a", explains=("b",)), rule("b", "libraries", explains=("a",)))
    assert ranked([finding("b"), finding("a")], *rules) == [("a", "primary", ""), ("b", "consequence", "KD-a")]


def test_harmless_lines_come_last_and_are_never_primary() -> None:
    found = [finding("noise", role="harmless"), finding("hint", "note")]
    assert ranked(found, rule("noise", "hardware"), rule("hint", "settings")) == [
        ("hint", "primary", ""),
        ("noise", "harmless", ""),
    ]
    assert ranked([finding("noise", role="harmless")], rule("noise")) == [("noise", "harmless", "")]


@some.composite
def machines(draw: some.DrawFn) -> tuple[list[Finding], list[Rule]]:
    """Any findings of eight rules that explain each other in any way, circles included."""
    rules = [
        rule(name, draw(some.sampled_from((*RANKING.layers, "elsewhere"))), draw(some.lists(some.sampled_from(NAMES))))
        for name in NAMES
    ]
    found = [
        finding(
            name,
            draw(some.sampled_from(SEVERITIES)),
            draw(some.sampled_from(CONFIDENCES)),
            draw(some.sampled_from(("independent", "harmless"))),
        )
        for name in draw(some.lists(some.sampled_from(NAMES), unique=True))
    ]
    return found, rules


@given(machines(), some.randoms(use_true_random=False))
def test_ranking_is_the_same_for_any_order_and_loses_nothing(
    machine: tuple[list[Finding], list[Rule]], shuffler: object
) -> None:
    found, rules = machine
    result = rank(found, rules, RANKING)
    shuffled, shuffled_rules = list(found), list(rules)
    shuffler.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    shuffler.shuffle(shuffled_rules)  # type: ignore[attr-defined]
    assert rank(shuffled, shuffled_rules, RANKING) == result
    assert sorted(item.name for item in result) == sorted(item.name for item in found)


@given(machines())
def test_there_is_exactly_one_primary_unless_all_is_harmless(machine: tuple[list[Finding], list[Rule]]) -> None:
    result = rank(*machine, RANKING)
    roles = [item.role for item in result]
    serious = [item for item in machine[0] if item.role != "harmless"]
    assert roles.count("primary") == bool(serious)
    assert not serious or roles[0] == "primary"
    assert roles == sorted(roles, key=lambda role: role == "harmless")
    explained = {item.id for item in result if item.role != "harmless"}
    assert all((item.role == "consequence") == (item.consequence_of in explained) for item in result)
    roots = [SEVERITIES.index(item.severity) for item in result if item.role in ("primary", "independent")]
    assert roots == sorted(roots)
