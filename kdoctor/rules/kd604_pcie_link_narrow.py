"""A GPU's PCI Express link uses a quarter or less of the lanes that the GPU and its slot can.

What it means: the link was made with, say, 4 of 16 lanes: a card that does not sit well, a riser, dirt on the contacts,
or a slot that shares its lanes with another device. Half of the lanes are how many boards and laptops are built, and an
idle GPU lowers the link's speed (its generation): both are normal and nothing is said about them.

Why it matters: data goes to the GPU over this link. Training that reads large inputs, or several GPUs without NVLink,
waits for it; a small model does not notice.

What to do: with the machine off, take the card out and put it back, without a riser if possible; look at the firmware's
settings for the slot's lanes.
"""

from kdoctor.model.facts.nvml import Nvml, NvmlDevice
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule

AT_WORK = 2  # performance states P0 to P2; an idle GPU of a laptop may switch lanes off
MUCH = 4


@rule(
    Declared(
        id="KD604",
        cause="",
        layer="speed",
        severity="note",
        since="0.1.0",
        sources=(Source("NVML API: nvmlDeviceGetMaxPcieLinkWidth counts what device and system can do", "2026-11-22"),),
    )
)
def pcie_link_narrow(nvml: Nvml) -> Verdict:
    """The lanes in use against those that NVML says GPU and slot have; a virtual GPU's link is the host's."""
    linked = [item for item in nvml.devices if item.pcie_width and item.pcie_width_max and not item.virtual]
    if not linked:
        return NotApplicable("NVML reports no PCI Express link")
    narrow = [item for item in linked if (item.pcie_width or 0) * MUCH <= (item.pcie_width_max or 0)]
    at_work = [item for item in narrow if item.performance_state is not None and item.performance_state <= AT_WORK]
    if not narrow:
        return Clear(", ".join(f"GPU {item.index}: x{item.pcie_width}" for item in linked[:8]))
    if not at_work:
        return Clear(f"GPU {narrow[0].index}: x{narrow[0].pcie_width} while idle, which may be saving power")
    return _found(at_work)


def _found(narrow: list[NvmlDevice]) -> Found:
    device = narrow[0]
    width, most = device.pcie_width or 0, device.pcie_width_max or 0
    more = f", and {len(narrow) - 1} more" if len(narrow) > 1 else ""
    return Found(
        what=f"GPU {device.index} uses {width} of {most} PCI Express lanes{more}.",
        why="Inputs reach the GPU more slowly: training that streams large ones waits for them, a small model not.",
        remedy=Remedy(
            text="With the machine off put the card in again, without a riser if possible, and check the slot's lanes.",
            commands=(
                f"nvidia-smi -i {device.index} --query-gpu=pcie.link.width.current,pcie.link.width.max --format=csv",
            ),
        ),
        evidence=tuple(
            Evidence(f"GPU {item.index} {item.pci_address}", f"x{item.pcie_width} of x{item.pcie_width_max}", "NVML")
            for item in narrow[:8]
        ),
        confidence="likely",
        severity="warning" if width == 1 else None,
    )
