"""The GPU's compute mode keeps this program out: prohibited, or exclusive and taken.

What it means: an administrator can set a GPU to let no CUDA program in (prohibited), or one at a time (exclusive
process). In exclusive mode the GPU is for whoever came first, also if that one uses little of it.

Why it matters: the next program gets cudaErrorDevicesUnavailable, "all CUDA-capable devices are busy or unavailable",
with nearly all memory free. Clusters set exclusive mode on purpose, often together with MPS.

What to do: end the program that has the GPU if it is yours, use another GPU, or set the mode back to default.
"""

from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.nvml import GpuProcess, Nvml, NvmlDevice
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

PROHIBITED = "prohibited"
EXCLUSIVE = ("exclusive process", "exclusive thread")
MPS = "nvidia-cuda-mps"


@rule(
    Declared(
        id="KD114",
        cause="",
        layer="visibility",
        severity="error",
        since="0.1.0",
        sources=(
            Source(
                "NVML API: nvmlComputeMode_t; nvidia-smi(1), --compute-mode; NVIDIA MPS documentation", "2026-11-22"
            ),
        ),
        explains=("gpu-memory-exhausted",),
    )
)
def compute_mode_excludes(
    nvml: Nvml, environ: Environ | Absent | Unknown, container: Container | Absent | Unknown
) -> Verdict:
    """Every GPU whose mode is known lets nobody in; where one does there is a way, and nothing is said."""
    devices = [device for device in nvml.devices if device.compute_mode]
    if not devices:
        return NotApplicable("NVML reports no compute mode")
    closed = [device for device in devices if device.compute_mode == PROHIBITED]
    exclusive = [device for device in devices if device.compute_mode in EXCLUSIVE]
    if len(closed) + len(exclusive) < len(devices):
        return Clear(f"{len(devices) - len(closed) - len(exclusive)} GPU in default compute mode")
    if not exclusive:
        return _closed(closed)
    taken = [device for device in exclusive if holders(device)]
    if len(taken) < len(exclusive):
        return Clear(f"GPU {next(item.index for item in exclusive if item not in taken)} is exclusive, and free")
    names = [process.name for device in taken for process in holders(device)]
    through_mps = isinstance(environ, Environ) and "CUDA_MPS_PIPE_DIRECTORY" in environ.variables
    if through_mps or any(name.startswith(MPS) for name in names):
        return Clear("exclusive, shared by MPS")
    if isinstance(container, Container) or not all(names):
        return Undetermined("exclusive and taken, and whether by MPS, which shares it, is not visible here")
    return _taken(taken)


def holders(device: NvmlDevice) -> list[GpuProcess]:
    """The processes with a CUDA context; a display's does not count."""
    return [process for process in device.processes if process.kind == "compute"]


def _closed(closed: list[NvmlDevice]) -> Found:
    return Found(
        what=f"The compute mode of {'the GPU' if len(closed) == 1 else f'all {len(closed)} GPUs'} is prohibited.",
        why="No CUDA program may use a GPU in this mode; frameworks list it and then fail, or list none.",
        remedy=Remedy(
            text="Set the mode back to default, or ask whoever set it.",
            commands=tuple(f"sudo nvidia-smi -i {device.index} -c DEFAULT" for device in closed[:8]),
            safety="needs-root",
        ),
        evidence=tuple(Evidence(f"GPU {item.index}", "compute mode prohibited", "NVML") for item in closed[:4]),
    )


def _taken(taken: list[NvmlDevice]) -> Found:
    device, process = taken[0], holders(taken[0])[0]
    return Found(
        what=f"GPU {device.index} is in exclusive compute mode and {process.name[:30]} ({process.pid}) has it.",
        why="One process at a time may use it; the next one gets 'CUDA-capable device(s) is/are busy or unavailable'.",
        remedy=Remedy(
            text="End that process if it is yours, wait for it, or set the mode to default, which lets several in.",
            commands=(
                f"ps -o user,pid,etime,args -p {process.pid}",
                f"kill {process.pid}   # if it is yours",
                f"sudo nvidia-smi -i {device.index} -c DEFAULT",
            ),
            safety="changes-environment",
        ),
        evidence=tuple(
            Evidence(f"GPU {item.index}, {item.compute_mode}", f"{holder.name} ({holder.pid})", "NVML")
            for item in taken[:4]
            for holder in holders(item)[:2]
        ),
        severity="warning",
    )
