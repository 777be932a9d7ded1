"""The driver: installed, loaded, of one release, reachable, new enough."""

from __future__ import annotations

from tests.mutation.altered import CUDA, MODULE, NVML, Altered, UnfitError
from tests.mutation.fault import fault
from tests.recorded import machine_of

TOO_OLD = {13: ("550.120", "12.4"), 12: ("470.256.02", "11.4"), 11: ("418.87.01", "10.1"), 10: ("390.157", "9.1")}
NEEDED_NODES = ("/dev/nvidiactl", "/dev/nvidia-uvm")


def bare(machine: Altered) -> None:
    """Refuse containers and WSL, where the driver is another's."""
    if machine.exists("/.dockerenv") or "microsoft" in machine.document["platform"]["kernel"]:
        raise UnfitError("the driver is that of the host")
    if not machine.exists(MODULE):
        raise UnfitError("there is no driver")


def unload(machine: Altered) -> None:
    """The kernel runs no module: its files in /proc, /sys and /dev are gone."""
    machine.remove(MODULE)
    machine.remove("/sys/module/nvidia")
    for path in list(machine.nodes):
        if path.startswith("/dev/nvidia"):
            machine.remove(path)


def remove_libraries(machine: Altered, *names: str) -> None:
    """Take the driver's libraries away, links and files."""
    for name in names:
        for path in machine.libraries(name):
            machine.remove(path)


def module_trees(machine: Altered) -> list[str]:
    """The directories with the driver's module."""
    return [folder for folder in machine.names if folder.startswith("/lib/modules/")]


def rename_driver(machine: Altered, release: str) -> None:
    """Give the user-space libraries another release; the loader's names stay."""
    for name in ("libcuda.so.", "libnvidia-ml.so."):
        for path in [path for path in machine.elves if path.rpartition("/")[2].startswith(name)]:
            folder = path.rpartition("/")[0]
            machine.rename_library(path, f"{folder}/{name}{release}")
            machine.link(f"{folder}/{name}1", f"{name}{release}")


@fault("driver-missing", "driver-installed")
def driver_removed(machine: Altered) -> None:
    """No part of a driver is left."""
    bare(machine)
    unload(machine)
    remove_libraries(machine, "libcuda.so.", "libnvidia-ml.so.")
    for folder in module_trees(machine):
        machine.remove(folder)


@fault("driver-libraries-not-found", "driver-installed")
def compute_library_removed(machine: Altered) -> None:
    """The distribution's package with libcuda.so.1 is not installed."""
    bare(machine)
    remove_libraries(machine, "libcuda.so.")


@fault("driver-libraries-not-found", "driver-installed")
def compute_library_outside_the_path(machine: Altered) -> None:
    """libcuda.so.1 was installed where the loader does not look."""
    bare(machine)
    for path in [path for path in machine.elves if path.rpartition("/")[2].startswith("libcuda.so.")]:
        name = path.rpartition("/")[2]
        machine.rename_library(path, f"/usr/lib64/nvidia/{name}")
        machine.link("/usr/lib64/nvidia/libcuda.so.1", name)
        machine.place(f"{path.rpartition('/')[0]}/libcuda.so.1").unlink()


@fault("driver-libraries-not-found", "driver-installed")
def stub_first(machine: Altered) -> None:
    """LD_LIBRARY_PATH names the stubs of a toolkit, which serve for linking only."""
    bare(machine)
    headers = next((item for path, item in machine.elves.items() if "/libcuda.so." in path), None)
    if headers is None:
        raise UnfitError("there is no libcuda")
    machine.elves["/usr/local/cuda/lib64/stubs/libcuda.so"] = headers
    machine.link("/usr/local/cuda/lib64/stubs/libcuda.so.1", "libcuda.so")
    listed = machine.environ.get("LD_LIBRARY_PATH", "")
    machine.environ["LD_LIBRARY_PATH"] = f"/usr/local/cuda/lib64/stubs:{listed}".rstrip(":")
    machine.driver_says(1, cuda=100)


