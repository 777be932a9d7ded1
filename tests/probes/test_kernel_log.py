from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from kdoctor.host.sysroot import SysrootHost
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.kernel_log import KernelLog
from kdoctor.model.facts.pci import Pci, PciDevice
from kdoctor.probes.kernel_log import probe
from tests.probes.tree import machine

CARD = Pci(devices=(PciDevice(address="0000:01:00.0", vendor_id="0x10de", device_id="0x2503", vendor="NVIDIA"),))


def host(folder: Path, answer: object = None) -> SysrootHost:
    found = machine(folder, {})
    answers = {"kernel_log@own": json.dumps(answer)} if answer is not None else {}
    found.machine = msgspec.structs.replace(found.machine, answers=answers)
    return found


def test_the_lines_are_those_of_the_child(tmp_path: Path) -> None:
    asked = host(tmp_path, {"source": "dmesg", "lines": ["NVRM: loading"]})
    assert probe(asked, Absent(), CARD) == KernelLog(source="dmesg", lines=("NVRM: loading",))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"source": "", "why": "dmesg: Operation not permitted"}, "(dmesg: Operation not permitted)"),
        ({"lines": 1}, "could not be read"),
        (None, "not recorded"),
    ],
)
def test_a_log_that_is_not_shown_is_unknown(tmp_path: Path, answer: object, reason: str) -> None:
    section = probe(host(tmp_path, answer), Driver(), Absent())
    assert isinstance(section, Unknown)
    assert reason in section.reason


def test_a_machine_without_card_and_driver_is_not_asked(tmp_path: Path) -> None:
    assert isinstance(probe(host(tmp_path), Absent(), Pci(devices=())), Absent)
