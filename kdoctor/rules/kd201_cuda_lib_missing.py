"""CUDA libraries that the framework opens are not installed anywhere.

What it means: the framework is a CUDA build, and libraries that it opens by name (libcudart, libcublas, ...) are in no
place of the machine. `pip install tensorflow` alone brings none of them; `tensorflow[and-cuda]` does (from 2.14 on).

Why it matters: TensorFlow then prints "Cannot dlopen some GPU libraries" or "Could not find cuda drivers", skips every
GPU and trains on the CPU. The driver may be perfectly well.

What to do: install the framework again with its CUDA libraries. A CUDA toolkit of another major that happens to be on
the machine is of no use to it, and does no harm.
"""

from __future__ import annotations

from kdoctor.advice import has_nvidia, pip, with_cuda
from kdoctor.knowledge import tensorflow
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, LibrarySearch
from kdoctor.model.facts.cuda_toolkits import CudaToolkits
from kdoctor.model.facts.distributions import Distributions, parse_release
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD201",
        cause="cuda-lib-missing",
        layer="cuda-libraries",
        severity="error",
        since="0.1.0",
        sources=(
            Source("openxla/xla tsl/platform/default/dlopen_checker.cc: one missing library skips all GPUs", "2026-11-21"),
            Source("TensorFlow 2.21.0 from PyPI without the extra, on simulated driver libraries (own run)", "2026-11-21"),
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
    cuda_toolkits: CudaToolkits | Absent,
) -> Verdict:
    """A required library, other than cuDNN alone, of which there is no copy anywhere."""
    for build in frameworks.builds:
        search = cuda_libraries.get(build.framework)
        gone = absent_sonames(search) if search else ()
        if not gone or not blames_nobody_else(build, cuda_toolkits):
            continue
        intended = has_nvidia(gpus) or any(item.name.startswith("nvidia-c") for item in distributions.items)
        if not intended:
            return NotApplicable("there is no NVIDIA GPU, and none of the CUDA libraries was installed for one")
        return _found(build, search, gone, interpreter, gpus)  # type: ignore[arg-type]  # gone is empty without a search
    if not cuda_libraries.searches:
        return NotApplicable("no framework with a CUDA build is installed")
    return Clear("every CUDA library has a copy on this machine")


def absent_sonames(search: LibrarySearch) -> tuple[str, ...]:
    """Libraries without any copy; none where cuDNN is the only one (that is cudnn-missing)."""
    gone = tuple(item.soname for item in search.libraries if item.state == "missing" and not item.copies and item.required)
    return gone if any(not name.startswith("libcudnn") for name in gone) else ()


def blames_nobody_else(build: Build, toolkits: CudaToolkits | Absent) -> bool:
    """Before TF 2.14 a toolkit of another version is what the user meant: that is cuda-wrong-version."""
    release = parse_release(build.version)
    row = tensorflow.release_of(release) if release and build.framework == "tensorflow" else None
    if isinstance(toolkits, Absent) or row is None or row.and_cuda:
        return True
    return not any(item.version is not None for item in toolkits.items)


def _found(
    build: Build, search: LibrarySearch, gone: tuple[str, ...], interpreter: Interpreter, gpus: Gpus | Absent | Unknown
) -> Found:
    more = f" and {len(gone) - 2} more" if len(gone) > 2 else ""  # noqa: PLR2004
    if interpreter.kind in ("conda", "pixi") and build.distribution.endswith("(conda)"):
        remedy = Remedy(
            text="Install the CUDA build with its libraries from conda-forge.",
            commands=(f"conda install -p {interpreter.prefix} -c conda-forge 'tensorflow=*=cuda*'",),
            safety="changes-environment",
        )
    else:
        remedy = Remedy(
            text=f"Install {build.framework} again together with its CUDA libraries.",
            commands=(pip(interpreter, "install", with_cuda(build)),),
            safety="changes-environment",
        )
    return Found(
        what=f"{build.title} needs {', '.join(gone[:2])}{more}, which are nowhere on this machine.",
        why=f"The build is for CUDA {build.cuda}; where one of its libraries does not open it skips every GPU.",
        remedy=remedy,
        evidence=(
            *(Evidence("missing", name, f"asked for by {search.caller.rpartition('/')[2]}") for name in gone[:8]),
            Evidence("CUDA of the build", str(build.cuda), build.facts_from),
        ),
        severity=None if has_nvidia(gpus) and build.active else "warning",
    )
