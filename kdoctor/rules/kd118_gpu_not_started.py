"""A GPU is on the bus and its driver is loaded, but the driver does not list it.

What it means: the kernel module took the card and could not start it ("RmInitAdapter failed"), or not at all. Usual
reasons are the firmware's settings ("Above 4G Decoding" off), too little power, a card that failed, firmware files of
the driver that are missing, or a virtual machine that was given the card incompletely.

Why it matters: nvidia-smi says "No devices were found" or lists fewer GPUs than the machine has; so do frameworks.

What to do: read the kernel's own lines about the card. Switch the machine off and on once; look at the firmware's
settings; if it stays, try the card in another slot or machine.
"""

from kdoctor.advice import not_listed
from kdoctor.knowledge.gpus import architecture
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.gpus import Gpu, Gpus
from kdoctor.model.facts.kernel_log import KernelLog
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.pci import Pci
from kdoctor.model.facts.scheduler import Scheduler
from kdoctor.model.facts.system import System
from kdoctor.model.facts.wsl import Wsl
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

LOG = "sudo dmesg | grep -i -E 'nvrm|nvidia' | tail -20"


@rule(
    Declared(
        id="KD118",
        cause="",
        layer="driver-loaded",
        severity="error",
        since="0.1.0",
        sources=(
            Source("NVIDIA/open-gpu-kernel-modules#862, #789, #876: No devices were found", "2026-11-22"),
            Source("nvidia-smi prints No devices were found where nvmlInit succeeds and counts none", "2026-11-21"),
        ),
        explains=("cuda-does-not-initialise", "gpu-device-permission"),
    )
)
def gpu_not_started(
    gpus: Gpus,
    driver: Driver | Unknown,
    nvml: Nvml,
    libcuda: Libcuda | Absent | Unknown,
    pci: Pci | Absent | Unknown,
    kernel_log: KernelLog | Absent | Unknown,
    container: Container | Absent | Unknown,
    scheduler: Scheduler | Absent | Unknown,
    wsl: Wsl | Absent,
    system: System,
) -> Verdict:
    """NVML answers and leaves out a card, which it also does with the GPUs that a program was not given."""
    if isinstance(container, Container) or isinstance(scheduler, Scheduler) or isinstance(wsl, Wsl):
        return NotApplicable("NVML lists only the GPUs that were given out here")
    if system.os != "linux":
        return NotApplicable(f"{system.os} has no such kernel module")
    if isinstance(driver, Unknown):
        return Undetermined(driver.reason)
    if not isinstance(pci, Pci):
        return Undetermined("the PCI bus could not be read")
    if not driver.module_loaded or nvml.error_code:
        return NotApplicable("the driver does not answer at all")
    lost = {item.address for item in pci.devices if item.lost}
    left = [gpu for gpu in not_listed(gpus, pci, loaded=True) if gpu.pci_address not in lost and fits(gpu, driver)]
    if not left or any(device.error_code or not device.pci_address for device in nvml.devices):
        return Clear(f"NVML lists {len(nvml.devices)} GPU")
    if not left[0].architecture:
        return Undetermined(f"whether the driver supports the GPU at {left[0].pci_address} is not known")
    said = lines_about(left[0], kernel_log)
    if nvml.devices and not said:
        return Undetermined(f"NVML leaves out {left[0].pci_address}, and the kernel's log does not show why")
    return _found(left[0], said, len(libcuda.devices) if isinstance(libcuda, Libcuda) else 0)


def lines_about(gpu: Gpu, kernel_log: KernelLog | Absent | Unknown) -> tuple[Evidence, ...]:
    """What the kernel wrote about a card that it could not start."""
    if not isinstance(kernel_log, KernelLog):
        return ()
    card = gpu.pci_address.partition(".")[0]
    lines = [line for line in kernel_log.lines if card in line.lower() and "fail" in line.lower()]
    return tuple(Evidence("kernel log", line, kernel_log.source) for line in lines[-3:])


def fits(gpu: Gpu, driver: Driver) -> bool:
    """Whether this driver supports the GPU, as far as that is known; where not, another rule says so."""
    row = architecture(gpu.architecture)
    if row is None:
        return True
    branch = driver.release.major if driver.release else row.last_driver_branch or row.min_driver_branch or 0
    in_branch = (row.min_driver_branch or 0) <= branch <= (row.last_driver_branch or branch)
    return in_branch and (not driver.flavour or driver.flavour in row.kernel_modules)


def _found(gpu: Gpu, said: tuple[Evidence, ...], working: int) -> Found:
    return Found(
        what=f"The driver does not list the {(gpu.name or 'GPU')[:40]} at {gpu.pci_address}.",
        why="The kernel module could not start the card, or was told to leave it out; CUDA has no such GPU then.",
        remedy=Remedy(
            text=(
                "Read the kernel's lines about the card, then switch the machine off and on; check power and slot, and "
                "that the firmware has `Above 4G Decoding` on."
            ),
            commands=(LOG,),
            safety="needs-root",
        ),
        evidence=(
            Evidence("gpu on the bus", gpu.name or "NVIDIA GPU", gpu.pci_address),
            Evidence("GPUs that CUDA lists", str(working), "cuInit"),
            *said,
        ),
        confidence="certain" if said else "likely",
        severity="warning" if working else None,
    )
