"""The installed framework is a CPU build, and the machine has an NVIDIA GPU.

What it means: the package has no CUDA code in it: `tensorflow-cpu`, a `cpu_*` build that conda's solver chose because
it saw no driver (`__cuda`), a `+cpu` wheel of PyTorch, JAX without its CUDA plug-in, or TensorFlow 1.15.2 to 1.15.5
and 2.0 under the name `tensorflow`.

Why it matters: no driver and no library makes a CPU build use a GPU. It lists none, often without a word.

What to do: install the GPU build of the same release instead.
"""

from kdoctor.advice import has_nvidia, is_on_chip, pip, quoted, seen_gpus, why_other_release, with_cuda
from kdoctor.knowledge import torch
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.conda import Conda
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import CudaVersion

OF_ANACONDA = ("mkl", "eigen")
"""How the builds of Anaconda's own channel for the CPU begin; on conda-forge it is cpu."""

ON_AARCH64, ANY = CudaVersion("12.8"), CudaVersion("11.0")
"""From which CUDA on PyTorch's own index has builds for aarch64, and for x86_64."""


@rule(
    Declared(
        id="KD301",
        cause="cpu-only-build-installed",
        layer="framework-build",
        severity="error",
        since="0.1.0",
        sources=(
            Source("is_cuda_build in build_info.py of the wheels 1.15.0 to 2.21.0", "2026-11-21"),
            Source("pytorch/pytorch#160162 #168065: on aarch64 the package index gives the CPU build", "2026-11-22"),
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
    container: Container | Absent,
    driver_search: DriverSearch | Absent | Unknown,
    environ: Environ | Absent,
) -> Verdict:
    """The backend that Keras uses, or the only framework, has no CUDA in it although a GPU is there."""
    active = [build for build in frameworks.builds if build.active]
    cpu = [build for build in active if build.gpu == "none"]
    if not active:
        return NotApplicable("Keras uses a backend that is none of the frameworks installed")
    if not cpu:
        unknown = next((build for build in active if build.gpu == "unknown"), None)
        if unknown is not None:
            return Undetermined(f"what kind of build {unknown.title} is cannot be read from its files")
        return Clear(", ".join(f"{build.title} is a {build.gpu} build" for build in active)[:90])
    if isinstance(gpus, Unknown):
        return Undetermined(f"needs to know whether there is a GPU: {gpus.reason}")
    if not has_nvidia(gpus):
        return NotApplicable("a CPU build on a machine without an NVIDIA GPU is as it should be")
    if is_on_chip(system, gpus):
        return NotApplicable("on a Jetson jetson-cpu-build judges")
    missing = isinstance(driver_search, DriverSearch) and driver_search.cuda.state == "missing"
    if isinstance(container, Container) and missing:
        return NotApplicable("this container was given no GPU, and a CPU build suits that")
    if len(cpu) < len(active):
        return Clear(f"{next(build for build in active if build.gpu != 'none').title} is a GPU build")
    if system.os != "linux" and not (system.os == "windows" and cpu[0].framework == "torch"):
        return NotApplicable(f"on {system.os} other rules judge the build")
    return _found(cpu[0], gpus, interpreter, conda, system, environ)


def remedy_for(
    build: Build, interpreter: Interpreter, conda: Conda | Absent, system: System, environ: Environ | Absent
) -> Remedy:
    """The GPU build of the same release, from where this one came."""
    prefix = quoted(interpreter.prefix)
    if build.framework == "tensorflow" and system.machine != "x86_64":
        return Remedy(
            text=(
                f"TensorFlow has no CUDA wheels for {system.machine}: use NVIDIA's own builds or containers, or JAX or "
                "PyTorch as Keras's backend."
            )
        )
    if isinstance(conda, Conda) and (build.distribution.endswith("(conda)") or is_conda_cpu(build, conda)):
        return of_conda(build, prefix, conda, environ)
    if build.framework == "torch" and (system.os == "windows" or system.machine == "aarch64"):
        return of_torch_index(build, interpreter, at_least=ON_AARCH64 if system.machine == "aarch64" else ANY)
    remove = (pip(interpreter, "uninstall", "-y", build.distribution),) if build.framework != "jax" else ()
    return Remedy(
        text=f"Replace it by the GPU build.{why_other_release(build, interpreter)}",
        commands=(*remove, pip(interpreter, "install", with_cuda(build, interpreter))),
        safety="changes-environment",
    )


def of_torch_index(build: Build, interpreter: Interpreter, *, at_least: CudaVersion) -> Remedy:
    """PyTorch from its own index: for Windows, and long for aarch64, the package index has only the CPU build."""
    release = parse_release(build.version)
    row = torch.release_of(release) if release else None
    builds = (row or torch.newest()).builds
    cuda = next((version for version in builds if version >= at_least), builds[-1])
    index = f"https://download.pytorch.org/whl/cu{cuda.major}{cuda.minor}"
    return Remedy(
        text="The package index gave the CPU build for this system: take it from PyTorch's own index.",
        commands=(
            pip(interpreter, "uninstall", "-y", "torch"),
            pip(interpreter, "install", f"torch=={build.version.partition('+')[0]}", "--index-url", index),
        ),
        safety="changes-environment",
    )


def of_conda(build: Build, prefix: str, conda: Conda, environ: Environ | Absent) -> Remedy:
    """The GPU build from conda: in Anaconda's older packages another name brings it, elsewhere another build."""
    if conda.prefix_build(build.framework).startswith(OF_ANACONDA):
        keras = conda.get("keras")
        name = "keras" if keras else build.framework
        text = f"conda's `{name}` brings the CPU build; `{name}-gpu` brings the GPU build with its CUDA and cuDNN."
        commands = (f"conda install -p {prefix} -c defaults {name}-gpu={keras.version if keras else build.version}",)
        return Remedy(text=text, commands=commands, safety="changes-environment")
    package = {"torch": "pytorch", "jax": "jaxlib"}.get(build.framework, build.framework)
    sees = "__cuda" in conda.virtual_packages
    override = "" if sees else "CONDA_OVERRIDE_CUDA=12.8 "
    by_name = "Ask for the CUDA build by name" + ("." if sees else ", and say which CUDA the driver will support.")
    text = f"{why_cpu(conda, environ)} {by_name}"
    commands = (f"{override}conda install -p {prefix} -c conda-forge '{package}=*=cuda*'",)
    return Remedy(text=text, commands=commands, safety="changes-environment")


def why_cpu(conda: Conda, environ: Environ | Absent) -> str:
    """Why conda's solver took a build for the CPU: what it takes the driver's CUDA for is the package __cuda."""
    variables = environ.variables if isinstance(environ, Environ) else {}
    override = variables.get("CONDA_OVERRIDE_CUDA")
    if override == "":
        return "CONDA_OVERRIDE_CUDA is set and empty, which hides the driver (`__cuda`) from conda's solver: unset it."
    if "__cuda" not in conda.virtual_packages:
        return "conda's solver sees no driver here (no `__cuda`: login node, image), and then takes `cpu_*` in silence."
    return (
        f"conda's solver sees the driver now (`__cuda` {conda.virtual_packages['__cuda']}): the environment was solved "
        "where it did not, or another requirement left only a `cpu_*` build."
    )


def is_conda_cpu(build: Build, conda: Conda | Absent) -> bool:
    """Whether conda's record says that its build of the framework is one for the CPU."""
    return isinstance(conda, Conda) and conda.prefix_build(build.framework).startswith(("cpu", *OF_ANACONDA))


def _found(
    build: Build,
    gpus: Gpus | Absent | Unknown,
    interpreter: Interpreter,
    conda: Conda | Absent,
    system: System,
    environ: Environ | Absent,
) -> Found:
    record = conda.prefix_build(build.framework) if isinstance(conda, Conda) else ""
    seen = conda.virtual_packages.get("__cuda", "not there") if isinstance(conda, Conda) else ""
    name = f"{build.distribution} {build.version}"
    return Found(
        what=f"{name} is a CPU build; this machine has an NVIDIA GPU."[:100],
        why="A CPU build has no CUDA code: it lists no GPU, whatever driver and libraries are installed.",
        remedy=remedy_for(build, interpreter, conda, system, environ),
        evidence=(
            Evidence("build", "no CUDA in it", build.facts_from or build.directory),
            *((Evidence("conda build", record, "conda-meta"),) if record else ()),
            *((Evidence("__cuda", seen, "virtual packages of conda"),) if record else ()),
            *seen_gpus(gpus),
        ),
    )
