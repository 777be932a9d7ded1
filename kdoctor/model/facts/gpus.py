"""The GPUs of the machine, joined from every source that saw one."""

import msgspec

from kdoctor.model.facts.base import Section
from kdoctor.model.version import ComputeCapability


class Gpu(msgspec.Struct, frozen=True, kw_only=True):
    """``seen_by``: pci, nvml, libcuda, proc. ``architecture`` e.g. Pascal, "" if unknown."""

    vendor: str
    name: str = ""
    pci_address: str = ""
    architecture: str = ""
    compute_capability: ComputeCapability | None = None
    seen_by: tuple[str, ...] = ()


class Gpus(Section, frozen=True, kw_only=True):
    """All GPUs, of all vendors; Absent where none was seen and the bus was readable."""

    items: tuple[Gpu, ...]

    @property
    def nvidia(self) -> tuple[Gpu, ...]:
        """Those of NVIDIA."""
        return tuple(gpu for gpu in self.items if gpu.vendor == "NVIDIA")
