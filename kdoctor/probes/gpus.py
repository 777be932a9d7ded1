"""Which GPUs does the machine have, by every source that can see one?"""

import re

from kdoctor.host import Host, names_in, text_of
from kdoctor.knowledge.gpus import architecture_of_capability, architecture_of_chip, model_of
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.gpus import Gpu, Gpus
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.pci import Pci
from kdoctor.model.version import ComputeCapability

PROC = "/proc/driver/nvidia/gpus"
GIVEN_AWAY = "vfio-pci"
_MODEL = re.compile(r"^Model:(.*)$", re.MULTILINE)


def probe(
    host: Host, pci: Pci | Unknown, nvml: Nvml | Absent | Unknown, libcuda: Libcuda | Absent | Unknown
) -> Gpus | Absent | Unknown:
    """Join the PCI bus, the loaded module's list, NVML and CUDA; a GPU that any of them sees is there.

    A card that is given to a virtual machine is none of this system.
    """
    found: dict[str, Gpu] = {}
    if isinstance(nvml, Nvml):
        for device in nvml.devices:
            address = short_address(device.pci_address) or f"nvml {device.index}"
            found[address] = make(device.name, address, device.compute_capability, "nvml")
    for address in names_in(host, PROC):
        match = _MODEL.search(text_of(host, f"{PROC}/{address}/information"))
        _add(found, make(match[1].strip() if match else "", address, None, "proc"))
    if isinstance(pci, Pci):
        for item in (item for item in pci.devices if item.kernel_driver != GIVEN_AWAY):
            _add(found, make(item.name, item.address, None, "pci", vendor=item.vendor))
    if isinstance(libcuda, Libcuda) and not any(gpu.vendor == "NVIDIA" for gpu in found.values()):
        for index, listed in enumerate(libcuda.devices):
            found[f"cuda {index}"] = make(listed.name, "", listed.compute_capability, "libcuda")
    if found:
        return Gpus(items=tuple(found.values()))
    if isinstance(pci, Unknown):
        return Unknown(reason=f"the PCI bus could not be read ({pci.reason}), and no driver lists a GPU")
    return Absent(looked=("/sys/bus/pci/devices", PROC, "NVML", "cuInit"))


def short_address(address: str) -> str:
    """The kernel's form of a PCI address: NVML's has eight digits of domain.

    >>> short_address("00000000:01:00.0")
    '0000:01:00.0'
    """
    domain, colon, rest = address.lower().partition(":")
    return f"{domain[-4:]}:{rest}" if colon else ""


def _add(found: dict[str, Gpu], gpu: Gpu) -> None:
    known = found.get(gpu.pci_address)
    if known is None:
        found[gpu.pci_address] = gpu
        return
    found[gpu.pci_address] = Gpu(
        vendor=known.vendor,
        name=known.name or gpu.name,
        pci_address=known.pci_address,
        architecture=known.architecture or gpu.architecture,
        compute_capability=known.compute_capability or gpu.compute_capability,
        seen_by=(*known.seen_by, *gpu.seen_by),
    )


def make(name: str, address: str, capability: ComputeCapability | None, source: str, vendor: str = "NVIDIA") -> Gpu:
    """A GPU with what the tables add to its name."""
    model = model_of(name) if name and vendor == "NVIDIA" else None
    capability = capability or (model.compute_capability if model else None)
    architecture = architecture_of_capability(capability) if capability else None
    if architecture is None and vendor == "NVIDIA":
        architecture = architecture_of_chip(name)
    return Gpu(
        vendor=vendor,
        name=name,
        pci_address=address if ":" in address else "",
        architecture=architecture.name if architecture else "",
        compute_capability=capability,
        seen_by=(source,),
    )
