"""cuDNN is not installed; the other CUDA libraries open.

What it means: the framework finds CUDA but no libcudnn of the major version that it opens. A CUDA toolkit does not
contain cuDNN; it is a package of its own.

Why it matters: TensorFlow skips every GPU without cuDNN, JAX stops at the first convolution.

What to do: install the cuDNN of the major version that the build names, for the same CUDA major.
"""

from kdoctor.advice import has_extra, has_nvidia, pip, quoted
from kdoctor.knowledge import cuda
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, LibrarySearch
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD205",
        cause="cudnn-missing",
        layer="cudnn",
        severity="error",
        since="0.1.0",
        sources=(
            Source("openxla/xla tsl/platform/default/dlopen_checker.cc; NVIDIA cuDNN support matrix", "2026-11-21"),
        ),
    )
)
def cudnn_missing(
    frameworks: Frameworks, cuda_libraries: CudaLibraries, gpus: Gpus | Absent | Unknown, interpreter: Interpreter
) -> Verdict:
    """No copy of the wanted libcudnn, no other major of it either, while the rest opens."""
    verdict: Verdict = NotApplicable("no framework that opens cuDNN is installed")
    for build in frameworks.builds:
        search = cuda_libraries.get(build.framework)
        wanted = search.get("libcudnn") if search else None
        if search is None or wanted is None:
            continue
        if wanted.state != "missing" or wanted.copies:
            verdict = Clear(f"{wanted.soname} is on this machine")
        elif cuda_libraries.other_cudnn:
            verdict = NotApplicable("a cuDNN of another major version is here")
        elif not _rest_opens(search):
            verdict = NotApplicable("other CUDA libraries are missing too")
        else:
            return _found(build, wanted.soname, search, interpreter, gpus)
    return verdict


def _rest_opens(search: LibrarySearch) -> bool:
    rest = [item for item in search.libraries if not item.soname.startswith("libcudnn")]
    return bool(rest) and all(item.state == "opens" for item in rest if item.required)


EFFECTS = {
    "tensorflow": "TensorFlow skips every GPU",
    "jax": "JAX cannot compile for the GPU",
    "torch": "importing PyTorch stops",
}


def _found(
    build: Build, soname: str, search: LibrarySearch, interpreter: Interpreter, gpus: Gpus | Absent | Unknown
) -> Found:
    package = cuda.pip_package("cudnn", build.cuda.major) if build.cuda else None
    text = "Install that cuDNN into the environment, for the same CUDA major."
    commands: tuple[str, ...] = ()
    if build.distribution.endswith("(conda)"):
        commands = (f"conda install -p {quoted(interpreter.prefix)} -c conda-forge cudnn",)
    elif package and build.cudnn and has_extra(build):
        major = int(build.cudnn.partition(".")[0])
        commands = (pip(interpreter, "install", f"{package}>={build.cudnn},<{major + 1}"),)
    else:
        beside = next((item.path.rpartition("/")[0] for item in search.libraries if item.state == "opens"), "")
        text = f"Install cuDNN {build.cudnn} for CUDA {build.cuda} beside the CUDA libraries, in {beside}."
    return Found(
        what=f"{build.title} needs cuDNN {build.cudnn} ({soname}), which is nowhere on this machine.",
        why=f"The other CUDA libraries open; without cuDNN {EFFECTS[build.framework]}.",
        remedy=Remedy(text=text, commands=commands, safety="changes-environment"),
        evidence=(
            Evidence("missing", soname, f"asked for by {search.caller.rpartition('/')[2]}"),
            *(Evidence("opens", item.soname, item.path) for item in search.libraries if item.state == "opens"),
        ),
        severity=None if has_nvidia(gpus) and build.active else "warning",
    )
