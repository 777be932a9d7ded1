"""Which state is a machine's: the keys and values that the simulated libraries read, out of GPUs, driver and faults.

A state is a text of "key=value" lines (state.h); the first of two equal keys counts, so what comes first wins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from kdoctor.knowledge.faults import Fault, Offered
from kdoctor.knowledge.gpus import GpuModel
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import CudaVersion, DriverRelease

HOLDER_PID = 4242
_MIB = 1 << 20
_GIB = 1 << 30
_FIRST_WITH_NVIDIA_IN_NAMES = 470  # gpus.toml says so of `name`
_KEY = re.compile(r"(gpu\d{0,2}\.)?(cu|nvml)[A-Z]\w*|(libcuda|libnvidia-ml)\.dlopen|process\.\d+")
_PLAIN = frozenset((
    "device_count", "cuda_device_count", "driver_version", "nvml_version", "cuda_driver_version", "trace",
))  # fmt: skip
_OF_GPU = frozenset((
    "name", "uuid", "cc", "mem_total", "mem_used", "mem_reserved", "procs", "graphics_procs", "compute_mode",
    "persistence", "performance_state", "temp", "util", "util_memory", "power_mw", "power_limit_mw", "throttle",
    "clock_sm", "clock_sm_max", "pcie_width", "pcie_width_max", "pcie_generation", "pcie_generation_max", "pci_bus",
    "pci_device_id", "minor", "serial", "multiprocessors", "mig", "mig_pending", "mig_count", "mig_profile",
    "mig_uuid", "mig_mem_total", "mig_mem_used", "ecc", "ecc_pending", "ecc_corrected", "ecc_uncorrected",
    "remap_pending", "remap_failed", "remap_corrected", "remap_uncorrected",
    "retire_pending", "licensed",
))  # fmt: skip
_GPU_KEY = re.compile(r"gpu\d{0,2}\.(\w+)")
_MIG_PROCESSES = re.compile(r"mig\d_procs")
MOST_LINES, LONGEST_KEY, LONGEST_VALUE = 512, 95, 511  # of state.c


class Divided(msgspec.Struct, frozen=True, kw_only=True):
    """A GPU in MIG mode: its number, None for all; how many instances of which profile, e.g. 3g.20gb."""

    gpu: int | None = None
    profile: str = ""
    count: int = 0


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What is simulated: a model for each GPU, the driver and the CUDA version that it supports, and what is wrong."""

    models: tuple[GpuModel, ...]
    driver: DriverRelease
    cuda: CudaVersion
    faults: tuple[Fault, ...] = ()
    divided: tuple[Divided, ...] = ()

    @property
    def offered(self) -> Offered:
        """Which libraries there are."""
        return next((fault.offered for fault in self.faults if fault.offered != "both"), "both")


def state_of(machine: Machine) -> dict[str, str]:
    """Keys and values, faults first."""
    state: dict[str, str] = {}
    for fault in machine.faults:
        for key, value in _fault(fault, len(machine.models)).items():
            state.setdefault(key, str(value))
    state.setdefault("device_count", str(len(machine.models)))
    state["driver_version"] = str(machine.driver)
    state["cuda_driver_version"] = str(machine.cuda.major * 1000 + machine.cuda.minor * 10)
    left = next((fault.memory_free_mib for fault in machine.faults if fault.memory_free_mib is not None), None)
    for index, model in enumerate(machine.models):
        for key, value in _gpu(model, machine.driver, left).items():
            state[f"gpu{index}.{key}"] = str(value)
    if left is not None:
        state[f"process.{HOLDER_PID}"] = "python train.py"
    for wish in machine.divided:
        numbers = range(len(machine.models)) if wish.gpu is None else (wish.gpu,)
        for index in numbers:
            state.update({f"gpu{index}.{key}": str(value) for key, value in _mig(wish).items()})
    return state


def _fault(fault: Fault, gpus: int) -> dict[str, int | str]:
    last = f"gpu{gpus - 1}."
    state = {re.sub(r"^last\.", last, key): value for key, value in fault.state.items()}
    if fault.count:
        state["cuda_device_count"] = max(gpus + fault.count, 0)
    return state


def _gpu(model: GpuModel, driver: DriverRelease, left_mib: int | None) -> dict[str, int | str]:
    name = model.name if driver.major >= _FIRST_WITH_NVIDIA_IN_NAMES else model.name.removeprefix("NVIDIA ")
    total = model.memory_gb * _GIB
    state: dict[str, int | str] = {"name": name, "cc": str(model.compute_capability), "mem_total": total}
    if model.sm_count:
        state["multiprocessors"] = model.sm_count
    if left_mib is not None:
        used = max(total - left_mib * _MIB, 0)
        state |= {"mem_used": used, "procs": f"{HOLDER_PID}:{used}"}
    return state


def _mig(wish: Divided) -> dict[str, int | str]:
    memory = int(wish.profile.partition(".")[2].removesuffix("gb") or 0) * _GIB
    shape: dict[str, int | str] = {"mig_profile": wish.profile, "mig_mem_total": memory} if wish.profile else {}
    return {"mig": 1, "mig_count": wish.count, **shape}


def text_of(state: Mapping[str, str]) -> str:
    """The state as the libraries read it."""
    return "".join(f"{key}={value}\n" for key, value in state.items())


def read_state(text: str, source: str) -> dict[str, str]:
    """A state made by hand; raises Trouble for a line that the libraries would pass over or cut short."""
    state: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        key, equals, value = line.partition("=")
        problem = _problem(key, value) if equals else "is no `key=value`"
        if problem:
            hint = "`kdoctor fake --print-state` prints one; docs/fake.md lists the keys."
            raise Trouble("state-line-unknown", f"{source}, line {number}: {line[:60]!r} {problem}", hint=hint, code=2)
        state.setdefault(key, value)
    return state


def _problem(key: str, value: str) -> str:
    if len(key) > LONGEST_KEY or len(value.encode()) > LONGEST_VALUE:
        return f"is too long: a key has at most {LONGEST_KEY} bytes, a value {LONGEST_VALUE}"
    return "" if is_key(key) else "is no key of the kit"


def is_key(key: str) -> bool:
    """Whether the libraries know a key.

    >>> [is_key(key) for key in ("gpu.name", "gpu1.mig2_procs", "cuInit", "gpu0.nvmlDeviceGetName", "gpu.color")]
    [True, True, True, True, False]
    """
    of_gpu = _GPU_KEY.fullmatch(key)
    if of_gpu and (of_gpu[1] in _OF_GPU or _MIG_PROCESSES.fullmatch(of_gpu[1])):
        return True
    return key in _PLAIN or _KEY.fullmatch(key) is not None


def refuse_long(state: Mapping[str, str], gpus: Sequence[GpuModel]) -> None:
    """Raise Trouble for more lines than the libraries read."""
    if len(state) > MOST_LINES:
        message = f"{len(gpus)} GPUs make a state of {len(state)} lines; the kit reads {MOST_LINES}"
        raise Trouble("state-too-long", message, hint="Simulate fewer GPUs.", code=2)
