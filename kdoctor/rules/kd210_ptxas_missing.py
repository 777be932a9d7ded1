"""XLA does not find ptxas, or finds one of an older CUDA first.

What it means: XLA compiles PTX to machine code with ptxas. It takes the first on PATH, then the one of a CUDA
directory. A runtime image or an environment without the compiler package has none.

Why it matters: an old ptxas rejects newer PTX, and some releases stop with "Couldn't invoke ptxas". Most fall back to
the driver's own compiler, with a warning and slower first steps.

What to do: install the package that brings ptxas of the build's CUDA major.
"""

from kdoctor.advice import has_nvidia, pip
from kdoctor.knowledge import cuda
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_tools import CudaTools
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD210",
        cause="ptxas-missing",
        layer="cuda-libraries",
        severity="warning",
        since="0.1.0",
        sources=(
            Source(
                "openxla/xla xla/stream_executor/cuda/ptx_compiler_helpers, subprocess_compilation.cc", "2026-11-21"
            ),
        ),
    )
)
def ptxas_missing(
    frameworks: Frameworks, cuda_tools: CudaTools, gpus: Gpus | Absent | Unknown, interpreter: Interpreter
) -> Verdict:
    """No ptxas for a build that compiles with XLA, or one of an older CUDA major."""
    build = next((item for item in frameworks.builds if item.gpu == "cuda" and item.framework != "torch"), None)
    if build is None or build.cuda is None:
        return NotApplicable("no framework that compiles with XLA is installed")
    if not has_nvidia(gpus):
        return NotApplicable("there is no NVIDIA GPU to compile for")
    version = cuda_tools.ptxas_version
    if cuda_tools.ptxas and (version is None or version.major >= build.cuda.major):
        return Clear(f"{cuda_tools.ptxas} ({cuda_tools.ptxas_via})")
    package = cuda.pip_package("nvcc", build.cuda.major)
    if cuda_tools.ptxas:
        what = f"The first ptxas is of CUDA {version}; {build.title} is built with CUDA {build.cuda}."
        seen = Evidence("ptxas", str(version), f"{cuda_tools.ptxas} ({cuda_tools.ptxas_via})")
    else:
        what = f"No ptxas is found in XLA's places or on PATH; {build.title} compiles with it."
        seen = Evidence("ptxas", "not found", "XLA's list and $PATH")
    return Found(
        what=what,
        why="XLA compiles kernels with ptxas; without one that fits it falls back to the driver's compiler, or stops.",
        remedy=Remedy(
            text="Install the CUDA compiler package into the environment.",
            commands=(pip(interpreter, "install", package),) if package else (),
            safety="changes-environment",
        ),
        evidence=(seen, *(Evidence("looked in", place, "XLA's list") for place in cuda_tools.looked)),
        severity=None if cuda_tools.ptxas and build.active else "note",
        confidence="likely",
    )
