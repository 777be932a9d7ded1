"""What kdoctor cannot or must not do itself is printed, for the user's own distribution."""

from __future__ import annotations

import msgspec
import pytest

from kdoctor.cli_in_place import outcome_text, plan_text
from kdoctor.commands.check import Request
from kdoctor.commands.in_place import Outcome, Plan, outcome_of
from kdoctor.model.change import ByHand, Change
from kdoctor.model.facts.base import Facts
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Finding, Remedy
from tests.recorded import checked

NO_DRIVER = "debian12-none-rtx3060-tf220-no-driver"


def by_hand(finding: Finding | None, facts: Facts, why: str = "it needs root") -> Outcome:
    """The document of a finding that is left to the user."""
    change = ByHand(why) if finding else None
    return outcome_of(Plan(request=Request(), finding=finding, change=change, facts=facts))


def primary(name: str, distribution: str | None = None) -> tuple[Finding, Facts]:
    """The first finding on a machine, and its facts, of another distribution where one is given."""
    report = checked(name).report
    system = report.facts.sections["system"]
    assert report.primary is not None
    assert isinstance(system, System)
    if distribution is None:
        return report.primary, report.facts
    changed = msgspec.structs.replace(system, distribution_id=distribution)
    facts = msgspec.structs.replace(report.facts, sections={**report.facts.sections, "system": changed})
    return report.primary, facts


def test_the_commands_are_those_of_the_distribution() -> None:
    found = by_hand(*primary(NO_DRIVER))
    assert list(found.commands) == [""]
    assert found.commands[""][0].startswith("sudo apt install nvidia-driver")
    assert "kdoctor does not change this itself: it needs root." in plan_text(found)


def test_of_an_unknown_distribution_all_are_printed_with_their_names() -> None:
    found = by_hand(*primary(NO_DRIVER, "slackware"))
    assert list(found.commands) == ["ubuntu", "debian", "fedora", "rhel", "arch", "opensuse"]
    text = plan_text(found)
    for name in ("Ubuntu (apt):", "Fedora (dnf):", "Arch (pacman):", "openSUSE (zypper):"):
        assert f"          {name}\n" in text
    assert "              sudo pacman -S nvidia-open nvidia-utils\n" in text


def test_commands_that_no_distribution_changes_are_printed_once() -> None:
    finding, facts = primary("ubuntu2404-550-rtx3060-tf220-after-suspend", "slackware")
    assert finding.remedy.safety == "needs-root"
    assert by_hand(finding, facts).commands == {"": finding.remedy.commands}


def test_a_recipe_that_avoids_the_fault_is_named() -> None:
    finding, facts = primary(NO_DRIVER)
    remedy = Remedy(text="Make another environment.", recipe="tf214-cuda118")
    text = plan_text(by_hand(msgspec.structs.replace(finding, remedy=remedy), facts, "a test"))
    assert "kdoctor fix --recipe tf214-cuda118" in text


def test_nothing_found_is_nothing_to_fix() -> None:
    found = by_hand(None, checked(NO_DRIVER).report.facts)
    assert plan_text(found) == "Nothing wrong was found: there is nothing to fix.\n"
    assert outcome_text(found) == ""


@pytest.mark.parametrize(
    ("gone", "after", "expected"),
    [
        (True, None, ["KD101 is gone.", "Nothing else is found."]),
        (True, "KD201", ["KD101 is gone.", "KD201 is the primary cause."]),
        (False, "KD101", ["It is done, but KD101 is still found.", "KD101 is the primary cause."]),
    ],
)
def test_what_became_of_it_is_said_with_the_way_back(gone: bool, after: str | None, expected: list[str]) -> None:  # noqa: FBT001
    finding, facts = primary(NO_DRIVER)
    change = Change(kind="file", title="a test", then="Activate the environment anew.")
    plan = outcome_of(Plan(request=Request(), finding=finding, change=change, facts=facts))
    text = outcome_text(msgspec.structs.replace(plan, done=True, gone=gone, undo="4", after=after))
    assert [line[10:] for line in text.splitlines()[1:]] == [
        *expected,
        "Activate the environment anew.",
        "`kdoctor undo 4` puts everything back.",
    ]
