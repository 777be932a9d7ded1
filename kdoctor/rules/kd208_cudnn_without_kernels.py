"""The installed cuDNN has no code for this GPU.

What it means: cuDNN 9.11 and newer dropped Maxwell, Pascal and Volta (compute capability below 7.5), while TensorFlow
and the JAX plug-in for CUDA 12 still contain code for them. The open ranges of `tensorflow[and-cuda]` 2.20 and 2.21
and of `jax[cuda12]` resolve to such a cuDNN today.

Why it matters: the GPU is listed and simple operations work; the first convolution or recurrent layer fails with
CUDNN_STATUS_EXECUTION_FAILED_CUDART (5003) or crashes.

What to do: hold cuDNN below 9.11 in this environment.
"""

import msgspec

from kdoctor.advice import pip, quoted, shortened
from kdoctor.knowledge import cuda, cudnn
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpu, Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
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
    if not gpus.nvidia:
        return NotApplicable("there is no NVIDIA GPU")
    known = [(gpu, gpu.compute_capability) for gpu in gpus.nvidia if gpu.compute_capability is not None]
    if not known:
        return Undetermined("the compute capability of the GPU is not known without a driver that answers")
    verdict: Verdict = NotApplicable("no cuDNN of known version is opened")
    for build in frameworks.builds:
        search = cuda_libraries.get(build.framework)
        opened = search.get("libcudnn") if search else None
        version = CudnnVersion.parse(opened.version) if opened and opened.state == "opens" else None
        if opened is None or version is None:
            continue
        for gpu, capability in known:
            bad = cudnn.bad_for(version, capability)
            if bad is not None:
                found = _found(build, opened, gpu, bad, interpreter)
                weak = not build.active or any(cudnn.bad_for(version, other) is None for _, other in known)
                return msgspec.structs.replace(found, severity="warning" if weak else None)
        verdict = Clear(f"cuDNN {version} has code for every GPU here")
    return verdict


def _found(build: Build, opened: Library, gpu: Gpu, bad: cudnn.BadRow, interpreter: Interpreter) -> Found:
    package = cuda.pip_package("cudnn", build.cuda.major) if build.cuda else None
    if build.distribution.endswith("(conda)"):
        commands: tuple[str, ...] = (
            f"conda install -p {quoted(interpreter.prefix)} -c conda-forge 'cudnn<{bad.from_version}'",
        )
    elif package and opened.source == "pip":
        least = f">={build.cudnn}," if build.cudnn else ""
        commands = (pip(interpreter, "install", f"{package}{least}<{bad.from_version}"),)
    else:
        commands = ()
    name, capability = gpu.name or "this GPU", gpu.compute_capability
    return Found(
        what=f"cuDNN {opened.version} has no code for {shortened(name, 30)} (compute capability {capability}).",
        why=f"{build.title} lists the GPU, then the first convolution or recurrent layer fails or crashes.",
        remedy=Remedy(
            text=f"Hold cuDNN below {bad.from_version} in this environment.",
            commands=commands,
            safety="changes-environment",
        ),
        evidence=(
            Evidence("cuDNN opened", opened.version, opened.path),
            Evidence("compute capability", str(capability), f"{name} ({', '.join(gpu.seen_by)})"),
        ),
    )