@fault("driver-not-loaded", "driver-loaded")
def module_not_loaded(machine: Altered) -> None:
    """The module is on disk, and the kernel does not run it."""
    bare(machine)
    unload(machine)
    machine.driver_says(2, cuda=100, nvml=9)


@fault("driver-not-loaded", "driver-loaded")
def module_of_another_kernel(machine: Altered) -> None:
    """A kernel update: the module was built for the kernel before."""
    bare(machine)
    unload(machine)
    kernel = machine.document["platform"]["kernel"]
    for folder in module_trees(machine):
        machine.names[folder.replace(kernel, f"5.0.0-1-{kernel}")] = machine.names.pop(folder)
    machine.driver_says(2, cuda=100, nvml=9)


@fault("driver-not-loaded", "driver-loaded")
def nouveau_holds_the_card(machine: Altered) -> None:
    """nouveau was loaded instead."""
    bare(machine)
    unload(machine)
    machine.write("/sys/module/nouveau/refcnt", "1\n")
    machine.driver_says(2, cuda=100, nvml=9)


@fault("driver-userland-kernel-mismatch", "driver-matched")
def libraries_updated(machine: Altered) -> None:
    """The package manager replaced the libraries, and the old module runs on."""
    bare(machine)
    rename_driver(machine, "999.10")
    machine.driver_says(3, cuda=803, nvml=18)


@fault("driver-needs-reload", "driver-matched")
def after_suspend(machine: Altered) -> None:
    """nvidia_uvm did not survive suspend and resume."""
    bare(machine)
    if "/dev/nvidia-uvm" not in machine.nodes:
        raise UnfitError("there is no /dev/nvidia-uvm")
    machine.driver_says(6, cuda=999)


@fault("gpu-device-permission", "device-nodes")
def nodes_closed(machine: Altered) -> None:
    """Only root may open the nodes."""
    if machine.document["user"]["uid"] == 0:
        raise UnfitError("root may open everything")
    closed = [path for path in machine.nodes if path.startswith("/dev/nvidia")]
    if not closed:
        raise UnfitError("there are no nodes")
    for path in closed:
        machine.nodes[path]["mode"] = "0600"
    machine.driver_says(5, cuda=100, nvml=4)


@fault("gpu-device-permission", "device-nodes")
def uvm_node_missing(machine: Altered) -> None:
    """Nothing made /dev/nvidia-uvm."""
    machine.remove("/dev/nvidia-uvm")
    machine.driver_says(5, cuda=999)


@fault("cuda-does-not-initialise", "device-nodes")
def fabric_manager_stopped(machine: Altered) -> None:
    """GPUs joined by NVSwitch wait for the Fabric Manager."""
    if not any(
        device["name"].endswith("HBM3") or "SXM" in device["name"] for device in machine.answer(NVML)["devices"]
    ):
        raise UnfitError("only GPUs on an NVSwitch need it")
    machine.driver_says(7, cuda=802)


@fault("driver-too-old-for-cuda", "driver-release")
def driver_downgraded(machine: Altered) -> None:
    """A driver of the CUDA before."""
    bare(machine)
    release, cuda = TOO_OLD[cuda_major(machine)]
    text = machine.read(MODULE)
    machine.write(MODULE, text.replace(driver_release(machine), release))
    machine.write("/sys/module/nvidia/version", f"{release}\n")
    rename_driver(machine, release)
    machine.change_answer(NVML, driver_release=release, cuda=cuda)
    machine.change_answer(CUDA, cuda=cuda)


def driver_release(machine: Altered) -> str:
    """The release that NVML gives."""
    return str(machine.answer(NVML)["driver_release"])


def cuda_major(machine: Altered) -> int:
    """The CUDA major that the framework of the machine was built for, by the libraries that lie beside it."""
    libraries = machine_of(machine.name).elf.values()
    sonames = [item.soname for item in libraries if item.soname and item.soname.startswith("libcudart.so.")]
    if not sonames:
        raise UnfitError("no CUDA runtime is installed")
    return min(int(name.split(".")[2]) for name in sonames)
