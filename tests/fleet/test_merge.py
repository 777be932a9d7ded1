"""Faults planted in a fleet of reports are found where they are, and nothing else is."""

from __future__ import annotations

import json

import pytest

from kdoctor.fleet.differ import listed
from kdoctor.fleet.gather import expected
from kdoctor.fleet.merge import LONGEST_NAME, merge
from kdoctor.fleet.node import MOST_FINDINGS
from kdoctor.model.fleet import Answer, FleetReport
from tests.fleet.planted import BROKEN, CHANGED, HEALTHY, LOST, answers, fleet, report

FAULTS = [*CHANGED, *BROKEN, *LOST, "node-garbage", "node-other-schema"]


def found(merged: FleetReport) -> dict[str, set[str]]:
    return {finding.name: set(finding.nodes) for finding in merged.findings}


def test_a_healthy_fleet_has_no_finding() -> None:
    names, _ = fleet(20, {})
    merged = merge(answers(names, {}))
    assert (merged.findings, merged.primary, merged.answered) == ((), None, 20)
    assert {row.state for row in merged.map} == {"ok"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_where_it_is(fault: str) -> None:
    names, planted = fleet(20, {fault: 2})
    merged = merge(answers(names, planted))
    assert found(merged)[fault] == planted[fault]
    assert merged.primary is not None
    if fault not in BROKEN:  # a machine of another make differs in much
        allowed = {fault, "packages-differs"}  # what a wheel brings has its version in both
        assert set(found(merged)) <= allowed


def test_a_broken_machine_comes_before_one_that_differs() -> None:
    names, planted = fleet(30, {"driver-userland-kernel-mismatch": 1, "driver-differs": 2, "kernel-differs": 1})
    merged = merge(answers(names, planted))
    assert merged.primary is not None
    assert merged.primary.name == "driver-userland-kernel-mismatch"
    assert [item.role for item in merged.findings].count("primary") == 1


def test_two_pools_are_no_strays() -> None:
    names, planted = fleet(20, {"driver-differs": 8})
    assert "driver-differs" not in found(merge(answers(names, planted)))


def test_two_machines_are_too_few_for_a_majority() -> None:
    names, planted = fleet(2, {"driver-differs": 1})
    assert merge(answers(names, planted)).findings == ()


def test_a_dead_driver_is_not_another_gpu() -> None:
    names, planted = fleet(20, {"driver-userland-kernel-mismatch": 1})
    assert "gpus-differs" not in found(merge(answers(names, planted)))


def test_names_that_come_twice_are_kept_apart() -> None:
    merged = merge([Answer(node="n1", report=report(HEALTHY))] * 2)
    assert [row.name for row in merged.map] == ["n1", "n1#2"]


def test_a_name_of_any_length_costs_no_more_than_the_longest_that_there_is() -> None:
    merged = merge(Answer(node=end * 9000, report=report(HEALTHY)) for end in ("9", "x", "x"))
    assert [len(row.name) for row in merged.map] == [LONGEST_NAME, LONGEST_NAME, LONGEST_NAME + 2]
    assert merged.answered == 3


def test_of_one_report_so_many_findings_count_and_no_more() -> None:
    said = json.loads(report(BROKEN["gpu-hardware-fault"]))
    said["findings"] = [{**said["findings"][0], "name": f"rule-{number}"} for number in range(1000)]
    merged = merge([Answer(node="n1", report=json.dumps(said).encode())])
    assert len(merged.findings) == MOST_FINDINGS


def test_machines_are_in_the_order_of_their_numbers() -> None:
    merged = merge(Answer(node=f"n{number}", report=report(HEALTHY)) for number in (10, 9, 1))
    assert [row.name for row in merged.map] == ["n1", "n9", "n10"]


def test_expected_machines_that_left_nothing_are_named() -> None:
    merged = merge(expected([Answer(node="n1", report=report(HEALTHY))], ["n1", "n2"]))
    assert found(merged) == {"node-missing": {"n2"}}


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"null", b'{"schema": 1}', b"\xff\xfe", b"{" * 9000, b'{"schema": 1, "kdoctor": "x", "findings": 3}'],
)
def test_what_is_no_report_costs_no_other(data: bytes) -> None:
    merged = merge([Answer(node="n1", report=report(HEALTHY)), Answer(node="n2", report=data)])
    assert found(merged) == {"node-garbage": {"n2"}}
    assert merged.answered == 1


def test_many_names_are_cut() -> None:
    assert listed([f"n{number}" for number in range(100)]).endswith("and 94 more")
