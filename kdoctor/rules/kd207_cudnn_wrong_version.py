"""Only a cuDNN of another major version is installed.

What it means: the framework opens, say, libcudnn.so.8, and the machine has libcudnn.so.9 (or the other way round).

Why it matters: majors are different libraries with different names; the one that is there is never opened, so
TensorFlow skips every GPU.

What to do: install the major that this build names beside the other one. Do not link one to the name of the other.
"""

import re

from kdoctor.advice import has_extra, has_nvidia, pip, quoted
from kdoctor.knowledge import cuda
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, LibraryCopy, LibrarySearch
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD207",
        cause="cudnn-wrong-version",
        layer="cudnn",
        severity="error",
        since="0.1.0",
        sources=(Source("NVIDIA cuDNN support matrix 7.6 to 9.17; tensorflow/docs source.md @7c36502", "2026-11-21"),),
        explains=("cudnn-missing",),
    )
)
def cudnn_wrong_version(
    frameworks: Frameworks, cuda_libraries: CudaLibraries, gpus: Gpus | Absent | Unknown, interpreter: Interpreter
) -> Verdict:
    """The wanted libcudnn is missing and a libcudnn of another major is on disk."""
    verdict: Verdict = NotApplicable("no framework that opens cuDNN is installed")
    for build in frameworks.builds:
        search = cuda_libraries.get(build.framework)
        wanted = search.get("libcudnn") if search else None
        if search is None or wanted is None:
            continue
        other = other_major(wanted.soname, cuda_libraries)
        if wanted.state != "missing" or wanted.copies:
            verdict = Clear(f"{wanted.soname} is on this machine")
        elif other is None:
            verdict = NotApplicable("no cuDNN of any version is on this machine")
        elif any(item.state == "missing" and not item.copies for item in search.libraries if item is not wanted):
            verdict = NotApplicable("other CUDA libraries are missing too")
        else:
            return _found(build, wanted.soname, other, search, interpreter, gpus)
    return verdict


def other_major(soname: str, cuda_libraries: CudaLibraries) -> LibraryCopy | None:
    """A copy of cuDNN under another name: one that nobody asks for, or another framework's."""
    theirs = (search.get("libcudnn") for search in cuda_libraries.searches)
    asked = [copy for item in theirs if item is not None and item.soname != soname for copy in item.copies]
    return next(iter((*cuda_libraries.other_cudnn, *asked)), None)


def _found(
    build: Build,
    soname: str,
    other: LibraryCopy,
    search: LibrarySearch,
    interpreter: Interpreter,
    gpus: Gpus | Absent | Unknown,
) -> Found:
    package = cuda.pip_package("cudnn", build.cuda.major) if build.cuda else None
    major = re.sub(r"\D", "", soname.rpartition(".")[2]) or "0"
    text = f"Install cuDNN {build.cudnn} for CUDA {build.cuda}."
    command = ""
    if build.distribution.endswith("(conda)"):
        command = f"conda install -p {quoted(interpreter.prefix)} -c conda-forge 'cudnn={major}'"
    elif package and has_extra(build):
        command = pip(interpreter, "install", f"{package}>={build.cudnn},<{int(major) + 1}")
        if other.source == "pip":
            text += " It replaces the other one: a framework that needs that needs an environment of its own."
    return Found(
        what=f"{build.title} opens {soname}; only cuDNN {other.version or other.path.rpartition('/')[2]} is here."[
            :100
        ],
        why=f"A cuDNN of another major has another name and is never opened; {build.title} cannot use a GPU without.",
        remedy=Remedy(
            text=text,
            commands=(command,) if command else (),
            safety="changes-environment",
        ),
        evidence=(
            Evidence("missing", soname, f"asked for by {search.caller.rpartition('/')[2]}"),
            Evidence("cuDNN on disk", other.version or "?", other.path),
        ),
        severity=None if has_nvidia(gpus) and build.active else "warning",
    )
