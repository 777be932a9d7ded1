"""The card, the processor: what no software mends."""

from __future__ import annotations

import re

from tests.mutation.altered import BUS, CUDA, NVML, Altered, UnfitError
from tests.mutation.fault import fault
from tests.mutation.faults.driver import bare, unload

DRIVERS = "/sys/bus/pci/drivers"


def cards(machine: Altered) -> list[str]:
    """The addresses of the NVIDIA cards on the bus."""
    found = sorted(
        path.name for path in machine.place(BUS).glob("*") if "10de" in machine.read(f"{BUS}/{path.name}/vendor")
    )
    if not found:
        raise UnfitError("no card is on the bus")
    return found


def not_expected(machine: Altered) -> None:
    """Refuse a job that was granted a GPU, where a missing card is an error and no warning."""
    if any(name.startswith("SLURM_") for name in machine.environ):
        raise UnfitError("a scheduler has granted a card")


def others_card(machine: Altered, name: str, capability: str, memory_gib: int) -> None:
    """Put another card in the place of every one."""
    memory = {"name": name, "compute_capability": capability, "memory_total_bytes": memory_gib << 30}
    for key in (NVML, CUDA):
        devices = [{**device, **memory} for device in machine.answer(key)["devices"]]
        if not devices:
            raise UnfitError("the driver lists no card")
        machine.change_answer(key, devices=devices)
    for address in cards(machine):
        machine.write(f"{BUS}/{address}/device", "0xffff\n")


def cuda_build(machine: Altered) -> None:
    """Refuse a machine whose framework is a CPU build on purpose."""
    if not any(item.get("soname", "").startswith("libcudart.so.") for item in machine.elves.values()):
        raise UnfitError("no CUDA build is installed")


@fault("gpu-hardware-fault", "hardware")
def card_lost(machine: Altered) -> None:
    """The card has fallen off the bus: NVML knows that it was there."""
    devices = [
        {"index": index, "error_code": 15, "error": "GPU is lost"}
        for index, _ in enumerate(machine.answer(NVML)["devices"])
    ]
    machine.change_answer(NVML, devices=devices)
    machine.driver_says(4, cuda=999)


@fault("no-nvidia-gpu", "hardware", severity="warning", needs_gpu=False)
def card_taken_out(machine: Altered) -> None:
    """The slot is empty, or the virtual machine was not given the card."""
    bare(machine)
    not_expected(machine)
    cuda_build(machine)
    for address in cards(machine):
        machine.remove(f"{BUS}/{address}")
    machine.names.setdefault(BUS, [])
    unload(machine)
    machine.driver_says(2, cuda=100, nvml=9)


@fault("no-nvidia-gpu", "hardware", severity="warning", needs_gpu=False)
def card_given_away(machine: Altered) -> None:
    """vfio-pci holds the card for a virtual machine."""
    bare(machine)
    not_expected(machine)
    cuda_build(machine)
    machine.write(f"{DRIVERS}/vfio-pci/module", "")
    for address in cards(machine):
        machine.link(f"{BUS}/{address}/driver", "../../drivers/vfio-pci")
    unload(machine)
    machine.driver_says(2, cuda=100, nvml=9)


@fault("cpu-no-avx", "hardware", needs_gpu=False)
def processor_without_avx(machine: Altered) -> None:
    """A virtual machine whose processor model is an old one."""
    if (
        not any(name.startswith(("tensorflow", "jax")) for name in machine.distributions())
        or "CONDA_PREFIX" in machine.environ
    ):
        raise UnfitError("no wheel that is compiled with AVX")
    text = machine.read("/proc/cpuinfo")
    if " avx " not in text:
        raise UnfitError("the processor has none")
    machine.write("/proc/cpuinfo", re.sub(r" (avx\w*|f16c|fma|bmi\d)\b", "", text))


@fault("compute-capability-unsupported", "compute-capability")
def card_too_old(machine: Altered) -> None:
    """A Kepler card, for which builds of today have no code."""
    if "1.15" in machine.distributions().get("tensorflow-gpu", ""):
        raise UnfitError("this build has code for Kepler")
    others_card(machine, "Tesla K80", "3.7", 11)


@fault("compute-capability-unsupported", "compute-capability")
def card_too_new(machine: Altered) -> None:
    """A Blackwell card under a TensorFlow from the package index, whose PTX does not work there."""
    if not {"tensorflow", "tensorflow-gpu"} & set(machine.distributions()) or "CONDA_PREFIX" in machine.environ:
        raise UnfitError("no TensorFlow from the package index")
    if int(machine.distributions().get("tensorflow", "2.0").split(".")[1]) < 16:
        raise UnfitError("whether the PTX of this one works there is not known")
    others_card(machine, "NVIDIA GeForce RTX 5090", "12.0", 32)
