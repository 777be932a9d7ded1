"""The framework has no code for this GPU.

What it means: a build contains machine code for some compute capabilities and, for newer ones, PTX that the driver
compiles at first use. A GPU older than all of them, or newer without usable PTX, cannot run it. Kepler ended with
TensorFlow 2.14, Maxwell with 2.16; Blackwell came after the wheels that are on the package index.

Why it matters: the GPU is skipped, or the first operation fails with "no kernel image is available" or
CUDA_ERROR_INVALID_PTX. Where PTX works, it is only slow at first use: that is not a fault.

What to do: use a framework release that has code for this GPU.
"""

import msgspec

from kdoctor.advice import shortened
from kdoctor.knowledge import conda, cuda, tensorflow
from kdoctor.knowledge.gpu_code import Coverage, coverage
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpu, Gpus
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import ComputeCapability


@rule(
    Declared(
        id="KD303",
        cause="compute-capability-unsupported",
        layer="compute-capability",
        severity="error",
        since="0.1.0",
        sources=(
            Source(
                "cubins and PTX read from the wheels of TensorFlow 1.13 to 2.22rc0, JAX 0.12 and PyTorch 2.15",
                "2026-11-21",
            ),
            Source("tensorflow/tensorflow#97387 #99592 (PTX fails on compute capability 12.0)", "2026-11-21"),
        ),
        explains=("cudnn-without-kernels", "driver-too-old-for-cuda"),
    )
)
def compute_capability_unsupported(frameworks: Frameworks, gpus: Gpus) -> Verdict:
    """Every NVIDIA GPU of known compute capability against the code in each CUDA build."""
    builds = [build for build in frameworks.builds if build.gpu == "cuda"]
    known = [(gpu, gpu.compute_capability) for gpu in gpus.nvidia if gpu.compute_capability is not None]
    if not builds or not gpus.nvidia:
        return NotApplicable("there is no CUDA build, or no NVIDIA GPU")
    if not known:
        return Undetermined("the compute capability of the GPU is not known without a driver that answers")
    undecided = ""
    for build in builds:
        if not build.gpu_code:
            undecided = undecided or build.title
            continue
        judged = [(gpu, capability, unusable(build, capability)) for gpu, capability in known]
        bad = [row for row in judged if row[2]]
        if bad:
            weak = not build.active or len(bad) < len(judged)
            return msgspec.structs.replace(_found(build, *bad[0]), severity="warning" if weak else None)
    if undecided:
        return Undetermined(f"the code targets of {undecided} are not known")
    capability = known[0][1]
    if is_doubtful(builds[0], capability):
        return Undetermined(
            f"whether the PTX of {builds[0].title} works on {capability} is not known; of others it fails"
        )
    if kind_of(builds[0], capability) == "jit":
        return Clear(f"{builds[0].title} compiles its PTX for {capability} at first use: slow to start, not broken")
    return Clear(f"{builds[0].title} has code for {capability}")


def kind_of(build: Build, capability: ComputeCapability) -> Coverage:
    """How a GPU of that capability runs the build's code."""
    return coverage(build.gpu_code, capability, bare_compute_is_both=build.framework != "torch")


def is_doubtful(build: Build, capability: ComputeCapability) -> bool:
    """Whether only PTX could run there, of a release of which nobody has said that it works where others fail."""
    row = tensorflow.wheel_of(build.version) if build.framework == "tensorflow" else None
    jit = row is not None and kind_of(build, capability) == "jit"
    return jit and tensorflow.has_ptx_failure(capability)


def unusable(build: Build, capability: ComputeCapability) -> str:
    """Why the build cannot run on that GPU, "" if it can, be it only after compiling its PTX."""
    kind = kind_of(build, capability)
    if kind == "none":
        return f"it has no code for compute capability {capability}"
    if kind == "native":
        return ""
    row = tensorflow.wheel_of(build.version) if build.framework == "tensorflow" else None
    fails = row.ptx_failure(capability) if row else None
    if fails is not None:
        return f"its PTX does not work on {capability} ({', '.join(fails.refs)})"
    first = cuda.first_with_code_for(capability)
    if first is not None and build.cuda is not None and first.major > build.cuda.major:
        return (
            f"cuBLAS and cuDNN of CUDA {build.cuda.major} have no code for {capability}, which came with CUDA {first}"
        )
    return ""


def newest_release_for(capability: ComputeCapability) -> tensorflow.TensorflowRelease | None:
    """The newest TensorFlow whose wheel runs on a GPU of that capability."""
    first = cuda.first_with_code_for(capability)
    for row in reversed(tensorflow.releases()):
        kind = coverage(row.gpu_code, capability, bare_compute_is_both=True)
        of_its_time = first is None or first.major <= row.cuda.major
        if kind == "native" or (kind == "jit" and of_its_time and not tensorflow.has_ptx_failure(capability)):
            return row
    return None


def remedy_for(build: Build, capability: ComputeCapability) -> Remedy:
    """A release that has code for the GPU."""
    release = newest_release_for(capability)
    if build.framework != "tensorflow":
        text = f"Use a release of it that has code for compute capability {capability}, or another GPU."
    elif release is not None:
        text = f"Use TensorFlow {release.version} (CUDA {release.cuda}), the newest release with code for this GPU."
    else:
        text = (
            f"No TensorFlow wheel up to {tensorflow.newest().version} has working code for this GPU; conda-forge's "
            f"tensorflow {conda.newest_gpu_build().version}, JAX and PyTorch have."
        )
    return Remedy(text=text, safety="changes-environment")


def _found(build: Build, gpu: Gpu, capability: ComputeCapability, bad: str) -> Found:
    name = gpu.name or f"the {gpu.architecture} GPU".replace("  ", " ")
    return Found(
        what=f"{build.title} cannot use {shortened(name, 36)} (compute capability {capability}).",
        why=f"The build has code for {', '.join(build.gpu_code)}; {bad}.",
        remedy=remedy_for(build, capability),
        evidence=(
            Evidence("compute capability", str(capability), f"{name} ({', '.join(gpu.seen_by)})"),
            Evidence("code in the build", " ".join(build.gpu_code), build.facts_from or "compatibility table"),
        ),
    )
