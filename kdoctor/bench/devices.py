"""Which GPU is ``gpu:N``? A backend counts as CUDA does, NVML by PCI address; UUIDs are what both know.

Input: sections of facts, the variables that a child gets, and what a backend has; output: UUIDs in the backend's
order, none where that order is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kdoctor.bench.cells import is_cpu
from kdoctor.model.facts.base import Answered
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml, NvmlDevice

VISIBLE, ORDER, BY_PCI = "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "PCI_BUS_ID"


def uuids_of(sections: Mapping[str, Answered], environ: Mapping[str, str], reported: Sequence[str]) -> tuple[str, ...]:
    """The UUIDs of a backend's GPUs; ``reported``: the backend's own words for what it has.

    A backend with more or fewer GPUs than CUDA leaves some out, and counts those that are left.
    """
    libcuda, nvml = sections.get("libcuda"), sections.get("nvml")
    listed = nvml.devices if isinstance(nvml, Nvml) else ()
    found = _by_cuda(libcuda, listed) if isinstance(libcuda, Libcuda) else ()
    found = found or _by_nvml(listed, environ)
    return found if len(found) == sum(1 for name in reported if not is_cpu(name)) else ()


def gpus_of(device: str, uuids: Sequence[str]) -> tuple[str, ...]:
    """The UUIDs of the GPUs that a device of a cell stands for.

    >>> gpus_of("gpu:1", ("GPU-a", "GPU-b")), gpus_of("all", ("GPU-a", "GPU-b")), gpus_of("cpu", ("GPU-a",))
    (('GPU-b',), ('GPU-a', 'GPU-b'), ())
    """
    kind, _, number = device.partition(":")
    if kind == "all":
        return tuple(uuids)
    return tuple(uuids[int(number) :][:1]) if kind == "gpu" else ()


def _by_cuda(libcuda: Libcuda, listed: Sequence[NvmlDevice]) -> tuple[str, ...]:
    """In CUDA's own order; a MIG instance is called as NVML calls it."""
    instances = {name.partition("-")[2]: name for device in listed for name in device.mig_devices}
    found = tuple(instances.get(device.uuid.partition("-")[2], device.uuid) for device in libcuda.devices)
    return found if all(found) else ()


def _by_nvml(listed: Sequence[NvmlDevice], environ: Mapping[str, str]) -> tuple[str, ...]:
    """In NVML's order, where CUDA can have no other: it puts faster GPUs first unless it is told not to."""
    is_alike = len({device.name for device in listed}) == 1
    in_order = VISIBLE not in environ and (is_alike or environ.get(ORDER) == BY_PCI)
    found = tuple(_only(device) for device in listed) if in_order or len(listed) == 1 else ()
    return found if all(found) else ()


def _only(device: NvmlDevice) -> str:
    """The UUID by which CUDA knows the GPU, "" where it may have another: of several MIG instances CUDA takes one."""
    if not device.mig_enabled:
        return device.uuid
    return device.mig_devices[0] if len(device.mig_devices) == 1 else ""
