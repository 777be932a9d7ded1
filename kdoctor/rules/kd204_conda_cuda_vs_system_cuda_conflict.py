"""Two copies of a CUDA library are installed, and the wrong one is found first.

What it means: the framework's own environment (pip wheels or conda packages) has the library, but another copy, of
another version, comes earlier in the loader's search order: through LD_LIBRARY_PATH, LD_PRELOAD or ld.so.cache.

Why it matters: the environment's solver matched its own copies with each other. A stranger among them is too old for
the build, or of another cuDNN or cuBLAS, and fails at the first operation or at loading.

What to do: take the other directory out of the search order, most often by unsetting LD_LIBRARY_PATH.
"""

from __future__ import annotations

from kdoctor.advice import has_nvidia, shortened
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import CudaVersion

OWN = ("pip", "conda")


@rule(
    Declared(
        id="KD204",
        cause="conda-cuda-vs-system-cuda-conflict",
        layer="cuda-libraries",
        severity="error",
        since="0.1.0",
        sources=(Source("ld.so(8); jax-ml/jax docs/installation.md on LD_LIBRARY_PATH @cec06d1", "2026-11-21"),),
        explains=("cudnn-too-old", "cudnn-wrong-version"),
    )
)
def conda_cuda_vs_system_cuda_conflict(
    frameworks: Frameworks, cuda_libraries: CudaLibraries, gpus: Gpus | Absent | Unknown
) -> Verdict:
    """The opened copy is none of the environment's, the environment has one, and theirs is older or broken."""
    for build in frameworks.builds:
        search = cuda_libraries.get(build.framework)
        for item in search.libraries if search else ():
            own = next((copy for copy in item.copies if copy.source in OWN), None)
            if own is None or item.source in OWN or not item.realpath or own.realpath == item.realpath:
                continue
            if item.state == "broken" or older(item, own.version, build):
                return _found(build, item, own.path, own.version, gpus)
    if not cuda_libraries.searches:
        return NotApplicable("no framework with a CUDA build is installed")
    return Clear("every library is opened from where it was installed for the framework, or from a newer copy")


def older(item: Library, own_version: str, build: Build) -> bool:
    """Whether the opened copy is older than the environment's own, and for cuDNN older than the build accepts."""
    opened, own = CudaVersion.parse(item.version), CudaVersion.parse(own_version)
    if opened is None or own is None or opened >= own:
        return False
    needed = CudaVersion.parse(build.cudnn) if item.soname.startswith("libcudnn") else None
    return needed is None or opened < needed


def _found(build: Build, item: Library, own: str, own_version: str, gpus: Gpus | Absent | Unknown) -> Found:
    via = item.found_via
    variable = "LD_LIBRARY_PATH" in via or "LD_PRELOAD" in via
    text = f"Take {item.path.rpartition('/')[0]} out of the search order, so that the environment's own copy is opened."
    commands = ("unset LD_LIBRARY_PATH",) if "LD_LIBRARY_PATH" in via else ()
    return Found(
        what=f"{item.soname} is opened from {shortened(item.path, 44)}, not from the environment.",
        why=(
            f"{build.title} came with version {own_version or 'of its own'}; the copy found first is "
            f"{'broken: ' + item.why_not if item.state == 'broken' else item.version or 'another'}."
        ),
        remedy=Remedy(text=text, commands=commands, safety="safe" if variable else "needs-root"),
        evidence=(
            Evidence("opened", f"{item.version or '?'} {item.path}", via),
            Evidence("installed for it", f"{own_version or '?'} {own}", "shadowed"),
        ),
        severity=None if has_nvidia(gpus) and build.active else "warning",
    )
