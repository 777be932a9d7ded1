"""The framework has no code for this GPU.

What it means: a build contains machine code for some compute capabilities and, for newer ones, PTX that the driver
compiles at first use. A GPU older than all of them, or newer without usable PTX, cannot run it. Kepler ended with
TensorFlow 2.14, Maxwell with 2.16; Blackwell came after the wheels that are on the package index.

Why it matters: the GPU is skipped, or the first operation fails with "no kernel image is available" or
CUDA_ERROR_INVALID_PTX. Where PTX works, it is only slow at first use: that is not a fault.

What to do: use a framework release that has code for this GPU.
"""

from __future__ import annotations

from kdoctor.knowledge import tensorflow
from kdoctor.knowledge.gpu_code import coverage
from kdoctor.model.facts.distributions import parse_release
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
            Source("cubins and PTX read from the wheels of TensorFlow 1.13 to 2.22rc0, JAX 0.12 and PyTorch 2.15", "2026-11-21"),
            Source("tensorflow/tensorflow#97387 #99592 (PTX fails on compute capability 12.0)", "2026-11-21"),
        ),
        explains=("cudnn-without-kernels", "driver-too-old-for-cuda"),
    )
)
def compute_capability_unsupported(frameworks: Frameworks, gpus: Gpus) -> Verdict:
    """Every NVIDIA GPU of known compute capability against the code in each CUDA build."""
    builds = [build for build in frameworks.builds if build.gpu == "cuda"]
    known = [gpu for gpu in gpus.nvidia if gpu.compute_capability is not None]
    if not builds or not gpus.nvidia:
        return NotApplicable("there is no CUDA build, or no NVIDIA GPU")
    if not known:
        return Undetermined("the compute capability of the GPU is not known without a driver that answers")
    slow: list[str] = []
    undecided: list[str] = []
    for build in builds:
        if not build.gpu_code:
            undecided.append(build.title)
            continue
        for gpu in known:
            bad = gpu.compute_capability and unusable(build, gpu.compute_capability, slow)
            if bad:
                return _found(build, gpu, bad, others=len(known) - 1)
    if slow:
        return Clear(f"{slow[0]} compiles its PTX at first use: slow to start, not broken")
    if undecided:
        return Undetermined(f"the code targets of {undecided[0]} are not known")
    return Clear(f"{builds[0].title} has code for {known[0].compute_capability}")


def unusable(build: Build, capability: ComputeCapability, slow: list[str]) -> str:
    """Why the build cannot run on that GPU, "" if it can; builds that only start slowly are noted."""
    kind = coverage(build.gpu_code, capability, bare_compute_is_both=True)
    if kind == "none":
        return f"it has no code for compute capability {capability}"
    if kind == "jit":
        release = parse_release(build.version)
        row = tensorflow.release_of(release) if release and build.framework == "tensorflow" else None
        fails = row.ptx_failure(capability) if row else None
        if fails is not None:
            return f"its PTX does not work on {capability} ({', '.join(fails.refs)})"
        slow.append(f"{build.title} on {capability}")
    return ""


def _found(build: Build, gpu: Gpu, bad: str, *, others: int) -> Found:
    name = gpu.name or f"the {gpu.architecture} GPU".replace("  ", " ")
    newest = tensorflow.newest()
    release = next(
        (
            row
            for row in reversed(tensorflow.releases())
            if gpu.compute_capability
            and coverage(row.gpu_code, gpu.compute_capability, bare_compute_is_both=True) == "native"
        ),
        None,
    )
    if build.framework == "tensorflow" and release is not None:
        text = f"Use TensorFlow {release.version} (CUDA {release.cuda}), the newest release with code for this GPU."
    elif build.framework == "tensorflow":
        text = (
            f"No TensorFlow wheel up to {newest.version} has working code for this GPU; conda-forge's tensorflow 2.19.1 "
            "(build 1 and newer), JAX and PyTorch have."
        )
    else:
        text = "Use a release of it that has code for this GPU, or another GPU."
    return Found(
        what=f"{build.title} cannot use {name} (compute capability {gpu.compute_capability})."[:100],
        why=f"The build has code for {', '.join(build.gpu_code)}; {bad}.",
        remedy=Remedy(text=text, safety="changes-environment"),
        evidence=(
            Evidence("compute capability", str(gpu.compute_capability), f"{name} ({', '.join(gpu.seen_by)})"),
            Evidence("code in the build", " ".join(build.gpu_code), build.facts_from or "compatibility table"),
        ),
        severity="warning" if others or not build.active else None,
    )
