"""What differs between two reports: what means something is told, what changes by itself is not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kdoctor.check.drift import GROUPS, drifts
from kdoctor.host import User
from kdoctor.model.codec import facts_from_json, section_kinds
from kdoctor.model.facts.base import Answered, Facts, Unknown
from kdoctor.model.facts.drift import Changed, Drift
from kdoctor.render.json import render
from tests.recorded import NAMES, checked

DESKTOP = "ubuntu2404-550-rtx3060-tf220"


def facts(name: str = DESKTOP) -> Facts:
    return checked(name).report.facts


def changed(section: str, **fields: Any) -> Facts:  # noqa: ANN401
    """The facts of a desktop with fields of one section replaced."""
    found = facts()
    one = msgspec.structs.replace(found.sections[section], **fields)
    return with_section(section, one)


def with_section(name: str, section: Answered) -> Facts:
    return msgspec.structs.replace(facts(), sections={**facts().sections, name: section})


def told(now: Facts, before: Facts | None = None) -> dict[str, Drift]:
    """The groups that differ."""
    found = drifts(before or facts(), now, "healthy.json")
    return {item.group: item for item in found if item.changes or item.unknown}


def test_every_group_reads_sections_that_exist() -> None:
    assert {name for reads in GROUPS.values() for name in reads} - set(section_kinds()) == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_machine_is_as_in_its_own_saved_report(name: str) -> None:
    saved = render(checked(name).report, redact_for=User(name="ada", host_name="lovelace"))
    before = facts_from_json(saved.encode(), "healthy.json")
    assert [item for item in drifts(before, facts(name), "healthy.json") if item.changes] == []


def test_another_driver_is_told_with_both_values() -> None:
    found = told(facts("fedora41-565-rtx3060-tf220"))["NVIDIA driver"].changes
    assert found[0] == Changed("driver release", "550.120", "565.77")


def test_groups_come_in_order_of_importance() -> None:
    assert list(told(facts("rocky9-550-2xh100-tf220")))[:2] == ["GPUs", "NVIDIA driver"]


def test_temperatures_memory_and_processes_are_not_compared() -> None:
    device = facts().sections["nvml"].devices[0]  # type: ignore[union-attr]  # a recorded Nvml
    other = msgspec.structs.replace(device, temperature_c=90, memory_used_bytes=1, throttle_reasons=("power",))
    assert told(changed("nvml", devices=(other,), start_s=9.0)) == {}


def test_variables_that_matter_are_compared_and_those_of_the_shell_are_not() -> None:
    now = changed("environ", variables={"CUDA_VISIBLE_DEVICES": "", "PATH": "/elsewhere"})
    found = told(now, changed("environ", variables={"PATH": "/bin"}))
    assert [(item.label, item.after) for item in found["Environment variables"].changes] == [
        ("CUDA_VISIBLE_DEVICES", "(empty)")
    ]


def test_what_could_not_be_measured_is_said_and_is_no_change() -> None:
    found = told(with_section("driver", Unknown(reason="denied")))
    assert (found["NVIDIA driver"].changes, found["NVIDIA driver"].unknown) == (
        (),
        "driver was not measured now: denied",
    )


def test_names_of_people_are_no_change() -> None:
    before = changed("environ", variables={"LD_LIBRARY_PATH": "/home/user/lib:/home/user2/lib"})
    now = changed("environ", variables={"LD_LIBRARY_PATH": "/home/ada/lib:/home/bob/lib"})
    assert told(now, before) == {}


def test_packages_of_frameworks_come_first() -> None:
    items = facts().sections["distributions"].items  # type: ignore[union-attr]  # a recorded Distributions
    other = tuple(msgspec.structs.replace(item, version="9") for item in items)
    labels = [item.label for item in told(changed("distributions", items=other))["Packages"].changes]
    assert labels.index("tensorflow") < labels.index("h5py")
