from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kdoctor.host.machine import RecordedCommand
from kdoctor.host.sysroot import SysrootHost
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.kernel_log import KernelLog
from kdoctor.model.facts.pci import Pci, PciDevice
from kdoctor.probes.kernel_log import COMMANDS, MOST_LINES, about_the_driver, probe
from tests.probes.tree import machine

CARD = Pci(devices=(PciDevice(address="0000:01:00.0", vendor_id="0x10de", device_id="0x2503", vendor="NVIDIA"),))
DMESG, JOURNAL = (" ".join(argv) for argv in COMMANDS)


def host(folder: Path, **commands: RecordedCommand) -> SysrootHost:
    found = machine(folder, {})
    named = {{"dmesg": DMESG, "journal": JOURNAL}[name]: ran for name, ran in commands.items()}
    found.machine = msgspec.structs.replace(found.machine, commands=named)
    return found


def test_dmesg_is_asked_first(tmp_path: Path) -> None:
    text = "[    0.0] Linux version 6.8\n[   12.3] nvidia: loading out-of-tree module taints kernel.\n"
    section = probe(host(tmp_path, dmesg=RecordedCommand(out=text)), Absent(), CARD)
    assert section == KernelLog(source="dmesg", lines=("nvidia: loading out-of-tree module taints kernel.",))


def test_the_journal_is_asked_where_dmesg_is_for_administrators(tmp_path: Path) -> None:
    denied = RecordedCommand(code=1, err="dmesg: read kernel buffer failed: Operation not permitted\n")
    asked = host(tmp_path, dmesg=denied, journal=RecordedCommand(out="Linux version 6.8\n"))
    assert probe(asked, Driver(), Absent()) == KernelLog(source="journalctl -k -b")


def test_a_journal_that_shows_this_user_nothing_is_not_a_log_without_errors(tmp_path: Path) -> None:
    denied = RecordedCommand(code=1, err="dmesg: read kernel buffer failed: Operation not permitted\n")
    section = probe(host(tmp_path, dmesg=denied, journal=RecordedCommand()), Driver(), CARD)
    assert isinstance(section, Unknown)
    assert "Operation not permitted; journalctl: shows this user nothing" in section.reason


def test_nothing_recorded_is_unknown(tmp_path: Path) -> None:
    assert isinstance(probe(host(tmp_path), Driver(), CARD), Unknown)


def test_a_machine_without_card_and_driver_is_not_asked(tmp_path: Path) -> None:
    assert isinstance(probe(host(tmp_path), Absent(), Pci(devices=())), Absent)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("[1.0] NVRM: Xid (PCI:0000:65:00): 31, pid=1234, name=python, Ch 00000008", "31, Ch 00000008"),
        (
            "NVRM: Xid (PCI:0000:65:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off",
            "79, GPU has fallen off",
        ),
        ("NVRM: Xid (PCI:0000:65:00): 43, pid=77, name=secret", "43"),
    ],
)
def test_a_process_is_not_kept(line: str, kept: str) -> None:
    assert about_the_driver(line) == (f"NVRM: Xid (PCI:0000:65:00): {kept}",)


def test_the_newest_lines_are_kept_and_repeated_ones_once() -> None:
    text = "\n".join([f"[{index}.0] NVRM: line {index % 100}" for index in range(500)])
    lines = about_the_driver(text)
    assert (len(lines), lines[-1]) == (MOST_LINES, "NVRM: line 99")
