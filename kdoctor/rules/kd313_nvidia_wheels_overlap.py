"""Wheels of one NVIDIA library for two CUDA majors are installed over each other.

What it means: nvidia-cudnn-cu12 and nvidia-cudnn-cu13 (and the pairs of nccl, and of cusolver for CUDA 11 and 12)
unpack files of the same names into one folder. It comes from frameworks of different CUDA majors in one environment,
such as TensorFlow or JAX for CUDA 12 beside PyTorch 2.11 or newer; pip sees no conflict.

Why it matters: the one installed last wins, file by file, for all frameworks. A library of another CUDA major asks for
libraries of that major. And uninstalling one of the two deletes the files of the other.

What to do: one environment for each CUDA major; or choose releases of one major.
"""

from kdoctor.advice import has_nvidia, pip, quoted, with_cuda
from kdoctor.knowledge import cuda
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.distributions import Distribution, Distributions
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, Remedy, Severity, Verdict
from kdoctor.model.rule import Declared, Source, rule

COMPONENTS = ("cudnn", "nccl", "cusolver")


@rule(
    Declared(
        id="KD313",
        cause="conda-cuda-vs-system-cuda-conflict",
        layer="cudnn",
        severity="warning",
        since="0.1.0",
        sources=(
            Source(
                "file lists of nvidia-cudnn-cu11/-cu12/-cu13 and nvidia-nccl-cu12/-cu13 on the package index",
                "2026-11-21",
            ),
        ),
    )
)
def nvidia_wheels_overlap(
    distributions: Distributions,
    frameworks: Frameworks | Absent,
    interpreter: Interpreter,
    gpus: Gpus | Absent | Unknown,
) -> Verdict:
    """Two packages of one library in one place, whose folder and soname are the same."""
    shared = {component: found for component in COMPONENTS if len(found := together(component, distributions)) > 1}
    if not shared:
        return Clear("no library's wheels for two CUDA majors are installed together")
    builds = frameworks.builds if isinstance(frameworks, Frameworks) else ()
    return _found(shared, distributions, tuple(build for build in builds if build.cuda), interpreter, gpus)


def together(component: str, distributions: Distributions) -> dict[int, Distribution]:
    """CUDA major to the installed package of a component, of those that share one folder."""
    found = {
        int(major): item
        for major, package in cuda.shared_folder(component).items()
        if (item := distributions.get(package)) is not None
    }
    return found if len({item.location for item in found.values()}) == 1 else {}


def _found(
    shared: dict[str, dict[int, Distribution]],
    distributions: Distributions,
    builds: tuple[Build, ...],
    interpreter: Interpreter,
    gpus: Gpus | Absent | Unknown,
) -> Found:
    component, installed = next(iter(shared.items()))
    there = distributions.in_place.get(component, "")
    active = next((build for build in builds if build.active), None)
    major = active.cuda.major if active and active.cuda else 0
    others = tuple(build for build in builds if build.cuda and build.cuda.major != major)
    fits = not others and major in installed and there == installed[major].name
    severity: Severity = "warning" if has_nvidia(gpus) and not fits else "note"
    text = "Give each framework an environment of its own, or take releases that are built with one CUDA major."
    if major and not others:
        text = f"Only CUDA {major} is asked for here: remove all of them and install that one again."
    titles = [f"{item.name} {item.version}" for item in installed.values()]
    return Found(
        what=f"{' and '.join(titles)} are installed over each other."[:100],
        why=(
            f"{there + ' is there now' if there else 'The one installed last is there, for every framework'}; "
            "its libraries belong to that CUDA, and uninstalling either removes files of both."
        ),
        remedy=Remedy(
            text=text, commands=commands_for(shared, major, others, interpreter), safety="changes-environment"
        ),
        evidence=(
            *(Evidence("distribution", f"{item.name} {item.version}", item.location) for item in installed.values()),
            *((Evidence("files there", there, "sizes in RECORD"),) if there else ()),
            *(Evidence(build.framework, f"CUDA {build.cuda}", build.facts_from or build.directory) for build in builds),
        ),
        severity=severity,
        confidence="certain" if there else "likely",
    )


def commands_for(
    shared: dict[str, dict[int, Distribution]], major: int, others: tuple[Build, ...], interpreter: Interpreter
) -> tuple[str, ...]:
    """Remove all that overlap, install those of the major in use again, and give another framework its own place."""
    kept = [f"{found[major].name}=={found[major].version}" for found in shared.values() if major in found]
    if not kept:
        return ()
    names = (item.name for found in shared.values() for item in found.values())
    return (
        pip(interpreter, "uninstall", "-y", *(build.distribution for build in others), *names),
        pip(interpreter, "install", *kept),
        *(f"python3 -m venv ~/keras-{build.framework}" for build in others[:1]),
        *(f"~/keras-{build.framework}/bin/pip install keras {quoted(with_cuda(build))}" for build in others[:1]),
    )
