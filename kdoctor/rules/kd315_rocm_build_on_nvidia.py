"""The framework is built for AMD's ROCm, and the GPU is one of NVIDIA.

What it means: tensorflow-rocm, or PyTorch from the index for ROCm, is installed on a machine whose only GPU is
NVIDIA's: a requirements file or an image of another machine was used.

Why it matters: a ROCm build can not use an NVIDIA GPU. It lists none, or does not import.

What to do: install the CUDA build of the same release.
"""

from kdoctor.advice import has_nvidia, pip, seen_gpus, why_other_release, with_cuda
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD315",
        cause="cpu-only-build-installed",
        layer="framework-build",
        severity="error",
        since="0.1.0",
        sources=(
            Source(
                "is_rocm_build in TensorFlow's build_info.py; torch/version.py of builds with hip set", "2026-11-21"
            ),
        ),
    )
)
def rocm_build_on_nvidia(frameworks: Frameworks, gpus: Gpus | Absent | Unknown, interpreter: Interpreter) -> Verdict:
    """The framework in use is a ROCm build, and an NVIDIA GPU but none of AMD is there."""
    rocm = [build for build in frameworks.builds if build.active and build.gpu == "rocm"]
    if not rocm:
        return Clear("the framework in use is not built for ROCm")
    if isinstance(gpus, Unknown):
        return Undetermined(f"needs to know which GPUs there are: {gpus.reason}")
    if not has_nvidia(gpus):
        return NotApplicable("there is no NVIDIA GPU")
    if isinstance(gpus, Gpus) and any(gpu.vendor == "AMD" for gpu in gpus.items):
        return Clear("there is a GPU of AMD too, which the ROCm build may be for")
    if any(build.active and build.gpu == "cuda" for build in frameworks.builds):
        return Clear("another framework here is a CUDA build")
    return _found(rocm[0], gpus, interpreter)


def _found(build: Build, gpus: Gpus | Absent | Unknown, interpreter: Interpreter) -> Found:
    return Found(
        what=f"{build.title} is built for AMD's ROCm; this machine's GPU is NVIDIA's.",
        why="A ROCm build has no CUDA code: it lists no NVIDIA GPU, whatever driver and libraries are installed.",
        remedy=Remedy(
            text=f"Replace it by the CUDA build.{why_other_release(build, interpreter)}",
            commands=(
                pip(interpreter, "uninstall", "-y", build.distribution),
                pip(interpreter, "install", with_cuda(build, interpreter)),
            ),
            safety="changes-environment",
        ),
        evidence=(Evidence("build", "ROCm", build.facts_from or build.directory), *seen_gpus(gpus)),
    )
