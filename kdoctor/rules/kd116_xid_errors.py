"""The kernel's log has errors (Xid) of a GPU that no program causes by itself.

What it means: NVIDIA's kernel module reports every GPU error as an Xid with a number. Some are a program's own (13, 31,
43, 45: an address out of bounds, a killed process) and say nothing about the GPU. Others are of the card, its memory,
its link or the driver's firmware.

Why it matters: programs that ran at that moment failed or were stopped, and it is likely to happen again.

What to do: look the number up, keep the driver current, check power, slot and cooling, and have the card tested if it
comes back.
"""

import re
from collections import Counter

from kdoctor.knowledge.xid import Kind, Xid, xid
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.kernel_log import KernelLog
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.pci import Pci
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

LINE = re.compile(r"NVRM: Xid \((?:PCI:)?([0-9a-fA-F:.]+)\): (\d+)")
SMI = "nvidia-smi -q -d ECC,ROW_REMAPPER,TEMPERATURE,POWER"
ADVICE: dict[Kind, str] = {
    "hardware": "Check power cables, slot, riser, NVLink and cooling, restart, and have the card tested if it returns.",
    "memory": "Restart, so that bad memory is set aside; have the card tested if it returns.",
    "driver": "Update the driver and restart; if it returns, have the card tested.",
}


@rule(
    Declared(
        id="KD116",
        cause="gpu-hardware-fault",
        layer="hardware",
        severity="warning",
        since="0.1.0",
        sources=(Source("NVIDIA, Analyzing Xid Errors with the Xid Catalog; knowledge/xid.toml", "2026-11-22"),),
    )
)
def xid_errors(
    kernel_log: KernelLog | Unknown, pci: Pci | Absent | Unknown, libcuda: Libcuda | Absent | Unknown
) -> Verdict:
    """The Xid lines about the cards of this machine; a program's own are named and do not count."""
    if isinstance(kernel_log, Unknown):
        if isinstance(libcuda, Libcuda) and libcuda.init_code:
            return Undetermined(kernel_log.reason)
        return NotApplicable("nothing asks for the kernel's log, which this user may not read")
    lines = [(line, found) for line in kernel_log.lines if (found := LINE.search(line)) and is_here(found[1], pci)]
    known = [(line, row) for line, found in lines if (row := xid(int(found[2]))) is not None]
    serious = [(line, row) for line, row in known if row.kind != "program"]
    if not serious:
        codes = ", ".join(sorted({found[2] for _, found in lines}, key=int))
        return Clear(f"only Xid {codes}, which programs cause" if codes else "no Xid in the kernel's log")
    return _found(serious, kernel_log.source)


def is_here(address: str, pci: Pci | Absent | Unknown) -> bool:
    """Whether the card is one of this machine, as far as its bus could be read."""
    return not isinstance(pci, Pci) or card(address) in {card(item.address) for item in pci.devices}


def card(address: str) -> str:
    """An address without the function, which Xid lines leave out.

    >>> card("0000:01:00.0") == card("0000:01:00")
    True
    """
    return address.lower().partition(".")[0]


def _found(serious: list[tuple[str, Xid]], source: str) -> Found:
    counted = Counter(row.code for _, row in serious)
    row = next(row for kind in ADVICE for _, row in serious if row.kind == kind)
    others = f" and {len(counted) - 1} other kind{'s' if len(counted) > 2 else ''}" if len(counted) > 1 else ""  # noqa: PLR2004
    return Found(
        what=f"The kernel's log has Xid {row.code}, {row.what}{others}.",
        why="The GPU or its driver failed at that moment, and what ran on it; it is no program's own fault.",
        remedy=Remedy(
            text=ADVICE[row.kind], commands=("sudo dmesg | grep -i -E 'xid|fallen off'", SMI), safety="needs-root"
        ),
        evidence=tuple(Evidence("kernel log", line, source) for line, _ in serious[-4:]),
        confidence="likely",
    )
