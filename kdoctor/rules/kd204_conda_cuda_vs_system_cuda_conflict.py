"""Two copies of a CUDA library are installed, and the wrong one is found first.

What it means: the machine has a copy of the library that suits the framework (most often in its own environment, from
pip or conda), but another one comes earlier in the loader's search order: through LD_LIBRARY_PATH, LD_PRELOAD or
ld.so.cache. That one is older than the framework needs, or does not load.

Why it matters: the environment's solver matched its own copies with each other. A stranger among them is too old for
the build, or of another cuDNN or cuBLAS, and fails at the first operation or at loading.

What to do: take the other directory out of the search order, most often by unsetting LD_LIBRARY_PATH. A stranger that
is new enough does no harm.
"""

from kdoctor.advice import has_nvidia, shortened
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library, LibraryCopy
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import CudaVersion

OF_CUDA = ("libcudart.so", "libcublas.so", "libcublasLt.so")
"""Libraries whose version is that of their CUDA; cuFFT and others count on their own."""
OWN = ("pip", "conda")
SHOW = ('echo "$LD_LIBRARY_PATH"', "cat /etc/ld.so.conf.d/*.conf")


@rule(
    Declared(
        id="KD204",
        cause="conda-cuda-vs-system-cuda-conflict",
        layer="cuda-libraries",
        severity="error",
        since="0.1.0",
        sources=(Source("ld.so(8); jax-ml/jax docs/installation.md on LD_LIBRARY_PATH @cec06d1", "2026-11-21"),),
        explains=("cudnn-too-old", "cudnn-wrong-version", "library-damaged"),
    )
)
def conda_cuda_vs_system_cuda_conflict(
    frameworks: Frameworks, cuda_libraries: CudaLibraries, gpus: Gpus | Absent | Unknown
) -> Verdict:
    """The copy found first is too old for the build or broken, and another copy is not."""
    for build in frameworks.builds:
        search = cuda_libraries.get(build.framework)
        for item in search.libraries if search else ():
            needed = needed_version(item.soname, build)
            better = better_copy(item, needed)
            if better is not None:
                return _found(build, item, needed, better, gpus)
    if not cuda_libraries.searches:
        return NotApplicable("no framework with a CUDA build is installed")
    return Clear("no library is opened from a copy that suits the framework less than another one")


def needed_version(soname: str, build: Build) -> CudaVersion | None:
    """The major and minor version that the build asks of a library, None where none is known."""
    if soname.startswith("libcudnn."):
        needed = CudaVersion.parse(build.cudnn)
        return needed if needed and len(needed.parts) > 1 else None
    return CudaVersion(build.cuda.short) if build.cuda and soname.startswith(OF_CUDA) else None


def better_copy(item: Library, needed: CudaVersion | None) -> LibraryCopy | None:
    """A copy that suits where the one found first does not, None where that one does or no copy suits."""
    others = [copy for copy in item.copies if copy.realpath != item.realpath]
    if item.state == "broken" and item.realpath:
        return next(iter(others), None)
    if item.state == "broken":
        return _hidden_by_damaged(item)
    opened = CudaVersion.parse(item.version)
    if item.state != "opens" or needed is None or opened is None or opened >= needed:
        return None
    return next((copy for copy in others if (version := CudaVersion.parse(copy.version)) and version >= needed), None)


def _hidden_by_damaged(item: Library) -> LibraryCopy | None:
    """The environment's own copy, where the file at which the loader stops is a stranger's and cannot be read."""
    first = next((copy for copy in item.copies if copy.path == damaged_file(item)), None)
    if first is None or first.source in OWN:
        return None
    return next((copy for copy in item.copies if copy.source in OWN), None)


def damaged_file(item: Library) -> str:
    """The path before the loader's reason: of a file that it does not take there is nothing but that."""
    return item.why_not.partition(": ")[0]


def _found(
    build: Build, item: Library, needed: CudaVersion | None, better: LibraryCopy, gpus: Gpus | Absent | Unknown
) -> Found:
    via = item.found_via or "the loader stops there"
    broken = item.state == "broken"
    path = item.path or damaged_file(item)
    text = f"Take {path.rpartition('/')[0]} out of the search order, so that {better.path} is opened."
    variable = next((name for name in ("LD_LIBRARY_PATH", "LD_PRELOAD") if name in via), "")
    fatal = broken or item.soname.startswith("libcudnn")
    return Found(
        what=f"{item.soname} is opened from {shortened(path, 40)}, not the copy that suits.",
        why=(
            f"{build.title} has version {better.version or '?'} to open; the copy found first "
            f"{'does not load: ' + item.why_not if broken else f'is {item.version}, older than {needed}'}."
        ),
        remedy=Remedy(
            text=text,
            commands=(f"unset {variable}",) if variable else SHOW,
            safety="safe" if variable else "needs-root",
        ),
        evidence=(
            Evidence("found first", f"{item.version or '?'} {path}", via),
            Evidence("suits", f"{better.version or '?'} {better.path}", "hidden by the first"),
        ),
        severity=None if fatal and has_nvidia(gpus) and build.active else "warning",
        confidence="certain" if fatal else "possible",
    )
