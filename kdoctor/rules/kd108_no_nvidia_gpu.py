"""There is no NVIDIA GPU that this system could use.

What it means: neither the PCI bus nor the driver shows an NVIDIA device. The machine has none, the virtual machine was
not given one, or the card is of another maker. A card that is bound to vfio-pci belongs to a virtual machine.

Why it matters: the CUDA builds of TensorFlow, JAX and PyTorch use NVIDIA GPUs only. Training works, on the CPU.

What to do: nothing, if CPU training is what you want. Otherwise use a machine that has an NVIDIA GPU, or a framework
build for the card that is there.
"""

from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.device_nodes import DeviceNodes
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.pci import Pci
from kdoctor.model.facts.requirement import Requirement, gpu_required
from kdoctor.model.facts.scheduler import Scheduler
from kdoctor.model.facts.wsl import Wsl
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

ON_CHIP = "/dev/nvhost-gpu"


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
    pci: Pci | Absent | Unknown,
    device_nodes: DeviceNodes | Absent | Unknown,
    frameworks: Frameworks | Absent,
    container: Container | Absent,
    scheduler: Scheduler | Absent,
    wsl: Wsl | Absent,
    requirement: Requirement | Absent,
) -> Verdict:
    """No source sees one; a CPU build on such a machine is meant so and nothing is said."""
    given_away = isinstance(pci, Pci) and pci.is_given_away
    if isinstance(gpus, Gpus) and gpus.nvidia and not given_away:
        return Clear(", ".join(gpu.name or gpu.pci_address for gpu in gpus.nvidia)[:80])
    if isinstance(wsl, Wsl):
        return NotApplicable("under WSL the GPU is not on the PCI bus")
    builds = frameworks.builds if isinstance(frameworks, Frameworks) else ()
    required = gpu_required(requirement)
    if builds and not required and all(build.gpu in ("none", "rocm") for build in builds):
        return Clear("none, and the installed frameworks are not CUDA builds")
    node = gpu_node(device_nodes)
    if node and not given_away:
        return Undetermined(f"{node} is there, but no source lists a GPU")
    asked = container.gpu_asked_by if isinstance(container, Container) else ""
    if asked:
        return NotApplicable(f"the container asks for one ({asked}); see container-without-gpu-runtime")
    return _found(gpus, scheduler, given_away=given_away, required=required)


def gpu_node(device_nodes: DeviceNodes | Absent | Unknown) -> str:
    """The node of a GPU, "" if there is none; a Jetson's GPU is on the chip and on no bus."""
    paths = [node.path for node in device_nodes.nodes] if isinstance(device_nodes, DeviceNodes) else []
    return next((path for path in paths if path == ON_CHIP or path.removeprefix("/dev/nvidia").isdecimal()), "")


def _found(gpus: Gpus | Absent, scheduler: Scheduler | Absent, *, given_away: bool, required: bool) -> Found:
    granted = scheduler.gpus_granted if isinstance(scheduler, Scheduler) else None
    looked = gpus.looked if isinstance(gpus, Absent) else ("/sys/bus/pci/devices",)
    others = gpus.items if isinstance(gpus, Gpus) else ()
    other = f"; there is {others[0].vendor} {others[0].name}".rstrip() if others else ""
    what = f"No NVIDIA GPU is visible on this machine{other[:50]}."
    meant = "" if required else "Nothing, if that is meant. Otherwise "
    text = f"{meant}use a machine, or a virtual machine's setting, with an NVIDIA GPU."
    text = text[0].upper() + text[1:]
    if given_away:
        what = "The NVIDIA GPU is bound to vfio-pci, for a virtual machine; this system cannot use it."
        text = "Nothing, if that is meant. Train in the virtual machine, or give the card back to this system."
    return Found(
        what=what,
        why="The CUDA builds of TensorFlow, JAX and PyTorch use NVIDIA GPUs only; training runs on the CPU.",
        remedy=Remedy(text=text),
        evidence=(
            *(Evidence("gpu", f"{gpu.vendor} {gpu.name}".strip(), gpu.pci_address) for gpu in others[:3]),
            Evidence("NVIDIA GPU", "vfio-pci" if given_away else "none", ", ".join(looked)),
            *((Evidence("GPUs granted", str(granted), "scheduler"),) if granted else ()),
        ),
        severity="error" if granted or required else None,
    )
