"""The framework has no machine code for this GPU and compiles its PTX at first use: slow to start, not broken.

What it means: the build is older than the GPU. It contains PTX, which the driver compiles to machine code when a kernel
is used for the first time, and keeps in a cache.

Why it matters: the first start takes minutes, up to half an hour; later ones are fast as long as the cache holds it
all. Its default size may be too small for a framework, and then every start is slow.

What to do: let the cache be larger. A newer release of the framework has machine code for the GPU.
"""

from kdoctor.advice import shortened
from kdoctor.knowledge.ptx import compiled_at_first_use
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD318",
        cause="healthy",
        layer="speed",
        severity="note",
        since="0.1.0",
        sources=(
            Source("cubins and PTX read from the wheels of TensorFlow 1.13 to 2.22rc0", "2026-11-21"),
            Source("NVIDIA CUDA C++ Programming Guide: CUDA_CACHE_MAXSIZE", "2026-11-22"),
        ),
    )
)
def ptx_compiled_at_first_use(frameworks: Frameworks, gpus: Gpus) -> Verdict:
    """A build in use whose only code for a GPU is PTX that works there."""
    if not gpus.nvidia or all(build.gpu != "cuda" for build in frameworks.builds):
        return NotApplicable("there is no CUDA build, or no NVIDIA GPU")
    if all(gpu.compute_capability is None for gpu in gpus.nvidia):
        return Undetermined("the compute capability of the GPU is not known without a driver that answers")
    if any(build.active and build.gpu == "cuda" and not build.gpu_code for build in frameworks.builds):
        return Undetermined("the code targets of the framework are not known")
    pairs = compiled_at_first_use(frameworks, gpus)
    if not pairs:
        return Clear("no framework in use compiles PTX for a GPU here")
    build, gpu = pairs[0]
    name = gpu.name or "this GPU"
    return Found(
        what=f"{build.title} has no machine code for {shortened(name, 30)} and compiles its PTX.",
        why=(
            f"The build has {', '.join(build.gpu_code)}; compute capability {gpu.compute_capability} runs its PTX. The "
            "first start takes minutes; it is slow, not broken."
        ),
        remedy=Remedy(
            text="Let the driver's cache hold what it compiles, so that later starts are fast.",
            commands=("export CUDA_CACHE_MAXSIZE=4294967296",),
        ),
        evidence=(
            Evidence("compute capability", str(gpu.compute_capability), f"{name} ({', '.join(gpu.seen_by)})"),
            Evidence("code in the build", " ".join(build.gpu_code), build.facts_from or "compatibility table"),
        ),
    )
