"""The loaded kernel module and the driver's libraries are of different releases.

What it means: the package manager has replaced the driver's files while the old module stays in the kernel, or two
drivers are installed one over the other (a .run installer and the distribution's packages).

Why it matters: the libraries refuse to talk to a module of another release: nvidia-smi says "Driver/library version
mismatch", cuInit returns 803, and no framework sees a GPU.

What to do: restart the machine. If it comes back, remove one of the two installed drivers.
"""

from __future__ import annotations

from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import DriverRelease

NVML_MISMATCH = 18
CUDA_MISMATCH = 803


@rule(
    Declared(
        id="KD104",
        cause="driver-userland-kernel-mismatch",
        layer="driver-matched",
        severity="error",
        since="0.1.0",
        sources=(Source("NVML_ERROR_LIB_RM_VERSION_MISMATCH (18), CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)", "2026-11-21"),),
        explains=("driver-too-old-for-cuda", "gpu-device-permission", "driver-needs-reload"),
    )
)
def driver_userland_kernel_mismatch(
    driver: Driver,
    driver_search: DriverSearch | Unknown,
    nvml: Nvml | Absent | Unknown,
    libcuda: Libcuda | Absent | Unknown,
) -> Verdict:
    """NVML or cuInit say so, or the releases in /proc and in the library's file name differ."""
    library = release_of_library(driver, driver_search)
    said = []
    if isinstance(nvml, Nvml) and nvml.error_code == NVML_MISMATCH:
        said.append(Evidence("NVML", nvml.error, "nvmlInit returned 18"))
    if isinstance(libcuda, Libcuda) and libcuda.init_code == CUDA_MISMATCH:
        said.append(Evidence("cuInit", f"803 {libcuda.init_error}", libcuda.library))
    differ = driver.release is not None and library is not None and driver.release != library
    works = isinstance(libcuda, Libcuda) and bool(libcuda.devices)
    if not said and (not differ or works):
        if driver.release is None:
            return NotApplicable("the module's release is not known")
        return Clear(f"module {driver.release}, libraries {library or 'of unknown release'}")
    return Found(
        what=f"The loaded kernel module is {driver.release or 'of another release'}, the libraries are {library or 'not of its release'}.",
        why="The driver's libraries work only with a module of exactly their release; no framework sees a GPU.",
        remedy=Remedy(
            text="Restart the machine, so that the module of the installed release is loaded.",
            commands=("sudo reboot",),
            safety="needs-root",
        ),
        evidence=(
            *said,
            Evidence("module", str(driver.release or "unknown"), "/proc/driver/nvidia/version"),
            Evidence("libcuda", str(library or "unknown"), _path(driver_search)),
        ),
        confidence="certain" if said else "likely",
    )


def release_of_library(driver: Driver, search: DriverSearch | Unknown) -> DriverRelease | None:
    """The release of the libcuda that a program would open, from its file name."""
    real = search.cuda.realpath if isinstance(search, DriverSearch) else ""
    for item in driver.libraries:
        if item.realpath == real and item.kind == "driver":
            return item.release
    return None


def _path(search: DriverSearch | Unknown) -> str:
    return search.cuda.realpath if isinstance(search, DriverSearch) else ""
