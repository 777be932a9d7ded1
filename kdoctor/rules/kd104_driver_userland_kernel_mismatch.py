"""The loaded kernel module and the driver's libraries are of different releases.

What it means: the package manager has replaced the driver's files while the old module stays in the kernel; or two
drivers are installed one over the other (a .run installer and the distribution's packages); or the library of the
package cuda-compat is found first, and does not fit this driver or this card.

Why it matters: the libraries refuse to talk to a module of another release: nvidia-smi says "Driver/library version
mismatch", cuInit returns 803 or 804, and no framework sees a GPU.

What to do: restart the machine. If it comes back, remove one of the two installed drivers. Take cuda-compat out of
the loader's path where the card or the driver does not support it.
"""

from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule

NVML_MISMATCH = 18
CUDA_MISMATCH = {803: "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", 804: "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE"}


@rule(
    Declared(
        id="KD104",
        cause="driver-userland-kernel-mismatch",
        layer="driver-matched",
        severity="error",
        since="0.1.0",
        sources=(
            Source("NVML_ERROR_LIB_RM_VERSION_MISMATCH (18); CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)", "2026-11-21"),
            Source(
                "NVIDIA CUDA Compatibility: cuda-compat, and cuInit 804 on cards that it does not support", "2026-11-21"
            ),
        ),
        explains=(
            "driver-too-old-for-cuda",
            "gpu-device-permission",
            "driver-needs-reload",
            "cuda-does-not-initialise",
        ),
    )
)
def driver_userland_kernel_mismatch(
    driver: Driver,
    driver_search: DriverSearch | Unknown,
    nvml: Nvml | Absent | Unknown,
    libcuda: Libcuda | Absent | Unknown,
    container: Container | Absent | Unknown,
) -> Verdict:
    """NVML or cuInit say so, or the releases in /proc and in the library's file name differ."""
    first = driver_search.cuda.realpath if isinstance(driver_search, DriverSearch) else ""
    library = next(
        (item.release for item in driver.libraries if item.realpath == first and item.kind == "driver"), None
    )
    said = said_so(nvml, libcuda)
    differ = driver.release is not None and library is not None and driver.release != library
    works = isinstance(libcuda, Libcuda) and bool(libcuda.devices)
    if works or not (said or differ):
        if driver.release is None:
            return NotApplicable("the module's release is not known")
        return Clear(f"module {driver.release}, libraries {library or 'of unknown release'}")
    module = str(driver.release or "of another release")
    what = f"The loaded kernel module is {module}, the libraries are {library or 'not of its release'}."
    if "/compat/" in first:
        what = f"cuda-compat's libcuda.so.1 is found first and does not work with driver {driver.release or 'here'}."
    return Found(
        what=what,
        why="The driver's libraries work only with a module of exactly their release; no framework sees a GPU.",
        remedy=remedy_for(driver, first, container),
        evidence=(
            *said,
            Evidence("module", str(driver.release or "unknown"), "/proc/driver/nvidia/version"),
            Evidence("libcuda", str(library or "unknown"), first or "not found"),
        ),
        confidence="certain" if said else "likely",
    )


def said_so(nvml: Nvml | Absent | Unknown, libcuda: Libcuda | Absent | Unknown) -> tuple[Evidence, ...]:
    """What NVML and cuInit say about a mismatch."""
    said = []
    if isinstance(nvml, Nvml) and nvml.error_code == NVML_MISMATCH:
        said.append(Evidence("NVML", nvml.error, "nvmlInit returned 18"))
    if isinstance(libcuda, Libcuda) and libcuda.init_code in CUDA_MISMATCH:
        said.append(Evidence("cuInit", f"{libcuda.init_code} {CUDA_MISMATCH[libcuda.init_code]}", libcuda.library))
    return tuple(said)


def remedy_for(driver: Driver, first: str, container: Container | Absent | Unknown) -> Remedy:
    """What mends it: the path, the other installed driver, the container, or a restart."""
    if "/compat/" in first:
        directory = first.rpartition("/")[0]
        text = f"Take {directory} out of LD_LIBRARY_PATH (or of /etc/ld.so.conf.d), so that the driver's own is found."
        return Remedy(text=text, commands=('echo "$LD_LIBRARY_PATH"',))
    if isinstance(container, Container):
        text = (
            "Create the container anew, so that the engine passes in the libraries of the loaded driver; an image must "
            "not hold a copy of its own. If it stays, restart the host."
        )
        return Remedy(text=text)
    fitting = [
        item.path
        for item in driver.libraries
        if item.soname == "libcuda.so.1" and item.kind == "driver" and item.release == driver.release
    ]
    if fitting and driver.release is not None:
        text = f"Two drivers are installed: {fitting[0]} fits the module, and {first} is found first. Remove that one."
        return Remedy(text=text, commands=(f"dpkg -S {first} || rpm -qf {first}",), safety="needs-root")
    text = "Restart the machine, so that the module of the installed release is loaded."
    return Remedy(text=text, commands=("sudo reboot",), safety="needs-root")
