"""There is no NVIDIA GPU on this machine.

What it means: neither the PCI bus nor the driver shows an NVIDIA device. The machine has none, the virtual machine was
not given one, or the card is of another maker.

Why it matters: the CUDA builds of TensorFlow, JAX and PyTorch use NVIDIA GPUs only. Training works, on the CPU.

What to do: nothing, if CPU training is what you want. Otherwise use a machine that has an NVIDIA GPU, or a framework
build for the card that is there.
"""

from __future__ import annotations

from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.scheduler import Scheduler
from kdoctor.model.facts.wsl import Wsl
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD108",
        cause="no-nvidia-gpu",
        layer="hardware",
        severity="warning",
        since="0.1.0",
        sources=(Source("TensorFlow install guide: GPU support is for CUDA-enabled NVIDIA cards", "2026-11-21"),),
        explains=("cpu-only-build-installed",),
    )
)
def no_nvidia_gpu(
    gpus: Gpus | Absent,
    frameworks: Frameworks | Absent,
    container: Container | Absent,
    scheduler: Scheduler | Absent,
    wsl: Wsl | Absent,
) -> Verdict:
    """No source sees one; a CPU build on such a machine is meant so and nothing is said."""
    if isinstance(gpus, Gpus) and gpus.nvidia:
        return Clear(", ".join(gpu.name or gpu.pci_address for gpu in gpus.nvidia)[:80])
    if isinstance(wsl, Wsl):
        return NotApplicable("under WSL the GPU is not on the PCI bus")
    builds = frameworks.builds if isinstance(frameworks, Frameworks) else ()
    others = gpus.items if isinstance(gpus, Gpus) else ()
    if builds and all(build.gpu in ("none", "rocm") for build in builds):
        return Clear("none, and the installed frameworks are not CUDA builds")
    granted = isinstance(scheduler, Scheduler) and bool(scheduler.gpus_granted)
    asked = container.gpu_asked_by if isinstance(container, Container) else ""
    if asked:
        return NotApplicable(f"the container asks for one ({asked}); see container-without-gpu-runtime")
    looked = gpus.looked if isinstance(gpus, Absent) else ("/sys/bus/pci/devices",)
    other = f"; there is {others[0].vendor} {others[0].name}".rstrip() if others else ""
    return Found(
        what=f"No NVIDIA GPU is visible on this machine{other[:50]}.",
        why="The CUDA builds of TensorFlow, JAX and PyTorch use NVIDIA GPUs only; training runs on the CPU.",
        remedy=Remedy(text="Nothing, if that is meant. Otherwise use a machine, or a virtual machine's setting, with an NVIDIA GPU."),
        evidence=(
            *(Evidence("gpu", f"{gpu.vendor} {gpu.name}".strip(), gpu.pci_address) for gpu in others[:3]),
            *(Evidence("NVIDIA GPU", "none", place) for place in looked),
            *((Evidence("GPUs granted", str(scheduler.gpus_granted), "scheduler"),) if granted and isinstance(scheduler, Scheduler) else ()),
        ),
        severity="error" if granted else None,
    )
