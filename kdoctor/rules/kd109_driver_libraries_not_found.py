"""The kernel module is loaded, but the loader does not find the driver's library libcuda.so.1.

What it means: the driver runs, and its compute library is either not installed (distributions split it off:
libcuda1, libnvidia-compute, nvidia-driver-cuda-libs) or lies in a directory that the loader does not search.

Why it matters: frameworks open libcuda.so.1 by name. nvidia-smi and the desktop may work all the same.

What to do: install the compute part of the driver of the same release, or add its directory to the loader's path.
"""

from __future__ import annotations

from kdoctor.advice import family
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule

PACKAGES = {
    "debian": "sudo apt install libcuda1 nvidia-smi",
    "ubuntu": "sudo apt install libnvidia-compute-{branch}",
    "fedora": "sudo dnf install xorg-x11-drv-nvidia-cuda-libs",
    "rhel": "sudo dnf install nvidia-driver-cuda-libs",
    "arch": "sudo pacman -S nvidia-utils",
    "opensuse": "sudo zypper install nvidia-compute-G06",
}


@rule(
    Declared(
        id="KD109",
        cause="driver-missing",
        layer="driver-installed",
        severity="error",
        since="0.1.0",
        sources=(Source("package lists of Debian 12, Ubuntu 24.04, Fedora and RHEL for libcuda.so.1", "2026-11-21"),),
        explains=("cuda-lib-missing", "cuda-libs-not-on-path", "wheel-outside-runpath"),
    )
)
def driver_libraries_not_found(
    driver: Driver, driver_search: DriverSearch, container: Container | Absent, system: System
) -> Verdict:
    """A loaded module and no libcuda.so.1 in the search order."""
    if not driver.module_loaded:
        return NotApplicable("the kernel module is not loaded")
    if driver_search.cuda.state == "opens":
        return Clear(f"{driver_search.cuda.path} ({driver_search.cuda.found_via})")
    if isinstance(container, Container):
        return NotApplicable("in a container the libraries come from the host")
    elsewhere = [item for item in driver.libraries if item.soname == "libcuda.so.1" and item.kind == "driver"]
    if elsewhere:
        directory = elsewhere[0].path.rpartition("/")[0]
        text = f"Add {directory} to the loader's path."
        commands: tuple[str, ...] = (f"echo {directory} | sudo tee /etc/ld.so.conf.d/nvidia.conf", "sudo ldconfig")
        what = f"libcuda.so.1 is in {directory}, where the loader does not look."
    else:
        text = "Install the compute libraries of the same driver release."
        command = PACKAGES.get(family(system), "").format(branch=driver.release.major if driver.release else "")
        commands = (command,) if command else ()
        what = f"Driver {driver.release or ''} runs, but its library libcuda.so.1 is not installed."
    return Found(
        what=what,
        why=f"Frameworks open libcuda.so.1 by name and list no GPU without it ({driver_search.cuda.why_not}).",
        remedy=Remedy(text=text, commands=commands, safety="needs-root"),
        evidence=(
            Evidence("module", str(driver.release or "loaded"), "/proc/driver/nvidia/version"),
            *(Evidence("libcuda", "outside the search order", item.path) for item in elsewhere[:2]),
            *(Evidence("looked in", place, "loader") for place in driver_search.cuda.looked[:4]),
        ),
    )
