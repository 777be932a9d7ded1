"""Only a cuDNN of another major version is installed.

What it means: the framework opens, say, libcudnn.so.8, and the machine has libcudnn.so.9 (or the other way round).

Why it matters: majors are different libraries with different names; the one that is there is never opened, so
TensorFlow skips every GPU.

What to do: install the major that this build names beside the other one. Do not link one to the name of the other.
"""

from __future__ import annotations

import re

from kdoctor.advice import has_nvidia, pip
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
    for build in frameworks.builds:
        search = cuda_libraries.get(build.framework)
        wanted = search.get("libcudnn") if search else None
        if search is None or wanted is None:
            continue
        if wanted.state == "opens" or wanted.copies:
            return Clear(f"{wanted.soname} is on this machine")
        other = next(iter(cuda_libraries.other_cudnn), None)
        if other is None:
            return NotApplicable("no cuDNN of any version is on this machine")
        if any(item.state == "missing" and not item.copies for item in search.libraries if item is not wanted):
            return NotApplicable("other CUDA libraries are missing too")
        return _found(build, wanted.soname, other, search, interpreter, gpus)
    return NotApplicable("no framework that opens cuDNN is installed")


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
    command = pip(interpreter, "install", f"{package}>={build.cudnn},<{int(major) + 1}") if package else ""
    return Found(
        what=f"{build.title} opens {soname}; only cuDNN {other.version or other.path.rpartition('/')[2]} is here.",
        why="A cuDNN of another major has another name and is never opened; TensorFlow skips every GPU.",
        remedy=Remedy(
            text=f"Install cuDNN {build.cudnn} for CUDA {build.cuda}.",
            commands=(command,) if command else (),
            safety="changes-environment",
        ),
        evidence=(
            Evidence("missing", soname, f"asked for by {search.caller.rpartition('/')[2]}"),
            Evidence("cuDNN on disk", other.version or "?", other.path),
        ),
        severity=None if has_nvidia(gpus) and build.active else "warning",
    )
