"""The installed driver branch does not support this GPU: too new for an old card, or too old for a new one.

What it means: a driver branch supports a range of GPUs. 580 is the last one for Maxwell, Pascal and Volta (GTX 900 and
10, V100), 470 for Kepler, 390 for Fermi; Blackwell (RTX 50) needs 570 or newer. A distribution's upgrade to 590 or
later leaves the older cards without a driver.

Why it matters: the module skips the card ("supported through the NVIDIA 580.xx Legacy drivers"), nvidia-smi lists
nothing, and no framework has a GPU.

What to do: install the newest branch that supports the card and hold it there; for a card that is newer than the
driver, update the driver.
"""

from kdoctor.advice import branch_commands, driver_commands, not_listed
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

TEGRA_BELOW = 100  # a Jetson's driver counts on its own


@rule(
    Declared(
        id="KD112",
        cause="driver-not-loaded",
        layer="driver-loaded",
        severity="error",
        since="0.1.0",
        sources=(
            Source("NVIDIA driver release notes; NVIDIA/gpu-operator#2620; knowledge/gpus.toml", "2026-11-21"),
            Source("NixOS/nixos-hardware#1828: supported through the NVIDIA 580.xx Legacy drivers", "2026-11-21"),
        ),
        explains=("driver-not-loaded", "gpu-not-started", "gpu-device-permission", "cuda-does-not-initialise"),
    )
)
def gpu_outside_driver_branch(
    gpus: Gpus,
    driver: Driver | Unknown,
    kernel_module: KernelModule | Absent | Unknown,
    libcuda: Libcuda | Absent | Unknown,
    pci: Pci | Absent | Unknown,
    container: Container | Absent | Unknown,
    system: System,
) -> Verdict:
    """The module's release against the branches for each GPU that the driver does not list."""
    if system.os != "linux":
        return NotApplicable(f"{system.os} has one driver for all GPUs, and no module of the kernel's")
    if isinstance(driver, Unknown):
        return Undetermined(driver.reason)
    if isinstance(container, Container):
        return NotApplicable("in a container the driver is the host's")
    release, source = release_of(driver, kernel_module)
    if release is None or release.major < TEGRA_BELOW:
        return NotApplicable("no kernel module of a known release is there")
    working = len(libcuda.devices) if isinstance(libcuda, Libcuda) else 0
    left = not_listed(gpus, pci, loaded=driver.module_loaded)
    if not left or working >= len(gpus.nvidia):
        return Clear("the driver lists every NVIDIA GPU")
    for gpu in left:
        oldest, newest = branches(gpu)
        if release.major > newest or release.major < oldest:
            return _found(gpu, release, source, system, working)
    unsure = next((gpu for gpu in left if not gpu.architecture), None)
    if unsure is not None:
        return Undetermined(f"the architecture of the GPU at {unsure.pci_address} is not known")
    return Clear(f"driver {release} supports {left[0].architecture}")


def release_of(driver: Driver, kernel_module: KernelModule | Absent | Unknown) -> tuple[DriverRelease | None, str]:
    """The release of the module that is loaded or could be, else of the driver's library, and where it was read."""
    if driver.module_loaded:
        return driver.release, "/proc/driver/nvidia/version"
    if isinstance(kernel_module, KernelModule) and kernel_module.release is not None:
        return kernel_module.release, kernel_module.path
    library = next((item for item in driver.libraries if item.kind == "driver" and item.release), None)
    return (library.release, library.realpath) if library else (None, "")


def branches(gpu: Gpu) -> tuple[int, int]:
    """The oldest and the newest driver branch for a GPU; any where its architecture is not known."""
    row = architecture(gpu.architecture)
    oldest, newest = (row.min_driver_branch, row.last_driver_branch) if row else (None, None)
    return oldest or 0, newest or 9999


def _found(gpu: Gpu, release: DriverRelease, source: str, system: System, working: int) -> Found:
    oldest, newest = branches(gpu)
    dropped = release.major > newest
    text = f"Install driver branch {newest}, the last one for this GPU (its proprietary module), and hold it there."
    if not dropped:
        text = f"Update the driver to branch {oldest} or newer, with its open kernel module."
    limit = f"{newest} is the last for {gpu.architecture}" if dropped else f"{gpu.architecture} needs {oldest}"
    return Found(
        what=f"Driver {release} does not support the {gpu.name[:30]}: {limit}.",
        why="The module leaves a card out that its branch does not support: nvidia-smi and CUDA have no such GPU.",
        remedy=Remedy(
            text=text,
            commands=branch_commands(system, newest) if dropped else driver_commands(system),
            safety="needs-root",
        ),
        evidence=(
            Evidence("driver release", str(release), source),
            Evidence("gpu", gpu.name or "NVIDIA GPU", f"{gpu.pci_address} ({', '.join(gpu.seen_by)})"),
            Evidence(
                "branches for it", f"{oldest or 'any'} to {newest if dropped else 'newest'}", "NVIDIA's release notes"
            ),
            Evidence("GPUs that CUDA lists", str(working), "cuInit"),
        ),
        severity="note" if working else None,
    )
