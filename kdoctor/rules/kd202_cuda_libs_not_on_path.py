"""The right CUDA libraries are installed, but the loader does not find them.

What it means: a file of exactly the soname that the framework opens is on the machine, in a directory that is neither
in LD_LIBRARY_PATH nor in the calling library's runpath nor in ld.so.cache.

Why it matters: for the framework it is as if the libraries were missing: it skips every GPU and uses the CPU.

What to do: let the loader search that directory, for this environment only where possible. LD_LIBRARY_PATH must be
set before Python starts; setting it in the program is too late.
"""

from __future__ import annotations

from kdoctor.advice import has_nvidia, pip, quoted, with_cuda
from kdoctor.knowledge import tensorflow
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library, LibrarySearch
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD202",
        cause="cuda-libs-not-on-path",
        layer="cuda-libraries",
        severity="error",
        since="0.1.0",
        sources=(
            Source("ld.so(8); tensorflow/tensorflow#63362 (2.16.1 with and-cuda)", "2026-11-21"),
            Source("static walk against TensorFlow's own loader (own run)", "2026-11-21"),
        ),
        explains=("cudnn-missing",),
    )
)
def cuda_libs_not_on_path(
    frameworks: Frameworks,
    cuda_libraries: CudaLibraries,
    gpus: Gpus | Absent | Unknown,
    interpreter: Interpreter,
) -> Verdict:
    """A library that does not open although a copy outside this environment's own wheels is on disk."""
    for build in frameworks.builds:
        search = cuda_libraries.get(build.framework)
        lost = [item for item in search.libraries if unfound(item)] if search else []
        nowhere = [item for item in search.libraries if item.state == "missing" and not item.copies] if search else []
        if search and lost and len(nowhere) <= len(lost):
            return _found(build, search, lost, interpreter, gpus)
    if not cuda_libraries.searches:
        return NotApplicable("no framework with a CUDA build is installed")
    return Clear("no library lies outside the loader's search")


def unfound(item: Library) -> bool:
    """Missing for the loader, with a copy on disk that is not in the framework's own wheels."""
    return item.state == "missing" and bool(item.copies) and not any(copy.source == "pip" for copy in item.copies)


def _found(
    build: Build, search: LibrarySearch, lost: list[Library], interpreter: Interpreter, gpus: Gpus | Absent | Unknown
) -> Found:
    directories = list(dict.fromkeys(item.copies[0].path.rpartition("/")[0] for item in lost))
    joined = ":".join(directories)
    if interpreter.kind in ("conda", "pixi"):
        script = f"{interpreter.prefix}/etc/conda/activate.d/cuda-libraries.sh"
        commands: tuple[str, ...] = (
            f"mkdir -p {quoted(interpreter.prefix)}/etc/conda/activate.d",
            f"echo 'export LD_LIBRARY_PATH={joined}' > {quoted(script)}",
        )
    else:
        commands = (f"export LD_LIBRARY_PATH={joined}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}",)
    again = "then activate the environment again" if interpreter.kind in ("conda", "pixi") else "before Python starts"
    text = f"Let the loader search that directory, {again}."
    release = parse_release(build.version)
    row = tensorflow.release_of(release) if release and build.framework == "tensorflow" else None
    if row is not None and row.and_cuda:
        text += " Or bring the libraries into the environment (last command)."
        commands = (*commands, pip(interpreter, "install", with_cuda(build)))
    return Found(
        what=f"{lost[0].soname} is in {directories[0]}, where the loader does not look."[:100],
        why=f"{build.title} opens it by name; where one of its libraries does not open it skips every GPU.",
        remedy=Remedy(text=text, commands=commands, safety="changes-environment"),
        evidence=(
            *(Evidence("on disk", item.copies[0].path, f"{item.soname}, not found by the loader") for item in lost[:6]),
            *(Evidence("looked in", place, f"for {search.caller.rpartition('/')[2]}") for place in lost[0].looked[:4]),
        ),
        severity=None if has_nvidia(gpus) and build.active else "warning",
    )
