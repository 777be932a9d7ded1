"""The installed framework is a CPU build, and the machine has an NVIDIA GPU.

What it means: the package has no CUDA code in it: `tensorflow-cpu`, a `cpu_*` build that conda's solver chose because
it saw no driver (`__cuda`), a `+cpu` wheel of PyTorch, JAX without its CUDA plug-in, or TensorFlow 1.15.2 to 1.15.5
and 2.0 under the name `tensorflow`.

Why it matters: no driver and no library makes a CPU build use a GPU. It lists none, often without a word.

What to do: install the GPU build of the same release instead.
"""

from __future__ import annotations

from kdoctor.advice import has_nvidia, pip, quoted, seen_gpus
from kdoctor.knowledge import tensorflow
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.conda import Conda
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD301",
        cause="cpu-only-build-installed",
        layer="framework-build",
        severity="error",
        since="0.1.0",
        sources=(
            Source("is_cuda_build in build_info.py of the wheels 1.15.0 to 2.21.0", "2026-11-21"),
            Source("conda-forge/tensorflow-feedstock: without __cuda the solver takes cpu_*", "2026-11-21"),
        ),
        explains=("prediction-differs",),
    )
)
def cpu_only_build_installed(
    frameworks: Frameworks,
    gpus: Gpus | Absent | Unknown,
    interpreter: Interpreter,
    conda: Conda | Absent,
    system: System,
) -> Verdict:
    """The backend that Keras uses, or the only framework, has no CUDA in it although a GPU is there."""
    active = [build for build in frameworks.builds if build.active]
    cpu = [build for build in active if build.gpu == "none"]
    if not cpu:
        return Clear(", ".join(f"{build.title} is a {build.gpu} build" for build in active)[:90])
    if isinstance(gpus, Unknown):
        return Undetermined(f"needs to know whether there is a GPU: {gpus.reason}")
    if not has_nvidia(gpus):
        return NotApplicable("a CPU build on a machine without an NVIDIA GPU is as it should be")
    if system.os != "linux":
        return NotApplicable(f"on {system.os} other rules judge the build")
    if len(cpu) < len(active):
        return Clear(f"{next(build for build in active if build.gpu != 'none').title} is a GPU build")
    return _found(cpu[0], gpus, interpreter, conda)


def remedy_for(build: Build, interpreter: Interpreter, conda: Conda | Absent) -> Remedy:
    """The GPU build of the same release, from where this one came."""
    if build.distribution.endswith("(conda)") or (isinstance(conda, Conda) and "cpu" in conda.prefix_build(build.framework)):
        return Remedy(
            text="Ask the solver for the CUDA build; where it runs without a driver (login node, image), say so to it.",
            commands=(
                f"CONDA_OVERRIDE_CUDA=12.8 conda install -p {interpreter.prefix} -c conda-forge '{build.framework}=*=cuda*'",
            ),
            safety="changes-environment",
        )
    keras = conda.get("keras") if isinstance(conda, Conda) and conda.prefix_build(build.framework) else None
    if keras is not None and build.framework == "tensorflow":
        return Remedy(
            text="conda's `keras` brings the CPU build. Install `keras-gpu`, which brings the GPU build and its CUDA.",
            commands=(f"conda install -p {quoted(interpreter.prefix)} -c defaults keras-gpu={keras.version}",),
            safety="changes-environment",
        )
    if build.framework == "jax":
        commands = (pip(interpreter, "install", f"jax[cuda12]=={build.version}"),)
    elif build.framework == "torch":
        version = build.version.partition("+")[0]
        commands = (pip(interpreter, "uninstall", "-y", "torch"), pip(interpreter, "install", f"torch=={version}"))
    else:
        commands = (pip(interpreter, "uninstall", "-y", build.distribution), pip(interpreter, "install", _tensorflow(build)))
    return Remedy(text="Replace it by the GPU build of the same release.", commands=commands, safety="changes-environment")


def _tensorflow(build: Build) -> str:
    release = parse_release(build.version)
    row = tensorflow.release_of(release) if release else None
    if row is not None and not row.and_cuda:
        return f"{row.gpu_package}=={build.version}"
    return f"tensorflow[and-cuda]=={build.version}"


def _found(build: Build, gpus: Gpus | Absent | Unknown, interpreter: Interpreter, conda: Conda | Absent) -> Found:
    record = conda.prefix_build(build.framework) if isinstance(conda, Conda) else ""
    name = f"{build.distribution} {build.version}"
    return Found(
        what=f"{name} is a CPU build; this machine has an NVIDIA GPU."[:100],
        why="A CPU build has no CUDA code: it lists no GPU, whatever driver and libraries are installed.",
        remedy=remedy_for(build, interpreter, conda),
        evidence=(
            Evidence("build", "no CUDA in it", build.facts_from or build.directory),
            *((Evidence("conda build", record, "conda-meta"),) if record else ()),
            *seen_gpus(gpus),
        ),
    )
