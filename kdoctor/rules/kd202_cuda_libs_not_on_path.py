"""The right CUDA libraries are installed, but the loader does not find them.

What it means: a file of exactly the soname that the framework opens is on the machine, in a directory that is neither
in LD_LIBRARY_PATH nor in the calling library's runpath nor in ld.so.cache.

Why it matters: for the framework it is as if the libraries were missing: it skips every GPU and uses the CPU.

What to do: let the loader search that directory, for this environment only where possible. LD_LIBRARY_PATH must be
set before Python starts; setting it in the program is too late.
"""

from kdoctor.advice import has_extra, has_nvidia, missed_directories, pip, quoted, shortened, unfound, with_cuda
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library, LibrarySearch
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
            return _found(build, search, lost, nowhere, interpreter, gpus)
    if not cuda_libraries.searches:
        return NotApplicable("no framework with a CUDA build is installed")
    return Clear("no library lies outside the loader's search")


def commands_for(directories: tuple[str, ...], interpreter: Interpreter) -> tuple[str, ...]:
    """How to put the directories into the search order: for good in a conda environment, else for this shell."""
    export = f"export LD_LIBRARY_PATH={quoted(':'.join(directories))}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
    if interpreter.kind not in ("conda", "pixi"):
        return (export,)
    folder = f"{interpreter.prefix}/etc/conda/activate.d"
    return f"mkdir -p {quoted(folder)}", f"echo {quoted(export)} > {quoted(f'{folder}/cuda-libraries.sh')}"


def _found(
    build: Build,
    search: LibrarySearch,
    lost: list[Library],
    nowhere: list[Library],
    interpreter: Interpreter,
    gpus: Gpus | Absent | Unknown,
) -> Found:
    directories = missed_directories(search)
    commands = commands_for(directories, interpreter)
    text = "Let the loader search that directory; set it before Python starts."
    if nowhere:
        text += f" {', '.join(item.soname for item in nowhere[:3])} must be installed too: no copy is on this machine."
    if build.framework == "tensorflow" and has_extra(build) and not build.distribution.endswith("(conda)"):
        text += " Or bring the libraries into the environment (last command)."
        commands = (*commands, pip(interpreter, "install", with_cuda(build, interpreter)))
    return Found(
        what=f"{lost[0].soname} is in {shortened(directories[0], 40)}, where the loader does not look.",
        why=f"{build.title} opens it by name; where one of its libraries does not open it uses no GPU.",
        remedy=Remedy(text=text, commands=commands, safety="changes-environment"),
        evidence=(
            *(Evidence("on disk", item.copies[0].path, "not found by the loader") for item in lost[:6]),
            *(Evidence("nowhere", item.soname, "no copy found") for item in nowhere[:2]),
            *(Evidence("looked in", place, f"for {search.caller.rpartition('/')[2]}") for place in lost[0].looked[:4]),
        ),
        severity=None if has_nvidia(gpus) and build.active else "warning",
    )
