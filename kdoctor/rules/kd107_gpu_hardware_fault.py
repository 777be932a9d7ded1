"""A GPU is on the machine but does not answer any more.

What it means: NVML reports that the GPU is lost, needs a reset, or the bus reads only ones from it. The card has
fallen off the PCI bus, overheated, lost power, or its memory has failed.

Why it matters: programs that use the card hang or crash, and no software setting mends it.

What to do: restart with the power off for a moment. If it returns, read the kernel's Xid messages, then check power
cables, slot and cooling, or have the card replaced.
"""

from __future__ import annotations

from kdoctor.model.facts.nvml import Nvml, NvmlDevice
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule

LOST = {15: "GPU is lost", 16: "GPU requires reset"}


@rule(
    Declared(
        id="KD107",
        cause="gpu-hardware-fault",
        layer="hardware",
        severity="error",
        since="0.1.0",
        sources=(Source("NVML API: NVML_ERROR_GPU_IS_LOST (15), NVML_ERROR_RESET_REQUIRED (16)", "2026-11-21"),),
        explains=("driver-needs-reload", "gpu-device-permission", "driver-not-loaded"),
    )
)
def gpu_hardware_fault(nvml: Nvml) -> Verdict:
    """NVML's own word for a GPU, or for all of them."""
    if nvml.error_code in LOST:
        return _found(LOST[nvml.error_code], "nvmlInit", len(nvml.devices))
    lost = [device for device in nvml.devices if device.error_code in LOST]
    if lost:
        return _found(LOST[lost[0].error_code], _place(lost[0]), len(nvml.devices))
    if not nvml.devices:
        return NotApplicable("NVML lists no GPU")
    return Clear(f"{len(nvml.devices)} GPU answer")


def _place(device: NvmlDevice) -> str:
    return f"NVML, GPU {device.index} {device.pci_address}".rstrip()


def _found(said: str, place: str, count: int) -> Found:
    return Found(
        what=f"NVML says: {said} ({place}).",
        why="The card does not answer on the PCI bus any more; programs that use it hang or crash.",
        remedy=Remedy(
            text="Switch the machine off and on. If it returns, read the kernel's Xid lines and check power and slot.",
            commands=("sudo dmesg | grep -i -E 'xid|fallen off'",),
            safety="needs-root",
        ),
        evidence=(Evidence("NVML", said, place), Evidence("GPUs listed", str(count), "NVML")),
    )
