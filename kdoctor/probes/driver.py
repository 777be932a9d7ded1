"""Is an NVIDIA driver installed, is its kernel module loaded, and which user-space libraries does it have?"""

import re

from kdoctor.host import Host, exists, names_in, text_of
from kdoctor.loader.places import library_directories
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.driver import Driver, DriverLibrary
from kdoctor.model.facts.environ import Environ
from kdoctor.model.version import DriverRelease

VERSION = "/proc/driver/nvidia/version"
MODULE = "/sys/module/nvidia"
SONAMES = ("libcuda.so.1", "libnvidia-ml.so.1")
EXTRA_DIRECTORIES = (
    "/usr/lib/wsl/lib",
    "/usr/lib/wsl/drivers",
    "/usr/lib64/nvidia",
    "/usr/lib/nvidia",
    "/usr/lib/x86_64-linux-gnu/nvidia/current",
    "/usr/local/nvidia/lib64",
    "/usr/local/nvidia/lib",
    "/run/opengl-driver/lib",
    "/usr/local/cuda/compat",
    "/usr/local/cuda/lib64/stubs",
)
_RELEASE = re.compile(r"Kernel Module(?: for \S+)?\s+(\d+\.\d+(?:\.\d+)?)")
_SUFFIX = re.compile(r"\.so\.(\d{3}\.\d+(?:\.\d+)?)$")


def probe(host: Host, environ: Environ) -> Driver | Absent | Unknown:
    """Read /proc and /sys for the module, the module tree and DKMS for what is installed, directories for libraries."""
    if host.platform.os != "linux":
        return Unknown(reason=f"the driver is not examined on {host.platform.os}")
    text = text_of(host, VERSION)
    release = module_release(text) or DriverRelease.parse(text_of(host, f"{MODULE}/version"))
    here, elsewhere = modules_on_disk(host)
    found = Driver(
        release=release,
        flavour="" if not text else "open" if "Open Kernel Module" in text else "proprietary",
        module_loaded=release is not None or exists(host, MODULE),
        uvm_loaded=uvm_loaded(host),
        nouveau_loaded=exists(host, "/sys/module/nouveau"),
        modules_on_disk=here,
        modules_for_other_kernels=elsewhere,
        dkms=tuple(f"nvidia/{name}" for name in names_in(host, "/var/lib/dkms/nvidia") if name[:1].isdigit()),
        libraries=libraries(host, environ.variables.get("LD_LIBRARY_PATH", "")),
    )
    kernel_side = found.module_loaded or found.modules_on_disk or found.modules_for_other_kernels or found.dkms
    if not (kernel_side or found.libraries or found.nouveau_loaded):
        return Absent(looked=(VERSION, MODULE, "/lib/modules/*/**/nvidia.ko*", "libcuda.so.1, libnvidia-ml.so.1"))
    return found


def module_release(text: str) -> DriverRelease | None:
    """The release in /proc/driver/nvidia/version.

    >>> module_release("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12")
    DriverRelease('535.183.01')
    >>> module_release("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build")
    DriverRelease('580.65.06')
    """
    match = _RELEASE.search(text)
    return DriverRelease(match[1]) if match else None


def uvm_loaded(host: Host) -> bool | None:
    """Whether nvidia-uvm is loaded; None where the kernel's list of modules cannot be read."""
    listed = host.read_text("/proc/modules")
    return f"\n{listed}".find("\nnvidia_uvm ") >= 0 if isinstance(listed, str) else None


def modules_on_disk(host: Host) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Paths of nvidia.ko for the running kernel, and for other kernels."""
    kernel = host.platform.kernel or text_of(host, "/proc/sys/kernel/osrelease").strip()
    here: list[str] = []
    elsewhere: list[str] = []
    places = (
        "updates/dkms",
        "updates",
        "extra",
        "extra/nvidia",
        "extramodules",
        "kernel/drivers/video",
        "video",
        "misc",
        "kernel/nvidia*",
        "weak-updates/nvidia",
        "kernel/drivers/char/drm/nvidia*",
    )
    for name in names_in(host, "/lib/modules"):
        for place in places:
            for path in host.glob(f"/lib/modules/{name}/{place}/nvidia*.ko*"):
                if re.search(r"/nvidia(-current)?\.ko(\.\w+)?$", path):
                    (here if name == kernel or not kernel else elsewhere).append(path)
    return tuple(here), tuple(elsewhere)


def libraries(host: Host, library_path: str) -> tuple[DriverLibrary, ...]:
    """Every libcuda.so.1 and libnvidia-ml.so.1 in the directories where one is ever found."""
    found: dict[str, DriverLibrary] = {}
    listed = [entry for entry in re.split("[:;]", library_path) if entry.startswith("/")]
    for directory in dict.fromkeys((*listed, *library_directories(host), *EXTRA_DIRECTORIES)):
        for soname in SONAMES:
            path = f"{directory.rstrip('/')}/{soname}"
            real = host.resolve(path)
            if isinstance(real, str) and (soname, real) not in {(lib.soname, lib.realpath) for lib in found.values()}:
                found[path] = _library(soname, path, real)
    return tuple(found.values())


def _library(soname: str, path: str, real: str) -> DriverLibrary:
    match = _SUFFIX.search(real)
    release = DriverRelease.parse(match[1]) if match else None
    if "/stubs" in real or "/stubs/" in path:
        return DriverLibrary(soname=soname, path=path, realpath=real, release=release, kind="stub")
    if "/compat" in real:
        return DriverLibrary(soname=soname, path=path, realpath=real, release=release, kind="compat")
    if "/usr/lib/wsl/" in real:
        return DriverLibrary(soname=soname, path=path, realpath=real, release=release, kind="wsl")
    return DriverLibrary(soname=soname, path=path, realpath=real, release=release)
