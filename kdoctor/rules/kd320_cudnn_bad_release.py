"""The cuDNN that would be loaded is a release with a known fault.

What it means: NVIDIA or a framework's authors name this release, or range of releases, as faulty under a condition
that holds on this machine.

Why it matters: results can be wrong without any message, or the first operation fails.

What to do: another release of cuDNN within the same major.
"""

from kdoctor.advice import pip
from kdoctor.knowledge import cuda, cudnn
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library, LibrarySearch
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import CudaVersion, CudnnVersion


@rule(
    Declared(
        id="KD320",
        cause="cudnn-wrong-version",
        layer="cudnn",
        severity="warning",
        since="0.1.0",
        sources=(Source("jax-ml/jax@cec06d1 jax_plugins/cuda/__init__.py (bad versions)", "2026-11-21"),),
    )
)
def cudnn_bad_release(
    frameworks: Frameworks, cuda_libraries: CudaLibraries, gpus: Gpus | Absent | Unknown, interpreter: Interpreter
) -> Verdict:
    """The opened cuDNN of each framework in use against the table's rows whose conditions facts can tell."""
    seen = undecided = ""
    for build in frameworks.builds:
        search = cuda_libraries.get(build.framework) if build.active else None
        opened = search.get("libcudnn") if search else None
        if search is None or opened is None or opened.state != "opens":
            continue
        version = CudnnVersion.parse(opened.version)
        if version is None or len(version.parts) < 3:  # noqa: PLR2004  faults begin and end with a patch
            undecided = undecided or f"the version of {opened.path} is not known"
            continue
        for row in cudnn.bad_versions(version):
            if holds(row, build, search, opened, gpus):
                return _found(build, opened, row, interpreter)
        seen = f"cuDNN {version} has no known fault that shows here"
    if undecided:
        return Undetermined(undecided)
    return Clear(seen) if seen else NotApplicable("no cuDNN is opened")


def holds(
    row: cudnn.BadRow, build: Build, search: LibrarySearch, opened: Library, gpus: Gpus | Absent | Unknown
) -> bool:
    """Whether the conditions of a row hold here: of one that facts tell about, and that is not another rule's."""
    if row.below_compute_capability is not None or row.platform or not row.told_by:
        return False
    major = build.cuda.major if build.cuda else None
    if row.cuda_major is not None and row.cuda_major != major:
        return False
    blas = search.get("libcublasLt")
    least = CudaVersion.parse(blas.version) if blas else None
    told = {
        "any": build.cudnn != "",
        "several-gpus": isinstance(gpus, Gpus) and len(gpus.nvidia) > 1,
        "cublaslt-12.9": least is not None and least >= CudaVersion("12.9"),
        "wheel": opened.source == "pip",
        "system-copy": any(copy.source == "system" for copy in opened.copies),
    }
    return all(told[name] for name in row.told_by)


def _found(build: Build, opened: Library, row: cudnn.BadRow, interpreter: Interpreter) -> Found:
    package = cuda.pip_package("cudnn", build.cuda.major) if build.cuda else None
    wheel = opened.source == "pip" and package is not None
    commands = (pip(interpreter, "install", "--upgrade", f"{package}{row.pip}"),) if wheel and row.pip else ()
    return Found(
        what=f"cuDNN {opened.version} would be loaded by {build.title}; it has a known fault ({row.versions}).",
        why=f"When {row.when}: {row.effect}.",
        remedy=Remedy(text=f"{row.fix[0].upper()}{row.fix[1:]}.", commands=commands, safety="changes-environment"),
        evidence=(
            Evidence("cuDNN opened", opened.version, f"{opened.path} ({opened.found_via})"),
            Evidence("faulty", row.versions, f"compatibility table, {row.id}"),
        ),
        confidence="possible",
    )
