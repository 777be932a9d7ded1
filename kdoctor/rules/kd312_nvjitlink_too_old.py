"""The libnvJitLink that would be loaded is older than the libcusparse that calls it.

What it means: libcusparse calls functions of libnvJitLink that carry the CUDA release in their names. The loader's
libnvJitLink is of an older CUDA 12: LD_LIBRARY_PATH leads to a system toolkit, or another package has downgraded the
wheel of one of the two. PyTorch from 2.6 on loads the wheel's libnvJitLink first, whatever LD_LIBRARY_PATH says.

Why it matters: loading stops with "undefined symbol: __nvJitLinkComplete_12_4, version libnvJitLink.so.12". PyTorch
then can not be imported, JAX says "Unable to load cuSPARSE", and TensorFlow lists no GPU.

What to do: unset LD_LIBRARY_PATH, or bring nvidia-nvjitlink to the CUDA release of nvidia-cusparse.
"""

from kdoctor.advice import has_nvidia, pip
from kdoctor.knowledge import cuda
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import CudaVersion


@rule(
    Declared(
        id="KD312",
        cause="conda-cuda-vs-system-cuda-conflict",
        layer="cuda-libraries",
        severity="error",
        since="0.1.0",
        sources=(
            Source("pytorch/pytorch#134929 #140797, jax-ml/jax#30050, NVIDIA/cuvs#1794", "2026-11-22"),
            Source("pins of nvidia-cusparse-cu12 and nvidia-nvjitlink-cu12 in PyTorch and TensorFlow", "2026-11-21"),
        ),
        explains=("prediction-differs",),
    )
)
def nvjitlink_too_old(
    frameworks: Frameworks,
    cuda_libraries: CudaLibraries,
    gpus: Gpus | Absent | Unknown,
    interpreter: Interpreter,
    environ: Environ | Absent,
) -> Verdict:
    """For each framework the version of libnvJitLink beside that of the libcusparse which is opened."""
    undecided = clear = ""
    for build in frameworks.builds:
        search = cuda_libraries.get(build.framework)
        caller = search.get("libcusparse") if search else None
        linked = next((item for item in search.linked if "libnvJitLink" in item.soname), None) if search else None
        if caller is None or linked is None or linked.state != "opens":
            continue
        version, there = CudaVersion.parse(caller.version), CudaVersion.parse(linked.version)
        needed = cuda.nvjitlink_for(version) if version else None
        if there is None or len(there.parts) == 1 or (version is None):
            undecided = undecided or f"the version of {(linked if version else caller).path} is not known"
        elif needed is not None and there < needed:
            return _found(build, caller, linked, needed, gpus, interpreter, environ)
        else:
            clear = f"libnvJitLink {there} with libcusparse {version}"
    if undecided:
        return Undetermined(undecided)
    return Clear(clear) if clear else NotApplicable("no libcusparse that needs libnvJitLink is opened")


def _found(
    build: Build,
    caller: Library,
    linked: Library,
    needed: CudaVersion,
    gpus: Gpus | Absent | Unknown,
    interpreter: Interpreter,
    environ: Environ | Absent,
) -> Found:
    variables = environ.variables if isinstance(environ, Environ) else {}
    folder = linked.path.rpartition("/")[0]
    variable = "LD_LIBRARY_PATH" if folder in variables.get("LD_LIBRARY_PATH", "").split(":") else ""
    package = cuda.pip_package("nvjitlink", needed.major)
    if variable:
        text = f"Take {folder} out of {variable}; the environment's own copies belong together."
        commands: tuple[str, ...] = (f"unset {variable}",)
    else:
        text = "Bring the two to one CUDA release. A package that pinned the older one may object."
        commands = (pip(interpreter, "install", f"{package}>={needed},<{needed.major + 1}"),)
    return Found(
        what=f"libnvJitLink {linked.version} would be loaded; libcusparse {caller.version} needs {needed} or newer.",
        why=f"{build.title} then stops at an undefined symbol __nvJitLink..., or goes on without the GPU.",
        remedy=Remedy(text=text, commands=commands, safety="safe" if variable else "changes-environment"),
        evidence=(
            Evidence("libnvJitLink", linked.version, f"{linked.path} ({linked.found_via})"),
            Evidence("libcusparse", caller.version, f"{caller.path} ({caller.found_via})"),
        ),
        severity=None if has_nvidia(gpus) and build.active else "warning",
    )
