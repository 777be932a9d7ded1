"""The installed cuDNN has no code for this GPU.

What it means: cuDNN 9.11 and newer dropped Maxwell, Pascal and Volta (compute capability below 7.5), while TensorFlow
and the JAX plug-in for CUDA 12 still contain code for them. The open ranges of `tensorflow[and-cuda]` 2.20 and 2.21
and of `jax[cuda12]` resolve to such a cuDNN today.

Why it matters: the GPU is listed and simple operations work; the first convolution or recurrent layer fails with
CUDNN_STATUS_EXECUTION_FAILED_CUDART (5003) or crashes.

What to do: hold cuDNN below 9.11 in this environment.
"""

from __future__ import annotations

from kdoctor.advice import pip, seen_gpus
from kdoctor.knowledge import cuda, cudnn
from kdoctor.model.facts.cuda_libraries import CudaLibraries
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import CudnnVersion


@rule(
    Declared(
        id="KD208",
        cause="compute-capability-unsupported",
        layer="cudnn",
        severity="error",
        since="0.1.0",
        sources=(
            Source("fat binaries of nvidia-cudnn-cu12 9.10.2.21 and 9.28.0.42", "2026-11-21"),
            Source("conda-forge/tensorflow-feedstock#457, conda-forge/cudnn-feedstock#124", "2026-11-21"),
        ),
    )
)
def cudnn_without_kernels(
    frameworks: Frameworks, cuda_libraries: CudaLibraries, gpus: Gpus, interpreter: Interpreter
) -> Verdict:
    """The opened cuDNN against every GPU's compute capability, by the table of bad ranges."""
    known = [gpu for gpu in gpus.nvidia if gpu.compute_capability is not None]
    if not known:
        return NotApplicable("no GPU of known compute capability")
    for build in frameworks.builds:
        search = cuda_libraries.get(build.framework)
        opened = search.get("libcudnn") if search else None
        version = CudnnVersion.parse(opened.version) if opened and opened.state == "opens" else None
        if opened is None or version is None:
            continue
        for gpu in known:
            bad = cudnn.bad_for(version, gpu.compute_capability) if gpu.compute_capability else None
            if bad is None:
                continue
            package = cuda.pip_package("cudnn", build.cuda.major if build.cuda else 12) or "nvidia-cudnn-cu12"
            return Found(
                what=f"cuDNN {version} has no code for {gpu.name or 'this GPU'} (compute capability {gpu.compute_capability})."[:100],
                why=f"{bad.effect}",
                remedy=Remedy(
                    text="Hold cuDNN below 9.11 in this environment; 9.10.2 is the last with code for this GPU.",
                    commands=(pip(interpreter, "install", f"{package}>={build.cudnn or '9.3'},<9.11"),),
                    safety="changes-environment",
                ),
                evidence=(
                    Evidence("cuDNN opened", str(version), opened.path),
                    *seen_gpus(gpus),
                ),
            )
        return Clear(f"cuDNN {version} has code for every GPU here")
    return NotApplicable("no cuDNN of known version is opened")
