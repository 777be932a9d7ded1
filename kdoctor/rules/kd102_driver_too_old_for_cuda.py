"""The driver is too old for the CUDA that the framework was built with.

What it means: programs of a CUDA major need a driver of at least a certain release: any CUDA 11 runs on 450.80.02,
any CUDA 12 on 525.60.13, any CUDA 13 on 580.65.06 (minor version compatibility). Older majors need the driver that
came with the toolkit. The "CUDA Version" in the head of nvidia-smi is the most that the driver supports, not what is
installed.

Why it matters: the framework's CUDA runtime refuses to start on an older driver (CUDA error 35, "CUDA driver version
is insufficient for CUDA runtime version"), and training goes on on the CPU or stops.

What to do: update the driver, which keeps every environment as it is; or, where that is not possible, make an
environment of an older release that fits this driver.
"""

from kdoctor.advice import driver_commands
from kdoctor.knowledge import cuda
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.system import System
from kdoctor.model.facts.wsl import Wsl
from kdoctor.model.finding import Clear, Confidence, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import CudaVersion, DriverRelease

TEGRA_BELOW = 100  # a Jetson's driver counts on its own: release 35.4.1 supports CUDA 11.4
MODULE = "/proc/driver/nvidia/version"


@rule(
    Declared(
        id="KD102",
        cause="driver-too-old-for-cuda",
        layer="driver-release",
        severity="error",
        since="0.1.0",
        sources=(Source("NVIDIA CUDA Toolkit release notes, tables 2 and 3; CUDA Compatibility", "2026-11-21"),),
    )
)
def driver_too_old_for_cuda(
    frameworks: Frameworks,
    gpus: Gpus | Absent | Unknown,
    driver: Driver | Absent | Unknown,
    nvml: Nvml | Absent | Unknown,
    libcuda: Libcuda | Absent | Unknown,
    container: Container | Absent | Unknown,
    wsl: Wsl | Absent | Unknown,
    system: System,
) -> Verdict:
    """Compare the driver's release, or where that is not known its CUDA version, with what each build needs."""
    builds = [build for build in frameworks.builds if build.gpu == "cuda" and build.cuda is not None]
    if not builds:
        return NotApplicable("no framework with a known CUDA is installed")
    if isinstance(gpus, Absent) or (isinstance(gpus, Gpus) and not gpus.nvidia):
        return NotApplicable("there is no NVIDIA GPU")
    release, source = release_of(driver, nvml)
    supported = supported_by(libcuda, nvml)
    if release is None and supported is None:
        unknown = [section.reason for section in (driver, nvml) if isinstance(section, Unknown)]
        return Undetermined(unknown[0]) if unknown else NotApplicable("there is no driver")
    for build in builds:
        needed = cuda.minimum_driver(build.cuda) if build.cuda else None
        if build.cuda is not None and needed is not None and is_too_old(build.cuda, needed, release, supported):
            remedy = _remedy(needed, container, wsl, system)
            return _found(build, release, supported, source, needed, remedy)
    said = f"driver {release}" if release else f"a driver that supports CUDA {supported}"
    return Clear(f"{said} runs CUDA {builds[0].cuda}")


def release_of(driver: Driver | Absent | Unknown, nvml: Nvml | Absent | Unknown) -> tuple[DriverRelease | None, str]:
    """The driver's release and where it was read: the loaded module, else NVML, else the library's file name."""
    found: list[tuple[DriverRelease | None, str]] = []
    if isinstance(driver, Driver):
        found.append((driver.release, MODULE))
    if isinstance(nvml, Nvml):
        found.append((nvml.driver_release, "NVML"))
    if isinstance(driver, Driver):
        found += [(item.release, item.realpath) for item in driver.libraries if item.kind == "driver"]
    known = [(release, source) for release, source in found if release is not None and release.major >= TEGRA_BELOW]
    return known[0] if known else (None, "")


def supported_by(libcuda: Libcuda | Absent | Unknown, nvml: Nvml | Absent | Unknown) -> CudaVersion | None:
    """The driver's CUDA version: of a libcuda that works, else by NVML, else of the library alone."""
    if isinstance(libcuda, Libcuda) and libcuda.devices and libcuda.cuda is not None:
        return libcuda.cuda
    if isinstance(nvml, Nvml) and nvml.cuda is not None:
        return nvml.cuda
    return libcuda.cuda if isinstance(libcuda, Libcuda) else None


def is_too_old(
    wanted: CudaVersion, needed: DriverRelease, release: DriverRelease | None, supported: CudaVersion | None
) -> bool:
    """By release; but cuda-compat lets an older release run a newer major, and then the driver's own word counts."""
    if release is None:
        return supported is not None and supported.major < wanted.major
    own = cuda.cuda_of_branch(release.major)
    through_compat = supported is not None and own is not None and own.major < wanted.major <= supported.major
    return release < needed and not through_compat


def _remedy(
    needed: DriverRelease, container: Container | Absent | Unknown, wsl: Wsl | Absent | Unknown, system: System
) -> Remedy:
    otherwise = "Where you cannot, use a framework for this driver's CUDA."
    if isinstance(wsl, Wsl):
        return Remedy(text=f"Update the NVIDIA driver in Windows, not inside WSL. {otherwise}", safety="needs-root")
    if isinstance(container, Container):
        text = (
            f"Update the driver of the host to {needed} or newer; nothing inside the container changes it. {otherwise}"
        )
        return Remedy(text=text, safety="needs-root")
    text = f"Update the driver to {needed} or newer. {otherwise}"
    return Remedy(text=text, commands=driver_commands(system), safety="needs-root")


def _found(
    build: Build,
    release: DriverRelease | None,
    supported: CudaVersion | None,
    source: str,
    needed: DriverRelease,
    remedy: Remedy,
) -> Found:
    most = cuda.cuda_of_branch(release.major) if release else supported
    name = f"Driver {release}" if release else "The driver"
    reach = f"supports CUDA {most} at most" if most else "is too old"
    sure: Confidence = "certain" if source in ("", MODULE, "NVML") else "likely"
    return Found(
        what=f"{name} {reach}; {build.title} needs CUDA {build.cuda}.",
        why=(
            f"CUDA {build.cuda.major if build.cuda else ''} programs need driver {needed} or newer. On an older one "
            "the CUDA runtime does not start (error 35): no GPU is listed, or training stops."
        ),
        remedy=remedy,
        evidence=(
            Evidence("driver release", str(release or "unknown"), source or "not read"),
            *((Evidence("driver's CUDA version", str(supported), "cuDriverGetVersion"),) if supported else ()),
            Evidence(f"CUDA of {build.framework}", str(build.cuda), build.facts_from or "compatibility table"),
            Evidence("driver needed", str(needed), "NVIDIA CUDA Toolkit release notes, table 2"),
        ),
        confidence=sure,
        severity=None if build.active else "warning",
    )
