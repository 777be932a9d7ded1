"""CUDA libraries that the framework opens are not installed anywhere.

What it means: the framework is a CUDA build, and libraries that it opens by name (libcudart, libcublas, ...) are in no
place of the machine. `pip install tensorflow` alone brings none of them; `tensorflow[and-cuda]` does (from 2.14 on).

Why it matters: TensorFlow then prints "Cannot dlopen some GPU libraries" or "Could not find cuda drivers", skips every
GPU and trains on the CPU. The driver may be perfectly well.

What to do: install the framework again with its CUDA libraries. A CUDA toolkit of another major that happens to be on
the machine is of no use to it, and does no harm.
"""

from kdoctor.advice import has_extra, has_nvidia, pip, quoted, why_other_release, with_cuda
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, LibrarySearch
from kdoctor.model.facts.distributions import Distributions
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD201",
        cause="cuda-lib-missing",
        layer="cuda-libraries",
        severity="error",
        since="0.1.0",
        sources=(
            Source(
                "openxla/xla tsl/platform/default/dlopen_checker.cc: one missing library skips all GPUs", "2026-11-21"
            ),
            Source(
                "TensorFlow 2.21.0 from PyPI without the extra, on simulated driver libraries (own run)", "2026-11-21"
            ),
        ),
        explains=("cudnn-missing", "cuda-libs-not-on-path", "ptxas-missing", "libdevice-missing"),
    )
)
def cuda_lib_missing(
    frameworks: Frameworks,
    cuda_libraries: CudaLibraries,
    gpus: Gpus | Absent | Unknown,
    interpreter: Interpreter,
    distributions: Distributions,
) -> Verdict:
    """A required library, other than cuDNN alone, of which there is no copy anywhere."""
    unknown = ""
    for build in frameworks.builds:
        search = cuda_libraries.get(build.framework)
        if search is None:
            continue
        if not search.libraries:
            unknown = unknown or f"which CUDA libraries {build.title} opens is not known"
        gone = absent_sonames(search)
        if not gone:
            continue
        if not has_nvidia(gpus) and not any(item.name.startswith("nvidia-c") for item in distributions.items):
            return NotApplicable("there is no NVIDIA GPU, and none of the CUDA libraries was installed for one")
        return _found(build, search, gone, interpreter, gpus)
    if not cuda_libraries.searches:
        return NotApplicable("no framework with a CUDA build is installed")
    return Undetermined(unknown) if unknown else Clear("every CUDA library has a copy on this machine")


def absent_sonames(search: LibrarySearch) -> tuple[str, ...]:
    """Libraries without any copy; none where cuDNN is the only one (that is cudnn-missing)."""
    gone = tuple(
        item.soname for item in search.libraries if item.state == "missing" and not item.copies and item.required
    )
    return gone if any(not name.startswith("libcudnn") for name in gone) else ()


EFFECTS = {
    "tensorflow": "where one of its libraries does not open it skips every GPU.",
    "jax": "without them its plug-in cannot start, and JAX runs on the CPU.",
    "torch": "it needs them at import, which stops without them.",
}


def remedy_for(build: Build, interpreter: Interpreter) -> Remedy:
    """How to get the libraries, from where the build came."""
    if build.distribution.endswith("(conda)"):
        package = {"torch": "pytorch", "jax": "jaxlib"}.get(build.framework, build.framework)
        return Remedy(
            text="Install the CUDA build with its libraries from conda-forge.",
            commands=(f"conda install -p {quoted(interpreter.prefix)} -c conda-forge '{package}=*=cuda*'",),
            safety="changes-environment",
        )
    if not has_extra(build):
        return Remedy(
            text=(
                f"This release has no extra that brings them: install CUDA {build.cuda} with cuDNN {build.cudnn}, or "
                "make an environment from conda-forge, whose solver brings both."
            ),
            commands=(
                f"conda create -n keras-gpu -c conda-forge 'tensorflow={build.version.partition('+')[0]}=cuda*'",
            ),
        )
    return Remedy(
        text=f"Install {build.framework} together with its CUDA libraries.{why_other_release(build, interpreter)}",
        commands=(pip(interpreter, "install", with_cuda(build, interpreter)),),
        safety="changes-environment",
    )


def _found(
    build: Build, search: LibrarySearch, gone: tuple[str, ...], interpreter: Interpreter, gpus: Gpus | Absent | Unknown
) -> Found:
    more = f" and {len(gone) - 2} more" if len(gone) > 2 else ""  # noqa: PLR2004  two fit on the line
    return Found(
        what=f"{build.title} needs {', '.join(gone[:2])}{more}, found nowhere here."[:100],
        why=f"The build is for CUDA {build.cuda}; {EFFECTS[build.framework]}",
        remedy=remedy_for(build, interpreter),
        evidence=(
            *(Evidence("missing", name, f"asked for by {search.caller.rpartition('/')[2]}") for name in gone[:8]),
            Evidence("CUDA of the build", str(build.cuda), build.facts_from),
        ),
        severity=None if has_nvidia(gpus) and build.active else "warning",
    )
