"""The driver's kernel module is of the flavour that does not drive this GPU.

What it means: NVIDIA makes two kernel modules of each driver release. The open one drives Turing (RTX 20, T4) and
everything newer; the proprietary one drives everything up to Hopper and Ada, and not Blackwell (RTX 50, B200). From
driver 560 on most packages choose the open one.

Why it matters: the module skips a card that it does not drive ("not supported by open nvidia.ko", "requires use of the
NVIDIA open kernel modules"): nvidia-smi says "No devices were found", or the module is not loaded at all.

What to do: install the other flavour of the driver and restart. Frameworks and their libraries stay as they are.
"""

from kdoctor.advice import flavour_commands, not_listed
from kdoctor.knowledge.gpus import architecture
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.gpus import Gpu, Gpus
from kdoctor.model.facts.kernel_module import KernelModule
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.pci import Pci
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import DriverRelease

BOTH = 2


@rule(
    Declared(
        id="KD111",
        cause="driver-not-loaded",
        layer="driver-loaded",
        severity="error",
        since="0.1.0",
        sources=(
            Source("NVIDIA driver README, chapter Open Linux Kernel Modules; knowledge/gpus.toml", "2026-11-22"),
            Source("NVIDIA/open-gpu-kernel-modules README: Turing and later", "2026-11-22"),
        ),
        explains=("driver-not-loaded", "gpu-not-started", "gpu-device-permission", "cuda-does-not-initialise"),
    )
)
def kernel_module_wrong_flavour(
    gpus: Gpus,
    driver: Driver | Unknown,
    kernel_module: KernelModule | Absent | Unknown,
    libcuda: Libcuda | Absent | Unknown,
    pci: Pci | Absent | Unknown,
    container: Container | Absent | Unknown,
    system: System,
) -> Verdict:
    """The module's flavour against the architecture of each GPU that the driver does not list."""
    if system.os != "linux":
        return NotApplicable(f"{system.os} has one driver for all GPUs, and no module of the kernel's")
    if isinstance(driver, Unknown):
        return Undetermined(driver.reason)
    if isinstance(container, Container):
        return NotApplicable("in a container the driver is the host's")
    if not (driver.module_loaded or driver.modules_on_disk):
        return NotApplicable("there is no kernel module for the running kernel")
    working = len(libcuda.devices) if isinstance(libcuda, Libcuda) else 0
    module = kernel_module if isinstance(kernel_module, KernelModule) else None
    flavour, release = (module.flavour, module.release) if module else (driver.flavour, driver.release)
    left = [gpu for gpu in not_listed(gpus, pci, loaded=driver.module_loaded) if in_branch(gpu, release)]
    if not left or working >= len(gpus.nvidia):
        return Clear("the driver lists every NVIDIA GPU that its branch supports")
    refused = [gpu for gpu in left if flavour and flavour not in fitting(gpu)]
    if refused:
        where = module.path if module else "/proc/driver/nvidia/version"
        seen = Evidence("kernel module", f"{flavour}{f', release {release}' if release else ''}", where)
        commands = flavour_commands(system, fitting(refused[0])[0], release.major if release else None)
        return _found(refused[0], flavour, seen, commands, working)
    unsure = [gpu for gpu in left if not gpu.architecture or len(fitting(gpu)) < BOTH]
    if unsure and not (flavour and unsure[0].architecture):
        what = "architecture" if flavour else "flavour of the module"
        return Undetermined(f"the {what} is not known, and the driver does not list {unsure[0].pci_address}")
    return Clear(f"the {flavour} module drives {left[0].architecture}" if flavour else "either module drives this GPU")


def fitting(gpu: Gpu) -> tuple[str, ...]:
    """The flavours of the module that drive a GPU; both where its architecture is not known."""
    row = architecture(gpu.architecture)
    return row.kernel_modules if row else ("open", "proprietary")


def in_branch(gpu: Gpu, release: DriverRelease | None) -> bool:
    """Whether this driver branch supports the GPU at all; where not, that is to be mended, and another rule says so."""
    row = architecture(gpu.architecture)
    if row is None or release is None:
        return True
    return (row.min_driver_branch or 0) <= release.major <= (row.last_driver_branch or release.major)


def _found(gpu: Gpu, flavour: str, seen: Evidence, commands: tuple[str, ...], working: int) -> Found:
    wanted = fitting(gpu)[0]
    return Found(
        what=f"The {flavour} kernel module does not drive the {gpu.name[:36]} ({gpu.architecture}).",
        why=f"{gpu.architecture} GPUs need the {wanted} module; the driver leaves this one out, and so does CUDA.",
        remedy=Remedy(
            text=f"Install the {wanted} flavour of the driver and restart.", commands=commands, safety="needs-root"
        ),
        evidence=(
            seen,
            Evidence("gpu", gpu.name or "NVIDIA GPU", f"{gpu.pci_address} ({', '.join(gpu.seen_by)})"),
            Evidence("architecture", gpu.architecture, "pci.ids and knowledge/gpus.toml"),
            Evidence("GPUs that CUDA lists", str(working), "cuInit"),
        ),
        severity="note" if working else None,
    )
