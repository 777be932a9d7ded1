"""Containers and WSL: what the host passes in."""

from __future__ import annotations

from tests.mutation.altered import MODULE, Altered, UnfitError
from tests.mutation.fault import fault
from tests.mutation.faults.driver import module_trees, remove_libraries
from tests.mutation.faults.hardware import cuda_build

WINDOWS = "/usr/lib/wsl/lib"


def under_wsl(machine: Altered) -> None:
    """Refuse what is no WSL."""
    if "microsoft" not in machine.document["platform"]["kernel"]:
        raise UnfitError("this is not WSL")


def in_container(machine: Altered) -> None:
    """Refuse what is no container with a GPU."""
    if not machine.exists("/.dockerenv") or "/dev/nvidia0" not in machine.nodes:
        raise UnfitError("this is no container with a GPU")


def remove_nodes(machine: Altered) -> None:
    """No device node of a GPU is passed in."""
    for path in [path for path in machine.nodes if path.startswith("/dev/nvidia")]:
        machine.remove(path)


@fault("container-without-gpu-runtime", "container")
def started_without_gpu(machine: Altered) -> None:
    """The container was started without --gpus: neither nodes nor the driver's libraries are in it."""
    cuda_build(machine)
    if not machine.exists(MODULE):
        raise UnfitError("no driver runs in the kernel")
    if not machine.exists("/.dockerenv"):
        machine.write("/.dockerenv", "")
        machine.write("/proc/1/cgroup", "0::/\n")
        for folder in module_trees(machine):
            machine.remove(folder)
    if not any(path.startswith("/dev/nvidia") for path in machine.nodes):
        raise UnfitError("there are no nodes to leave out")
    remove_nodes(machine)
    remove_libraries(machine, "libcuda.so.", "libnvidia-ml.so.")


@fault("container-driver-capabilities", "container")
def started_without_compute(machine: Altered) -> None:
    """NVIDIA_DRIVER_CAPABILITIES=utility: nodes and NVML, but no libcuda."""
    in_container(machine)
    remove_libraries(machine, "libcuda.so.")
    machine.environ["NVIDIA_DRIVER_CAPABILITIES"] = "utility"


@fault("wsl-gpu-unavailable", "container")
def wsl_without_dxg(machine: Altered) -> None:
    """Windows passes no device in."""
    under_wsl(machine)
    machine.remove("/dev/dxg")
    machine.driver_says(2, cuda=100, nvml=9)


@fault("wsl-gpu-unavailable", "container", severity="warning", needs_gpu=False)
def wsl_without_library(machine: Altered) -> None:
    """The Windows driver has no part for WSL."""
    under_wsl(machine)
    for name in ("libcuda.so.1", "libnvidia-ml.so.1"):
        machine.remove(f"{WINDOWS}/{name}")


@fault("wsl-linux-driver-installed", "container")
def linux_driver_inside_wsl(machine: Altered) -> None:
    """A package put its own libcuda.so.1 before the one of Windows."""
    under_wsl(machine)
    headers = machine.elves.get(f"{WINDOWS}/libcuda.so.1")
    if headers is None:
        raise UnfitError("Windows gives no library")
    folder = "/usr/lib/x86_64-linux-gnu"
    machine.elves[f"{folder}/libcuda.so.550.120"] = headers
    machine.write(f"{folder}/libcuda.so.550.120", "")
    machine.link(f"{folder}/libcuda.so.1", "libcuda.so.550.120")
    machine.environ.pop("LD_LIBRARY_PATH", None)
    machine.driver_says(2, cuda=100, nvml=9)
