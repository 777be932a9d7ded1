"""A GPU is on the machine but does not answer any more.

What it means: NVML reports that the GPU is lost or needs a reset, or the PCI bus reads only ones from it, as from an
empty slot. The card has fallen off the bus, overheated, lost power, or its memory has failed.

Why it matters: programs that use the card hang or crash, and no software setting mends it.

What to do: restart with the power off for a moment. If it returns, read the kernel's Xid messages, then check power
cables, slot and cooling, or have the card replaced.
"""

import re

from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.kernel_log import KernelLog
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml, NvmlDevice
from kdoctor.model.facts.pci import Pci, PciDevice
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Severity, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

LOST = {15: "GPU is lost", 16: "GPU requires reset"}
RESET = 16
OFF_THE_BUS = re.compile(r"Xid .*: 79\b|fallen off the bus", re.IGNORECASE)
XID = "sudo dmesg | grep -i -E 'xid|fallen off'"


@rule(
    Declared(
        id="KD107",
        cause="gpu-hardware-fault",
        layer="hardware",
        severity="error",
        since="0.1.0",
        sources=(
            Source("NVML API: NVML_ERROR_GPU_IS_LOST (15), NVML_ERROR_RESET_REQUIRED (16)", "2026-11-21"),
            Source("PCI Local Bus Specification 3.0, 6.1: all ones where no device answers", "2026-11-22"),
        ),
        explains=(
            "xid-errors",
            "gpu-memory-errors",
            "driver-needs-reload",
            "gpu-device-permission",
            "driver-not-loaded",
            "cuda-does-not-initialise",
        ),
    )
)
def gpu_hardware_fault(
    nvml: Nvml | Absent | Unknown,
    libcuda: Libcuda | Absent | Unknown,
    pci: Pci | Absent | Unknown,
    kernel_log: KernelLog | Absent | Unknown,
) -> Verdict:
    """NVML's own word for a GPU, or for all of them, or the bus's; a warning where CUDA still lists another one."""
    others = len(libcuda.devices) if isinstance(libcuda, Libcuda) else 0
    severity: Severity = "warning" if others else "error"
    lines = (*_logged(kernel_log), Evidence("GPUs that CUDA lists", str(others), "cuInit"))
    gone = off_the_bus(pci)
    if gone is not None:
        return _gone(gone, lines, severity)
    if isinstance(nvml, Unknown):
        return Undetermined(nvml.reason)
    if isinstance(nvml, Absent):
        return NotApplicable("there is no NVML")
    said = (Evidence("GPUs listed", str(len(nvml.devices)), "NVML"), *lines)
    if nvml.error_code in LOST:
        return _found(nvml.error_code, "nvmlInit", said, ("sudo nvidia-smi --gpu-reset", XID), "error")
    lost = next((device for device in nvml.devices if device.error_code in LOST), None)
    if lost is not None:
        reset = f"sudo nvidia-smi --gpu-reset -i {lost.index}"
        return _found(lost.error_code, _place(lost), said, (reset, XID), severity)
    if not nvml.devices:
        return NotApplicable("NVML lists no GPU")
    return Clear(f"{len(nvml.devices)} GPU, none of them lost")


def off_the_bus(pci: Pci | Absent | Unknown) -> PciDevice | None:
    """The first card of the NVIDIA driver that does not answer on the bus any more."""
    cards = pci.devices if isinstance(pci, Pci) else ()
    return next((item for item in cards if item.lost and item.kernel_driver in ("nvidia", "")), None)


def _logged(kernel_log: KernelLog | Absent | Unknown) -> tuple[Evidence, ...]:
    if not isinstance(kernel_log, KernelLog):
        return ()
    found = [line for line in kernel_log.lines if OFF_THE_BUS.search(line)]
    return tuple(Evidence("kernel log", line, kernel_log.source) for line in found[:2])


def _gone(card: PciDevice, said: tuple[Evidence, ...], severity: Severity) -> Found:
    return Found(
        what=f"The GPU at {card.address} has fallen off the PCI bus: it reads only ones.",
        why="The card does not answer any more; programs that use it, and nvidia-smi, hang or crash.",
        remedy=Remedy(
            text="Switch the machine off and on. If it returns, check power cables, slot, riser and cooling.",
            commands=(XID,),
            safety="needs-root",
        ),
        evidence=(
            Evidence("vendor and device", "0xffff 0xffff", f"/sys/bus/pci/devices/{card.address}/config"),
            Evidence("gpu", card.name or "NVIDIA GPU", card.address),
            *said,
        ),
        severity=severity,
    )


def _place(device: NvmlDevice) -> str:
    return f"NVML, GPU {device.index} {device.pci_address}".rstrip()


def _found(code: int, place: str, said: tuple[Evidence, ...], commands: tuple[str, str], severity: Severity) -> Found:
    text = (
        "Switch the machine off and on. If it returns, read the kernel's Xid lines and check power, slot and cooling."
    )
    return Found(
        what=f"NVML says: {LOST[code]} ({place}).",
        why="The card does not answer any more; programs that use it hang or crash.",
        remedy=Remedy(
            text=f"Reset the card while nothing uses it. {text}" if code == RESET else text,
            commands=commands if code == RESET else commands[1:],
            safety="needs-root",
        ),
        evidence=(Evidence("NVML", f"{code} {LOST[code]}", place), *said),
        severity=severity,
    )
