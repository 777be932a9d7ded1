"""What NVML (the library behind nvidia-smi) reports, asked in a child through nvidia-ml-py."""

from typing import Literal

import msgspec

from kdoctor.model.facts.base import Section
from kdoctor.model.version import ComputeCapability, CudaVersion, DriverRelease


class GpuProcess(msgspec.Struct, frozen=True, kw_only=True):
    """A process that holds memory of a GPU; ``name`` is "" where the process is of another namespace.

    ``kind``: compute where it has a CUDA context, "" in older records.
    """

    pid: int
    memory_bytes: int | None = None
    name: str = ""
    kind: Literal["compute", "graphics", ""] = ""


class NvmlDevice(msgspec.Struct, frozen=True, kw_only=True):
    """One physical GPU as NVML sees it; ``error`` is set where it answered with one, e.g. "GPU is lost".

    ``repair_pending``: bad memory is set aside at the next reset (row remapping; before Ampere: page retirement).
    ``repair_failed``: there is no spare row left. ``performance_state``: 0 (fastest) to 15, 8 and above is idle.
    ``virtual``: a vGPU in a virtual machine; ``licensed``: and the licence server has granted it a licence.
    """

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
    repair_pending: bool | None = None
    repair_failed: bool | None = None
    compute_mode: str = ""
    persistence: bool | None = None
    throttle_reasons: tuple[str, ...] = ()
    performance_state: int | None = None
    temperature_c: int | None = None
    pcie_width: int | None = None
    pcie_width_max: int | None = None
    virtual: bool | None = None
    licensed: bool | None = None
    error_code: int = 0
    error: str = ""


class Nvml(Section, frozen=True, kw_only=True):
    """``error_code`` 0: it answered. ``cuda`` is the driver's CUDA version. ``library``: the path opened.

    ``start_s``: how long it took to start the driver and to ask about every GPU, in seconds.
    """

    library: str
    error_code: int = 0
    error: str = ""
    driver_release: DriverRelease | None = None
    cuda: CudaVersion | None = None
    start_s: float | None = None
    devices: tuple[NvmlDevice, ...] = ()
