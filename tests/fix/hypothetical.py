"""Machines that nobody has: facts with the few sections that choosing reads."""

from __future__ import annotations

from kdoctor.knowledge import cuda, gpus
from kdoctor.model.facts.base import SCHEMA, Absent, Answered, Facts, Unknown
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.gpus import Gpu, Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.system import System
from kdoctor.model.facts.wsl import Wsl
from kdoctor.model.version import ComputeCapability, DriverRelease, PythonVersion, SymbolVersion

SYSTEMS = {
    "linux-64": ("linux", "x86_64"),
    "linux-aarch64": ("linux", "aarch64"),
    "osx-arm64": ("darwin", "arm64"),
    "win-64": ("windows", "AMD64"),
    "wsl": ("linux", "x86_64"),
}


def system_of(platform: str, glibc: str = "2.39") -> System:
    """The operating system."""
    os, machine = SYSTEMS[platform]
    on_linux = os == "linux"
    return System(
        os=os, machine=machine, libc="glibc" if on_linux else "", glibc=SymbolVersion(glibc) if on_linux else None
    )


def gpu_of(capability: str, name: str = "") -> Gpu:
    """A GPU of that compute capability."""
    value = ComputeCapability(capability)
    row = gpus.architecture_of_capability(value)
    return Gpu(vendor="NVIDIA", name=name, architecture=row.name if row else "", compute_capability=value)


def interpreter_of(python: str) -> Interpreter:
    """A Python."""
    return Interpreter(
        path="/usr/bin/python3",
        realpath="/usr/bin/python3",
        version=PythonVersion(python),
        kind="plain",
        prefix="/usr",
    )


def driver_of(release: str) -> Driver | Absent:
    """A loaded driver; "" for none."""
    return Driver(release=DriverRelease(release), module_loaded=True) if release else Absent()


def facts_of(
    *,
    capabilities: tuple[str, ...] = (),
    driver: str = "",
    python: str = "3.11",
    platform: str = "linux-64",
    glibc: str = "2.39",
    **sections: Answered,
) -> Facts:
    """A machine; ``sections`` replaces whole sections."""
    found: dict[str, Answered] = {
        "system": system_of(platform, glibc),
        "gpus": Gpus(items=tuple(gpu_of(each) for each in capabilities)) if capabilities else Absent(),
        "driver": driver_of(driver),
        "interpreter": interpreter_of(python),
        "conda": Absent(),
        "nvml": Absent(),
        "libcuda": Absent(),
        "wsl": Absent(),
    }
    if platform == "wsl":
        found["wsl"] = Wsl(version=2, dxg=True, windows_libcuda="/usr/lib/wsl/lib/libcuda.so.1")
        branch = cuda.cuda_of_branch(DriverRelease(driver).major) if driver else None
        found["driver"] = Driver()
        found["libcuda"] = Libcuda(library="libcuda.so.1", cuda=branch) if branch else Absent()
    if platform in ("win-64", "osx-arm64"):
        found["driver"] = Unknown(reason="the driver is not examined here")
    return Facts(schema=SCHEMA, origin="file", sections={**found, **sections})
