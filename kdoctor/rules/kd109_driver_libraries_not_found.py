"""The kernel module is loaded, but the loader does not find the driver's library libcuda.so.1.

What it means: the driver runs, and its compute library is either not installed (distributions split it off:
libcuda1, libnvidia-compute, nvidia-driver-cuda-libs) or lies in a directory that the loader does not search, or the
stub of a CUDA toolkit, which only serves for linking, is found before it.

Why it matters: frameworks open libcuda.so.1 by name. nvidia-smi and the desktop may work all the same.

What to do: install the compute part of the driver of the same release, or add its directory to the loader's path.
"""

from kdoctor.advice import family, quoted, shortened
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
        explains=("cuda-lib-missing", "cuda-libs-not-on-path", "wheel-outside-runpath", "cuda-does-not-initialise"),
    )
)
def driver_libraries_not_found(
    driver: Driver, driver_search: DriverSearch, container: Container | Absent, system: System
) -> Verdict:
    """A loaded module and no libcuda.so.1 of a driver in the search order."""
    if not driver.module_loaded:
        return NotApplicable("the kernel module is not loaded")
    cuda = driver_search.cuda
    if cuda.state == "opens" and not cuda.is_stub:
        return Clear(f"{cuda.path} ({cuda.found_via})")
    elsewhere = [
        item.path
        for item in driver.libraries
        if item.soname == "libcuda.so.1" and item.kind == "driver" and item.path != cuda.path
    ]
    in_container = isinstance(container, Container)
    if cuda.is_stub:
        return _found(driver, driver_search, elsewhere, *_hidden_by_stub(cuda.path))
    if cuda.state == "broken":
        return _found(driver, driver_search, elsewhere, *_broken(cuda.path, cuda.why_not))
    if elsewhere:
        variable = in_container or system.distribution_id == "nixos"
        return _found(driver, driver_search, elsewhere, *_outside(elsewhere[0], variable=variable))
    if in_container:
        return NotApplicable("in a container the libraries come from the host")
    return _found(driver, driver_search, elsewhere, *_not_installed(driver, system))


def _hidden_by_stub(path: str) -> tuple[str, Remedy]:
    directory = shortened(path.rpartition("/")[0], 40)
    text = f"Take {path.rpartition('/')[0]} out of the loader's path: a stub is for linking only."
    commands = ('echo "$LD_LIBRARY_PATH"', "grep -r stubs /etc/ld.so.conf /etc/ld.so.conf.d")
    return f"The libcuda.so.1 found first is a toolkit's stub, in {directory}.", Remedy(text=text, commands=commands)


def _broken(path: str, why_not: str) -> tuple[str, Remedy]:
    text = f"Install the driver's compute libraries anew: {path} does not open ({why_not})."
    return "libcuda.so.1 is found, but it does not open.", Remedy(text=text, safety="needs-root")


def _outside(path: str, *, variable: bool) -> tuple[str, Remedy]:
    directory = path.rpartition("/")[0]
    commands: tuple[str, ...] = (f"echo {quoted(directory)} | sudo tee /etc/ld.so.conf.d/nvidia.conf", "sudo ldconfig")
    if variable:
        commands = (f"export LD_LIBRARY_PATH={quoted(directory)}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}",)
    remedy = Remedy(
        text=f"Add {directory} to the loader's path.",
        commands=commands,
        safety="changes-environment" if variable else "needs-root",
    )
    return f"libcuda.so.1 is in {shortened(directory, 50)}, where the loader does not look.", remedy


def _not_installed(driver: Driver, system: System) -> tuple[str, Remedy]:
    command = PACKAGES.get(family(system), "")
    if "{branch}" in command and driver.release is None:
        command = ""
    command = command.format(branch=driver.release.major if driver.release else "")
    text = "Install the compute libraries of the same driver release."
    name = f"Driver {driver.release}" if driver.release else "The driver"
    remedy = Remedy(text=text, commands=(command,) if command else (), safety="needs-root")
    return f"{name} runs, but its library libcuda.so.1 is not installed.", remedy


def _found(driver: Driver, search: DriverSearch, elsewhere: list[str], what: str, remedy: Remedy) -> Found:
    why = "Frameworks open libcuda.so.1 by name and list no GPU without the driver's own"
    return Found(
        what=what,
        why=f"{why} ({search.cuda.why_not})." if search.cuda.why_not else f"{why}.",
        remedy=remedy,
        evidence=(
            Evidence("module", str(driver.release or "loaded"), "/proc/driver/nvidia/version"),
            *((Evidence("libcuda found first", search.cuda.path, search.cuda.found_via),) if search.cuda.path else ()),
            *(Evidence("libcuda", "not found first", path) for path in elsewhere[:2]),
            *(Evidence("looked in", place, "loader") for place in search.cuda.looked[:4]),
        ),
    )
