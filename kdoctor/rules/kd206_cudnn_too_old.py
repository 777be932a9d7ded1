"""The cuDNN that would be loaded is older than the one the framework was compiled with.

What it means: the loader's first libcudnn has the right major version and a lower minor version than the build needs.
Often another package (PyTorch pins its own cuDNN) has downgraded it, or a system copy comes first.

Why it matters: the GPU is listed, and the first convolution fails: "Loaded runtime CuDNN library: 9.1.0 but source was
compiled with: 9.3.0", "DNN library initialization failed".

What to do: bring cuDNN to at least the compiled minor version, within the same major.
"""

from kdoctor.advice import has_nvidia, pip
from kdoctor.knowledge import cuda, torch
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import CudnnVersion


@rule(
    Declared(
        id="KD206",
        cause="cudnn-too-old",
        layer="cudnn",
        severity="error",
        since="0.1.0",
        sources=(Source("openxla/xla cuda_dnn.cc: same major, loaded minor >= compiled minor", "2026-11-21"),),
    )
)
def cudnn_too_old(
    frameworks: Frameworks, cuda_libraries: CudaLibraries, gpus: Gpus | Absent | Unknown, interpreter: Interpreter
) -> Verdict:
    """Compare the opened copy's version with the one compiled in."""
    undecided = clear = ""
    for build in frameworks.builds:
        search = cuda_libraries.get(build.framework)
        opened = search.get("libcudnn") if search else None
        needed = CudnnVersion.parse(build.cudnn)
        if opened is None or opened.state != "opens" or build.framework == "torch":
            continue
        if needed is None or len(needed.parts) == 1:
            clear = clear or f"{build.title} asks for no cuDNN newer than {build.cudnn or 'any'}"
            continue
        version = CudnnVersion.parse(opened.version)
        if version is None or len(version.parts) == 1:
            undecided = undecided or f"the version of {opened.path} is not known"
        elif version.major == needed.major and version.minor < needed.minor:
            return _found(build, opened, version, needed, interpreter, gpus, frameworks)
        else:
            clear = f"cuDNN {version} is opened, {needed.short} was compiled in"
    if undecided:
        return Undetermined(undecided)
    return Clear(clear) if clear else NotApplicable("no cuDNN is opened")


def who_pinned(package: str, version: CudnnVersion, frameworks: Frameworks) -> str:
    """Whether PyTorch beside it asks for exactly that cuDNN, and which release of it asks for another."""
    build = frameworks.get("torch")
    release = parse_release(build.version) if build else None
    row = torch.release_of(release) if release else None
    if build is None or row is None or row.pins.get(package, "") != f"=={version}":
        return "A package that pinned it may object."
    later = [
        other for other in torch.releases() if other.version > row.version and other.cudnn.short != row.cudnn.short
    ]
    newer = f"; PyTorch {later[0].version} asks for {later[0].cudnn}" if later else ""
    return f"{build.title} pins {version}: pip will object, PyTorch runs with a newer one{newer}."


def _found(
    build: Build,
    opened: Library,
    version: CudnnVersion,
    needed: CudnnVersion,
    interpreter: Interpreter,
    gpus: Gpus | Absent | Unknown,
    frameworks: Frameworks,
) -> Found:
    package = cuda.pip_package("cudnn", build.cuda.major) if build.cuda else None
    if opened.source == "pip" and package:
        text = f"Update cuDNN here, within the same major. {who_pinned(package, version, frameworks)}"
        commands: tuple[str, ...] = (pip(interpreter, "install", f"{package}>={needed.short},<{needed.major + 1}"),)
    else:
        text = f"Update that copy, or take {opened.path.rpartition('/')[0]} out of the loader's search order."
        commands = ()
    return Found(
        what=f"cuDNN {version} would be loaded; {build.title} was compiled with {needed.short}.",
        why="The loaded cuDNN must have the same major and at least the compiled minor version; convolutions fail.",
        remedy=Remedy(text=text, commands=commands, safety="changes-environment"),
        evidence=(
            Evidence("cuDNN opened", str(version), f"{opened.path} ({opened.found_via})"),
            Evidence("cuDNN compiled in", needed.short, build.facts_from or "compatibility table"),
        ),
        severity=None if has_nvidia(gpus) and build.active else "warning",
    )
