"""The memory of a GPU had errors that could not be corrected.

What it means: NVML counts uncorrectable ECC errors since the driver was loaded. The GPU sets such memory aside (row
remapping from Ampere on, page retirement before), which takes effect at the next reset; or it has no spare row left.

Why it matters: a program whose memory was hit is ended (Xid 48, 94, 95), and results may be wrong where ECC is off.
After a failed repair the same will happen again.

What to do: reset the GPU or restart the machine while nothing uses it. If repairs fail, have the card replaced.
"""

from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.nvml import Nvml, NvmlDevice
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD115",
        cause="gpu-hardware-fault",
        layer="hardware",
        severity="warning",
        since="0.1.0",
        sources=(
            Source("NVIDIA GPU Memory Error Management: row remapping, RMA policy thresholds", "2026-11-22"),
            Source("NVML API: nvmlDeviceGetRemappedRows, nvmlDeviceGetTotalEccErrors", "2026-11-22"),
        ),
    )
)
def gpu_memory_errors(nvml: Nvml, container: Container | Absent | Unknown) -> Verdict:
    """A failed repair before a pending one before errors alone; corrected errors are no fault."""
    known = [item for item in nvml.devices if item.ecc_uncorrected is not None or item.repair_pending is not None]
    if not known:
        return NotApplicable("no GPU reports memory errors")
    in_container = isinstance(container, Container)
    for bad in (is_worn, is_waiting, has_errors):
        found = next((device for device in known if bad(device)), None)
        if found is not None:
            return _found(found, in_container=in_container)
    return Clear(f"no uncorrectable error on {len(known)} GPU")


def is_worn(device: NvmlDevice) -> bool:
    """Whether bad memory could not be set aside."""
    return bool(device.repair_failed)


def is_waiting(device: NvmlDevice) -> bool:
    """Whether bad memory is set aside at the next reset."""
    return bool(device.repair_pending)


def has_errors(device: NvmlDevice) -> bool:
    """Whether errors were counted since the driver was loaded."""
    return bool(device.ecc_uncorrected)


def _found(device: NvmlDevice, *, in_container: bool) -> Found:
    name, count = f"GPU {device.index}", device.ecc_uncorrected or 0
    if is_worn(device):
        what = f"{name} has bad memory that it could not set aside: row remapping failed."
        text = "Stop using the card and have it replaced: this is the case of NVIDIA's warranty."
        commands: tuple[str, ...] = (f"nvidia-smi -i {device.index} -q -d ECC,ROW_REMAPPER",)
    elif is_waiting(device):
        what = f"{name} has bad memory that is set aside only at its next reset."
        text = "Reset the GPU while nothing uses it, or restart the machine."
        commands = (f"sudo nvidia-smi --gpu-reset -i {device.index}",)
    else:
        what = f"{name} counts {count} uncorrectable memory error{'' if count == 1 else 's'} since it was started."
        text = "Reset the GPU while nothing uses it; if the number grows again, test the card or have it replaced."
        commands = (f"nvidia-smi -i {device.index} -q -d ECC,ROW_REMAPPER,PAGE_RETIREMENT",)
        commands = (*commands, f"sudo nvidia-smi --gpu-reset -i {device.index}")
    if in_container:
        text = f"On the host: {text[0].lower()}{text[1:]}"
    return Found(
        what=what,
        why="A program whose memory is hit by such an error is ended; the memory is used again until it is set aside.",
        remedy=Remedy(text=text, commands=commands, safety="needs-root"),
        evidence=(
            Evidence("uncorrectable errors", "not known" if device.ecc_uncorrected is None else str(count), "NVML"),
            Evidence("repair pending", said(device.repair_pending), "NVML, row remapping or page retirement"),
            Evidence("repair failed", said(device.repair_failed), "NVML, row remapping"),
            Evidence("gpu", device.name or "NVIDIA GPU", device.pci_address),
        ),
        severity="error" if is_worn(device) else None,
    )


def said(value: bool | None) -> str:  # noqa: FBT001  a fact in words
    """A truth value that may be unknown."""
    return {True: "yes", False: "no", None: "not known"}[value]
