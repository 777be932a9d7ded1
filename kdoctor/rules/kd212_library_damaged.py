"""A CUDA library is found, but the file cannot be loaded.

What it means: the first file of that name in the search order is empty, cut off, no ELF library, or needs another
library that is not found. The loader stops there and does not look further.

Why it matters: for the framework the library does not exist; it skips every GPU. A file that is cut off can crash the
process when it is opened.

What to do: install the package that owns the file again, or take its directory out of the search order.
"""

from kdoctor.advice import has_nvidia, pip
from kdoctor.knowledge import cuda
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library, LibrarySearch
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import Soname


@rule(
    Declared(
        id="KD212",
        cause="corrupted-install",
        layer="cuda-libraries",
        severity="error",
        since="0.1.0",
        sources=(
            Source("glibc 2.36, elf/dl-load.c: what stops the search; compared with dlopen (own runs)", "2026-11-21"),
        ),
        explains=("cudnn-missing", "cuda-lib-missing"),
    )
)
def library_damaged(
    frameworks: Frameworks, cuda_libraries: CudaLibraries, gpus: Gpus | Absent | Unknown, interpreter: Interpreter
) -> Verdict:
    """A library in the state *broken* for any framework, and not only because another one of the list is missing."""
    follows = ""
    for build in frameworks.builds:
        search = cuda_libraries.get(build.framework)
        for item in search.libraries if search else ():
            if item.state != "broken" or not item.required:
                continue
            if not is_only_short_of_missing(item, search):
                return _found(build, item, gpus, interpreter)
            follows = item.why_not
    if not cuda_libraries.searches:
        return NotApplicable("no framework with a CUDA build is installed")
    if follows:
        return NotApplicable(f"{follows}, which other rules judge")
    return Clear("every library that is found can be loaded")


def is_only_short_of_missing(item: Library, search: LibrarySearch | None) -> bool:
    """Whether everything that the library lacks is itself on the framework's list, and missing."""
    gone = {other.soname for other in search.libraries if other.state == "missing"} if search else set()
    return all(part.partition(", which ")[0] in gone for part in item.why_not.split("; "))


def _found(build: Build, item: Library, gpus: Gpus | Absent | Unknown, interpreter: Interpreter) -> Found:
    soname = Soname.parse(item.soname)
    component = cuda.component_of(soname) if soname else None
    package = cuda.pip_package(component, build.cuda.major) if component and build.cuda else None
    path = item.path or item.why_not.partition(": ")[0]
    own = package is not None and "/site-packages/" in path
    command = pip(interpreter, "install", "--force-reinstall", "--no-deps", package or "") if own else ""
    directory = path.rpartition("/")[0]
    return Found(
        what=f"{item.soname} is found, but cannot be loaded.",
        why=f"{item.why_not}; {build.title} then skips every GPU.",
        remedy=Remedy(
            text="Install the package again."
            if own
            else f"Mend that file, or take {directory} out of the search order.",
            commands=(command,) if command else (),
            safety="changes-environment",
        ),
        evidence=(
            Evidence("file", path, item.found_via or "first in the search order"),
            Evidence("loader", item.why_not, item.soname),
        ),
        severity=None if has_nvidia(gpus) and build.active else "warning",
    )
