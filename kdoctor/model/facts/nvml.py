"""What NVML (the library behind nvidia-smi) reports, asked in a child through nvidia-ml-py."""

import msgspec

from kdoctor.model.facts.base import Section
from kdoctor.model.version import ComputeCapability, CudaVersion, DriverRelease


class GpuProcess(msgspec.Struct, frozen=True, kw_only=True):
    """A process that holds memory of a GPU; ``name`` is "" where the process is of another namespace."""

    pid: int
    memory_bytes: int | None = None
    name: str = ""


class NvmlDevice(msgspec.Struct, frozen=True, kw_only=True):
    """One physical GPU as NVML sees it; ``error`` is set where it answered with one, e.g. "GPU is lost"."""

    index: int
    name: str = ""
    uuid: str = ""
    pci_address: str = ""
    compute_capability: ComputeCapability | None = None
    memory_total_bytes: int | None = None
    memory_used_bytes: int | None = None
    processes: tuple[GpuProcess, ...] = ()
    mig_enabled: bool | None = None
    mig_devices: tuple[str, ...] = ()
    ecc_enabled: bool | None = None
    ecc_uncorrected: int | None = None
    compute_mode: str = ""
    persistence: bool | None = None
    throttle_reasons: tuple[str, ...] = ()
    temperature_c: int | None = None
    pcie_width: int | None = None
    pcie_width_max: int | None = None
    error_code: int = 0
    error: str = ""


class Nvml(Section, frozen=True, kw_only=True):
    """``error_code`` 0: it answered. ``cuda`` is the driver's CUDA version. ``library``: the path opened."""

    library: str
    error_code: int = 0
    error: str = ""
    driver_release: DriverRelease | None = None
    cuda: CudaVersion | None = None
    devices: tuple[NvmlDevice, ...] = ()
