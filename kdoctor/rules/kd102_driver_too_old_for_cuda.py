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

from __future__ import annotations

from kdoctor.advice import driver_commands
from kdoctor.knowledge import cuda
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import DriverRelease


@rule(
    Declared(
        id="KD102",
        cause="driver-too-old-for-cuda",
        layer="driver-release",
        severity="error",
        since="0.1.0",
        sources=(Source("NVIDIA CUDA Toolkit release notes, tables 2 and 3; CUDA Compatibility", "2026-11-21"),),
        explains=("ptx-of-newer-cuda",),
    )
)
def driver_too_old_for_cuda(
    frameworks: Frameworks,
    driver: Driver | Absent | Unknown,
    nvml: Nvml | Absent | Unknown,
    libcuda: Libcuda | Absent | Unknown,
    system: System,
) -> Verdict:
    """Compare the driver's release, or where that is not known its CUDA version, with what each build needs."""
    builds = [build for build in frameworks.builds if build.gpu == "cuda" and build.cuda is not None]
    if not builds:
        return NotApplicable("no framework with a known CUDA is installed")
    release, source = release_of(driver, nvml)
    supported = libcuda.cuda if isinstance(libcuda, Libcuda) else nvml.cuda if isinstance(nvml, Nvml) else None
    if release is None and supported is None:
        unknown = [section.reason for section in (driver, nvml) if isinstance(section, Unknown)]
        return Undetermined(unknown[0]) if unknown else NotApplicable("there is no driver")
    for build in builds:
        needed = cuda.minimum_driver(build.cuda) if build.cuda else None
        if build.cuda is None or needed is None:
            continue
        by_release = release is not None and release < needed
        by_cuda = release is None and supported is not None and supported.major < build.cuda.major
        if by_release or by_cuda:
            return _found(build, release, source, needed, system)
    said = f"driver {release}" if release else f"a driver that supports CUDA {supported}"
    return Clear(f"{said} runs CUDA {builds[0].cuda}")


def release_of(driver: Driver | Absent | Unknown, nvml: Nvml | Absent | Unknown) -> tuple[DriverRelease | None, str]:
    """The driver's release and where it was read: the loaded module, else NVML, else the library's file name."""
    if isinstance(driver, Driver) and driver.release is not None:
        return driver.release, "/proc/driver/nvidia/version"
    if isinstance(nvml, Nvml) and nvml.driver_release is not None:
        return nvml.driver_release, "NVML"
    for library in driver.libraries if isinstance(driver, Driver) else ():
        if library.release is not None and library.kind == "driver":
            return library.release, library.realpath
    return None, ""


def _found(build: Build, release: DriverRelease | None, source: str, needed: DriverRelease, system: System) -> Found:
    supports = cuda.cuda_of_branch(release.major) if release else None
    most = f" supports CUDA {supports} at most" if supports else " is too old"
    return Found(
        what=f"Driver {release or ''}{most}; {build.title} needs CUDA {build.cuda}.".replace("Driver  ", "The driver "),
        why=(
            f"CUDA {build.cuda.major if build.cuda else ''} programs need driver {needed} or newer. On an older one "
            "the CUDA runtime does not start (error 35): no GPU is listed, or training stops."
        ),
        remedy=Remedy(
            text=f"Update the driver to {needed} or newer. Where you cannot, use a framework for this driver's CUDA.",
            commands=driver_commands(system),
            safety="needs-root",
        ),
        evidence=(
            Evidence("driver release", str(release or "unknown"), source),
            Evidence(f"CUDA of {build.framework}", str(build.cuda), build.facts_from or "compatibility table"),
            Evidence("driver needed", str(needed), "NVIDIA CUDA Toolkit release notes, table 2"),
        ),
        severity=None if build.active else "warning",
    )
