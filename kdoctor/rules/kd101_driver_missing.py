"""No NVIDIA driver is installed, although the machine has an NVIDIA GPU.

What it means: neither a kernel module nor a driver library (libcuda.so.1) is on the machine. A CUDA toolkit or the
CUDA wheels of pip do not contain the driver; it comes from the distribution or from NVIDIA.

Why it matters: every framework asks the driver library for devices first. Without it they see no GPU, whatever else
is installed, and train on the CPU.

What to do: install the driver with the distribution's own packages, restart, and check that `nvidia-smi` lists the
GPU. Nothing has to be changed in the Python environment for that.
"""

from kdoctor.advice import driver_commands, seen_gpus
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.pci import Pci
from kdoctor.model.facts.system import System
from kdoctor.model.facts.wsl import Wsl
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD101",
        cause="driver-missing",
        layer="driver-installed",
        severity="error",
        since="0.1.0",
        sources=(
            Source("TensorFlow 2.21 prints failed call to cuInit: UNKNOWN ERROR (303) here (own run)", "2026-11-21"),
        ),
        explains=(
            "cuda-lib-missing",
            "cuda-libs-not-on-path",
            "wheel-outside-runpath",
            "cudnn-missing",
            "gpu-device-permission",
        ),
    )
)
def driver_missing(
    gpus: Gpus,
    driver: Driver | Absent,
    driver_search: DriverSearch | Unknown,
    pci: Pci | Absent | Unknown,
    container: Container | Absent,
    wsl: Wsl | Absent,
    system: System,
) -> Verdict:
    """Judge a machine with a GPU by whether any part of a driver is there."""
    if not gpus.nvidia:
        return NotApplicable("there is no NVIDIA GPU")
    if isinstance(wsl, Wsl):
        return NotApplicable("under WSL the driver is that of Windows")
    if isinstance(pci, Pci) and pci.is_given_away:
        return NotApplicable("the card is bound to vfio-pci, for a virtual machine")
    cuda = driver_search.cuda if isinstance(driver_search, DriverSearch) else None
    if cuda is not None and cuda.state == "opens" and not cuda.is_stand_in:
        return Clear(f"libcuda.so.1 is found: {cuda.path}")
    if isinstance(driver, Driver) and has_parts(driver):
        return Clear("parts of a driver are installed")
    if isinstance(container, Container):
        return NotApplicable("in a container the driver comes from the host")
    if isinstance(driver_search, Unknown):
        return Undetermined(f"needs the search for libcuda.so.1: {driver_search.reason}")
    return _found(gpus, driver, system)


def has_parts(driver: Driver) -> bool:
    """Whether a module or a library of a driver is on disk or loaded."""
    libraries = any(library.kind == "driver" for library in driver.libraries)
    modules = driver.modules_on_disk or driver.modules_for_other_kernels or driver.dkms
    return bool(driver.module_loaded or libraries or modules)


def _found(gpus: Gpus, driver: Driver | Absent, system: System) -> Found:
    names = ", ".join(dict.fromkeys(gpu.name or "an NVIDIA GPU" for gpu in gpus.nvidia))
    looked = driver.looked if isinstance(driver, Absent) else ("/proc/driver/nvidia/version", "libcuda.so.1")
    nouveau = isinstance(driver, Driver) and driver.nouveau_loaded
    return Found(
        what=f"No NVIDIA driver is installed; the GPU is {names[:50]}.",
        why="libcuda.so.1 is part of the driver. Without it TensorFlow, JAX and PyTorch list no GPU and use the CPU.",
        remedy=Remedy(
            text="Install the NVIDIA driver and restart; then `nvidia-smi` must list the GPU.",
            commands=driver_commands(system),
            safety="needs-root",
        ),
        evidence=(
            *seen_gpus(gpus),
            *(Evidence("driver", "not found", place) for place in looked[:4]),
            *((Evidence("kernel module", "nouveau", "/sys/module/nouveau"),) if nouveau else ()),
        ),
    )
