"""The GPU's memory is held by other processes.

What it means: at this moment almost no memory of the GPU is free, and it is not this program that holds it: a notebook
kernel that still runs, another user's training, a stopped job that was not ended. TensorFlow and JAX reserve nearly
all memory of a GPU at their first use, whether they need it or not.

Why it matters: the next program fails at its first allocation: CUDA_ERROR_OUT_OF_MEMORY, CUBLAS_STATUS_NOT_INITIALIZED
or "failed to allocate". Such errors look like faults of cuDNN or cuBLAS and are none.

What to do: end the process that holds it, or use another GPU.
"""

from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.nvml import GpuProcess, Nvml, NvmlDevice
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule

LEAST_FREE_BYTES = 512 << 20
LEAST_FREE_PART = 0.05


@rule(
    Declared(
        id="KD602",
        cause="gpu-memory-exhausted",
        layer="settings",
        severity="warning",
        since="0.1.0",
        sources=(Source("TensorFlow guide: limiting GPU memory growth; JAX: GPU memory allocation", "2026-11-21"),),
    )
)
def gpu_memory_exhausted(nvml: Nvml, container: Container | Absent | Unknown) -> Verdict:
    """Every GPU that reports its memory is nearly full; where one has room there is a way, and nothing is said."""
    devices = [device for device in nvml.devices if device.memory_total_bytes and device.memory_used_bytes is not None]
    if not devices:
        return NotApplicable("NVML reports no memory")
    full = [device for device in devices if is_full(device)]
    if not full:
        return Clear(", ".join(f"GPU {device.index}: {free_gib(device):.1f} GiB free" for device in devices[:3]))
    if len(full) < len(devices):
        return Clear(f"GPU {full[0].index} is full, {len(devices) - len(full)} other has room")
    device = full[0]
    total, used = device.memory_total_bytes or 0, device.memory_used_bytes or 0
    holders = sorted(device.processes, key=lambda process: -(process.memory_bytes or 0))
    if isinstance(container, Container):
        holders = []  # NVML's numbers are the host's: here they would name other processes
    return Found(
        what=f"GPU {device.index} has {free_gib(device):.1f} GiB of memory free; {_named(holders)}.",
        why="The next program fails at its first allocation (out of memory, or CUBLAS_STATUS_NOT_INITIALIZED).",
        remedy=Remedy(
            text="End the process that holds the memory, if it is yours, or wait for it.",
            commands=_commands(holders),
            safety="changes-environment",
        ),
        evidence=(
            Evidence("memory used", f"{used >> 20} MiB of {total >> 20}", "NVML"),
            *(Evidence("held by", _one(process), f"process {process.pid}") for process in holders[:5]),
        ),
    )


def _commands(holders: list[GpuProcess]) -> tuple[str, ...]:
    if not holders:
        return ()
    pid = holders[0].pid
    return (f"ps -o user,pid,etime,args -p {pid}", f"kill {pid}   # if it is yours")


def free_gib(device: NvmlDevice) -> float:
    """Free memory in GiB."""
    return ((device.memory_total_bytes or 0) - (device.memory_used_bytes or 0)) / (1 << 30)


def is_full(device: NvmlDevice) -> bool:
    """Less than half a gigabyte and less than a twentieth free."""
    total, used = device.memory_total_bytes or 0, device.memory_used_bytes or 0
    return total - used < LEAST_FREE_BYTES and (total - used) < LEAST_FREE_PART * total


def _named(holders: list[GpuProcess]) -> str:
    if not holders:
        return "who holds it is not visible here"
    more = f" and {len(holders) - 1} more" if len(holders) > 1 else ""
    return f"{holders[0].name[:30] or 'process'} ({holders[0].pid}){more} hold{'s' if len(holders) == 1 else ''} it"


def _one(process: GpuProcess) -> str:
    size = f"{process.memory_bytes >> 20} MiB" if process.memory_bytes else "unknown size"
    return f"{process.name or 'a process of another container or user'}, {size}"
