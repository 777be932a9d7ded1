"""A GPU is on the machine but does not answer any more.

What it means: NVML reports that the GPU is lost, needs a reset, or the bus reads only ones from it. The card has
fallen off the PCI bus, overheated, lost power, or its memory has failed.

Why it matters: programs that use the card hang or crash, and no software setting mends it.

What to do: restart with the power off for a moment. If it returns, read the kernel's Xid messages, then check power
cables, slot and cooling, or have the card replaced.
"""

from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml, NvmlDevice
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Severity, Verdict
from kdoctor.model.rule import Declared, Source, rule

LOST = {15: "GPU is lost", 16: "GPU requires reset"}
RESET = 16
XID = "sudo dmesg | grep -i -E 'xid|fallen off'"


@rule(
    Declared(
        id="KD107",
        cause="gpu-hardware-fault",
        layer="hardware",
        severity="error",
        since="0.1.0",
        sources=(Source("NVML API: NVML_ERROR_GPU_IS_LOST (15), NVML_ERROR_RESET_REQUIRED (16)", "2026-11-21"),),
        explains=("driver-needs-reload", "gpu-device-permission", "driver-not-loaded", "cuda-does-not-initialise"),
    )
)
def gpu_hardware_fault(nvml: Nvml, libcuda: Libcuda | Absent | Unknown) -> Verdict:
    """NVML's own word for a GPU, or for all of them; a warning where CUDA still lists another one."""
    others = len(libcuda.devices) if isinstance(libcuda, Libcuda) else 0
    if nvml.error_code in LOST:
        return _found(nvml.error_code, "nvmlInit", _said(nvml, others), ("sudo nvidia-smi --gpu-reset", XID), "error")
    lost = next((device for device in nvml.devices if device.error_code in LOST), None)
    if lost is not None:
        reset = f"sudo nvidia-smi --gpu-reset -i {lost.index}"
        return _found(
            lost.error_code, _place(lost), _said(nvml, others), (reset, XID), "warning" if others else "error"
        )
    if not nvml.devices:
        return NotApplicable("NVML lists no GPU")
    return Clear(f"{len(nvml.devices)} GPU, none of them lost")


def _place(device: NvmlDevice) -> str:
    return f"NVML, GPU {device.index} {device.pci_address}".rstrip()


def _said(nvml: Nvml, others: int) -> tuple[Evidence, ...]:
    return (
        Evidence("GPUs listed", str(len(nvml.devices)), "NVML"),
        Evidence("GPUs that CUDA lists", str(others), "cuInit"),
    )


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
