"""A CUDA library is installed as a wheel in this environment, but the framework does not look in its directory.

What it means: the wheels of the nvidia-* packages unpack into site-packages/nvidia/*/lib, and the framework's library
carries a list of these directories (its runpath). One of them is not on the list of the library that does the
opening. TensorFlow 2.21.0 is shipped so: nvidia/cusolver/lib is on the list of libtensorflow_cc, but
libtensorflow_framework opens libcusolver.so.11. TensorFlow 2.16 and 2.17 have similar gaps.

Why it matters: everything is installed, and still "Cannot dlopen some GPU libraries. Skipping registering GPU
devices": no GPU.

What to do: a link to the library in a directory that is on the list, beside the other wheels; or LD_LIBRARY_PATH for
this environment; or a release without the gap.
"""

from __future__ import annotations

from kdoctor.advice import has_nvidia, quoted
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library, LibraryCopy, LibrarySearch
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD211",
        cause="cuda-libs-not-on-path",
        layer="cuda-libraries",
        severity="error",
        since="0.1.0",
        sources=(
            Source("runpath of libtensorflow_framework.so.2 in the wheels 2.18.1 to 2.21.0, and runs of both", "2026-11-21"),
        ),
        explains=("cudnn-missing", "cuda-lib-missing", "cuda-libs-not-on-path"),
    )
)
def wheel_outside_runpath(
    frameworks: Frameworks, cuda_libraries: CudaLibraries, gpus: Gpus | Absent | Unknown
) -> Verdict:
    """A library that the loader misses although a wheel of this environment has it."""
    for build in frameworks.builds:
        search = cuda_libraries.get(build.framework)
        for item in search.libraries if search else ():
            copy = next((copy for copy in item.copies if copy.source == "pip"), None)
            if search is not None and item.state == "missing" and copy is not None:
                return _found(build, search, item, copy, gpus)
    if not cuda_libraries.searches:
        return NotApplicable("no framework with a CUDA build is installed")
    return Clear("every installed CUDA wheel is in the framework's search")


def _found(
    build: Build, search: LibrarySearch, item: Library, copy: LibraryCopy, gpus: Gpus | Absent | Unknown
) -> Found:
    caller = search.caller.rpartition("/")[2]
    directory = copy.path.rpartition("/")[0]
    lost = [other for other in search.libraries if other.state == "missing" and other.copies]
    neighbour = next((other for other in search.libraries if other.state == "opens" and other.source == "pip"), None)
    commands = [f"export LD_LIBRARY_PATH={quoted(directory)}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"]
    text = "Add the directory to the loader's search for this environment, before Python starts."
    if len(lost) == 1 and neighbour is not None:
        wheel, _, library = copy.path.rpartition("/nvidia/")[2].partition("/lib/")
        beside = neighbour.path.rpartition("/")[0]
        text = "Link the library into a directory that is searched (or set LD_LIBRARY_PATH, second command)."
        commands.insert(0, f"ln -s ../../{wheel}/lib/{library} {quoted(beside)}/{library}")
    return Found(
        what=f"{item.soname} is installed (nvidia wheel), but {caller} does not look there."[:100],
        why=f"{build.title} opens it through {caller}, whose runpath lacks the directory; it then skips every GPU.",
        remedy=Remedy(text=text, commands=tuple(commands), safety="changes-environment"),
        evidence=(
            Evidence("installed", copy.path, f"version {copy.version or '?'}"),
            Evidence("opened by", search.caller, build.title),
            *(Evidence("looked in", place, "loader") for place in item.looked[:3]),
        ),
        severity=None if has_nvidia(gpus) and build.active else "warning",
    )
