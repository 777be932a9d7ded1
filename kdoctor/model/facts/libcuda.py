"""What the CUDA driver library itself answers: cuInit, its CUDA version and its devices, asked in a child."""

import msgspec

from kdoctor.model.facts.base import Section
from kdoctor.model.version import ComputeCapability, CudaVersion


class CudaDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device in CUDA's own order, after CUDA_VISIBLE_DEVICES; ``error``: what cuDeviceGet returned instead.

    ``uuid``: GPU-... or MIG-..., "" where the driver does not tell.
    """

    name: str
    uuid: str = ""
    compute_capability: ComputeCapability | None = None
    memory_total_bytes: int | None = None
    multiprocessors: int | None = None
    error: str = ""


class Libcuda(Section, frozen=True, kw_only=True):
    """``init_code``: what cuInit returned (0: it works); ``init_error``: its name, e.g. CUDA_ERROR_NO_DEVICE.

    ``load_error``: the loader's message where libcuda.so.1 could not be opened although it was found.
    """

    library: str
    init_code: int = 0
    init_error: str = ""
    load_error: str = ""
    cuda: CudaVersion | None = None
    devices: tuple[CudaDevice, ...] = ()
