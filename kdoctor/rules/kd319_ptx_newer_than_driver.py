"""The framework's code for this GPU is PTX of a newer CUDA than the driver can compile.

What it means: the build has no machine code for this GPU, only PTX. Within a CUDA major an older driver runs the
machine code of a newer toolkit, but it does not compile that toolkit's PTX.

Why it matters: the GPU is listed, and the first kernel fails: "the provided PTX was compiled with an unsupported
toolchain" (CUDA_ERROR_UNSUPPORTED_PTX_VERSION, 222).

What to do: update the driver to the release of the toolkit; or use a framework release with machine code for this GPU.
"""

from kdoctor.advice import driver_commands, shortened
from kdoctor.knowledge import cuda
from kdoctor.knowledge.ptx import compiled_at_first_use
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD319",
        cause="driver-too-old-for-cuda",
        layer="driver-release",
        severity="warning",
        since="0.1.0",
        sources=(Source("NVIDIA CUDA Compatibility, Minor Version Compatibility: PTX is excluded", "2026-11-21"),),
        explains=("ptx-compiled-at-first-use",),
    )
)
def ptx_newer_than_driver(
    frameworks: Frameworks,
    gpus: Gpus,
    libcuda: Libcuda | Absent | Unknown,
    nvml: Nvml | Absent | Unknown,
    system: System,
) -> Verdict:
    """The CUDA of a build whose PTX would be compiled, beside the driver's CUDA version."""
    pairs = [(build, gpu) for build, gpu in compiled_at_first_use(frameworks, gpus) if build.cuda is not None]
    if not pairs:
        return NotApplicable("no framework in use compiles PTX for a GPU here")
    supported = libcuda.cuda if isinstance(libcuda, Libcuda) else None
    if supported is None and isinstance(nvml, Nvml):
        supported = nvml.cuda
    if supported is None:
        return Undetermined("the driver's CUDA version is not known")
    build, gpu = pairs[0]
    wanted = build.cuda
    if wanted is None or supported.major != wanted.major or supported.minor >= wanted.minor:
        return Clear(f"the driver supports CUDA {supported}, the build's PTX is of CUDA {wanted}")
    release = cuda.full_driver(wanted)
    return Found(
        what=f"The driver supports CUDA {supported}; {build.title} has only PTX of CUDA {wanted} for this GPU.",
        why=(
            f"For {shortened(gpu.name or 'this GPU', 30)} the build has no machine code, and an older driver does not "
            "compile the PTX of a newer CUDA: the first kernel fails (222)."
        ),
        remedy=Remedy(
            text=f"Update the driver{f' to {release} or newer' if release else ''}.",
            commands=driver_commands(system),
            safety="needs-root",
        ),
        evidence=(
            Evidence("driver's CUDA version", str(supported), "cuDriverGetVersion"),
            Evidence("code in the build", " ".join(build.gpu_code), build.facts_from or "compatibility table"),
            Evidence("compute capability", str(gpu.compute_capability), gpu.name),
        ),
        confidence="likely",
    )
