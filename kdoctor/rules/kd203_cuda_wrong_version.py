"""A CUDA toolkit is installed, but of another version than the one this framework opens.

What it means: the framework asks for libraries of one CUDA (their names carry the number), and the toolkit that the
user points it at, or that is there for it, brings those of another.

Why it matters: libraries are asked for by exact name. libcudart.so.10.1 does not stand in for libcudart.so.10.0, so
TensorFlow finds none of them and uses the CPU. Renaming or linking them makes it worse.

What to do: install the CUDA that this build names, beside the other if need be; or install the framework release that
was built for the CUDA you have.
"""

from kdoctor.advice import has_extra, has_nvidia, pip, shortened, why_other_release, with_cuda
from kdoctor.knowledge import cuda, tensorflow
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library
from kdoctor.model.facts.cuda_toolkits import CudaToolkit, CudaToolkits
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD203",
        cause="cuda-wrong-version",
        layer="cuda-libraries",
        severity="error",
        since="0.1.0",
        sources=(
            Source("tensorflow/docs site/en/install/source.md, tested build configurations @7c36502", "2026-11-21"),
            Source("sonames of CUDA 9.0 to 13.5, read from wheels and toolkits", "2026-11-21"),
        ),
        explains=("cuda-lib-missing", "cuda-libs-not-on-path", "cudnn-missing"),
    )
)
def cuda_wrong_version(
    frameworks: Frameworks,
    cuda_libraries: CudaLibraries,
    cuda_toolkits: CudaToolkits,
    environ: Environ,
    gpus: Gpus | Absent | Unknown,
    interpreter: Interpreter,
) -> Verdict:
    """Libraries of the build's CUDA are missing, and a toolkit of another CUDA is what was meant to bring them."""
    for build in frameworks.builds:
        search = cuda_libraries.get(build.framework)
        gone = [item for item in search.libraries if item.state == "missing" and is_cuda(item)] if search else []
        if not gone or build.cuda is None or any(item.copies for item in gone):
            continue
        other = meant(build, gone, cuda_toolkits, environ.variables)
        if other is None:
            return NotApplicable("the toolkit on this machine is not what this build was pointed at")
        if not has_nvidia(gpus) and not is_pointed_at(other, environ.variables):
            return NotApplicable("there is no NVIDIA GPU, and nothing points this build at a toolkit")
        return _found(build, other, gone, interpreter, gpus)
    return Clear("no CUDA library is missing because of its version")


def is_cuda(item: Library) -> bool:
    """Libraries of the toolkit itself, without cuDNN."""
    return not item.soname.startswith("libcudnn") and item.required


def meant(build: Build, gone: list[Library], toolkits: CudaToolkits, variables: dict[str, str]) -> CudaToolkit | None:
    """The toolkit of another CUDA that the user points at, or before TF 2.14 the one that is installed.

    One whose libraries have the names that are asked for is none: it is only not complete.
    """
    others = [item for item in toolkits.items if item.version and not_in(item, gone)]
    pointed = next((item for item in others if is_pointed_at(item, variables)), None)
    row = tensorflow.wheel_of(build.version) if build.framework == "tensorflow" else None
    if pointed is None and others and row is not None and not row.and_cuda:
        return others[0]
    return pointed


def not_in(toolkit: CudaToolkit, gone: list[Library]) -> list[str]:
    """The missing libraries whose very names a toolkit of that version does not have, by the table."""
    theirs = {str(name) for name in cuda.sonames(toolkit.version).values()} if toolkit.version else set()
    # The table names no libcublasLt, which comes with libcublas.
    return [item.soname for item in gone if not item.soname.startswith("libcublasLt") and item.soname not in theirs]


def is_pointed_at(toolkit: CudaToolkit, variables: dict[str, str]) -> bool:
    """Whether a variable names the toolkit or a directory in it."""
    listed = [
        entry for name in ("LD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH") for entry in variables.get(name, "").split(":")
    ]
    return any(
        f"{entry}/".startswith(f"{root}/") for entry in listed for root in (toolkit.path, toolkit.realpath) if root
    )


def _found(
    build: Build, other: CudaToolkit, gone: list[Library], interpreter: Interpreter, gpus: Gpus | Absent | Unknown
) -> Found:
    if has_extra(build):
        text = "Bring the matching libraries into the environment, and take the other toolkit out of LD_LIBRARY_PATH."
        text += why_other_release(build, interpreter)
        commands: tuple[str, ...] = (
            pip(interpreter, "install", with_cuda(build, interpreter)),
            "unset LD_LIBRARY_PATH",
        )
    else:
        text = (
            f"Install CUDA {build.cuda} with cuDNN {build.cudnn} (beside the other; /usr/local/cuda-{build.cuda}), or "
            "make an environment from conda, whose solver brings matching libraries."
        )
        commands = ()
    return Found(
        what=f"{build.title} needs CUDA {build.cuda}, but {shortened(other.path, 36)} has CUDA {other.version}.",
        why=f"Libraries are opened by exact name: {not_in(other, gone)[0]} is not in a CUDA {other.version} toolkit.",
        remedy=Remedy(text=text, commands=commands, safety="changes-environment"),
        evidence=(
            Evidence("CUDA toolkit", str(other.version), f"{other.path} ({other.found_via})"),
            Evidence("CUDA of the build", str(build.cuda), build.facts_from),
            *(Evidence("missing", item.soname, "not found by the loader") for item in gone[:6]),
        ),
        severity=None if has_nvidia(gpus) and build.active else "warning",
    )
