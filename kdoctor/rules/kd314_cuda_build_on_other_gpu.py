"""The GPU is of another maker than NVIDIA, and the framework is built for NVIDIA's CUDA.

What it means: the only GPU here is one of AMD or Intel, with its kernel driver, and the installed framework is a CUDA
build, which is what the package index gives on Linux.

Why it matters: a CUDA build can not use such a GPU, whatever is installed beside it. Training runs on the CPU.

What to do: PyTorch has builds for ROCm (AMD) and XPU (Intel), and Keras's torch backend uses them. Check first that the
maker lists this model: smaller and older ones are not supported.
"""

from kdoctor.advice import pip, shortened
from kdoctor.knowledge.vendors import OtherGpu, other_gpu
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.pci import Pci, PciDevice
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD314",
        cause="no-nvidia-gpu",
        layer="hardware",
        severity="warning",
        since="0.1.0",
        sources=(
            Source("keras 3.15.1 keras/src/backend/torch/core.py: mps, cuda (ROCm too), xpu, cpu", "2026-11-22"),
            Source("PyTorch's package indexes for rocm7.1 and xpu", "2026-11-22"),
        ),
        explains=("no-nvidia-gpu",),
    )
)
def cuda_build_on_other_gpu(
    frameworks: Frameworks, gpus: Gpus | Absent | Unknown, pci: Pci | Unknown, interpreter: Interpreter, system: System
) -> Verdict:
    """No NVIDIA GPU, a GPU that another build could use, and no framework built for it."""
    if system.os != "linux":
        return NotApplicable(f"on {system.os} other rules judge the build")
    if isinstance(gpus, Unknown):
        return Undetermined(f"needs to know which GPUs there are: {gpus.reason}")
    if isinstance(gpus, Gpus) and gpus.nvidia:
        return NotApplicable("there is an NVIDIA GPU")
    if isinstance(pci, Unknown):
        return Undetermined(f"needs the PCI bus: {pci.reason}")
    usable = [(device, row) for device in pci.devices if (row := other_gpu(device)) is not None]
    if not usable:
        return NotApplicable("there is no GPU that a build for ROCm or XPU would use")
    active = [build for build in frameworks.builds if build.active]
    if not active or any(build.gpu != "cuda" for build in active):
        return Clear("the framework in use is not a CUDA build")
    return _found(active[0], *usable[0], interpreter)


def _found(build: Build, device: PciDevice, row: OtherGpu, interpreter: Interpreter) -> Found:
    name = device.name or f"{row.vendor} {device.vendor_id}:{device.device_id}"
    return Found(
        what=f"The GPU is {row.vendor} {shortened(name, 34)}; {build.title} is built for NVIDIA's CUDA.",
        why=f"A CUDA build cannot use it, and training runs on the CPU; PyTorch's {row.build} build can, if "
        f"{row.vendor} supports this model.",
        remedy=Remedy(
            text=f"Where {row.supported} lists this model, use PyTorch for {row.build} as Keras's backend.",
            commands=(
                pip(interpreter, "uninstall", "-y", "torch"),
                pip(interpreter, "install", "torch", "--index-url", row.index),
                "export KERAS_BACKEND=torch",
            ),
            safety="changes-environment",
        ),
        evidence=(
            Evidence("gpu", f"{row.vendor} {name}", f"{device.address} (driver {device.kernel_driver})"),
            Evidence("build", f"CUDA {build.cuda or ''}".strip(), build.facts_from or build.directory),
        ),
        confidence="likely",
    )
