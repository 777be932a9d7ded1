"""A GPU is in MIG mode, and no MIG instance of it is there.

What it means: in MIG mode (Multi-Instance GPU: A100, A30, H100 and newer) a GPU is used through its instances alone.
The mode outlives a restart on some GPUs, the instances do not; or nobody has made any yet.

Why it matters: CUDA leaves such a GPU out (CUDA_ERROR_NO_DEVICE if it is the only one), while nvidia-smi lists it.

What to do: make instances, or switch MIG mode off. Where an administrator or an operator of Kubernetes divides the
GPUs, ask there for an instance.
"""

from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml, NvmlDevice
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD113",
        cause="",
        layer="visibility",
        severity="error",
        since="0.1.0",
        sources=(
            Source(
                "NVIDIA Multi-Instance GPU user guide: prerequisites, creating instances, CUDA devices", "2026-11-22"
            ),
            Source("cuInit gives 100 for such a GPU (tests/fakegpu models it so)", "2026-11-22"),
        ),
        explains=("cuda-does-not-initialise", "gpu-hidden-by-env"),
    )
)
def mig_without_instances(
    nvml: Nvml, libcuda: Libcuda | Absent | Unknown, container: Container | Absent | Unknown
) -> Verdict:
    """NVML's word on the mode and the instances; a note where CUDA has other devices."""
    divided = [device for device in nvml.devices if device.mig_enabled]
    if not divided:
        return NotApplicable("no GPU is in MIG mode")
    empty = [device for device in divided if not device.mig_devices]
    if not empty:
        return Clear(f"{len(divided)} GPU in MIG mode, {sum(len(item.mig_devices) for item in divided)} instances")
    others = len(libcuda.devices) if isinstance(libcuda, Libcuda) else 0
    return _found(empty, others, in_container=isinstance(container, Container), all_gpus=len(nvml.devices))


def _found(empty: list[NvmlDevice], others: int, *, in_container: bool, all_gpus: int) -> Found:
    index = empty[0].index
    names = ", ".join(str(device.index) for device in empty[:8])
    remedy = Remedy(
        text="Make an instance, here one of the whole GPU (the list shows other sizes), or switch MIG mode off.",
        commands=(
            f"sudo nvidia-smi mig -i {index} -lgip",
            f"sudo nvidia-smi mig -i {index} -cgi 0 -C",
            f"sudo nvidia-smi -i {index} -mig 0   # instead: MIG mode off",
        ),
        safety="needs-root",
    )
    if in_container:
        remedy = Remedy(
            text="Start the container with a MIG instance (its UUID, or as a resource); the host makes instances.",
            commands=("docker run --gpus '\"device=MIG-UUID\"' ...   # of `nvidia-smi -L` on the host",),
        )
    return Found(
        what=f"GPU {names} {'is' if len(empty) == 1 else 'are'} in MIG mode and no MIG instance is visible here.",
        why="CUDA uses a GPU in MIG mode through its instances only, and lists none of it without them.",
        remedy=remedy,
        evidence=(
            *(
                Evidence(f"GPU {device.index}", f"{device.name}, MIG mode on, no instance", "NVML")
                for device in empty[:4]
            ),
            Evidence("devices that CUDA lists", str(others), f"cuInit; NVML lists {all_gpus} GPU"),
        ),
        severity="note" if others else None,
    )
