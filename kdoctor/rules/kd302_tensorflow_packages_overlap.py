"""Several TensorFlow distributions are installed over each other.

What it means: `tensorflow`, `tensorflow-cpu`, `tensorflow-gpu`, `tf-nightly` and others all unpack into the same
directory. With two of them the files of the one installed last are there, in the mixture that pip left.

Why it matters: installing tensorflow-cpu (often through another package's requirements) silently turns a GPU
TensorFlow into a CPU one; uninstalling either removes files of both.

What to do: uninstall all of them, then install the one you want.
"""

from kdoctor.advice import has_nvidia, pip, why_other_release, with_cuda
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.distributions import Distributions
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.finding import Clear, Evidence, Found, Remedy, Severity, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD302",
        cause="cpu-only-build-installed",
        layer="framework-build",
        severity="error",
        since="0.1.0",
        sources=(
            Source(
                "RECORD of tensorflow 2.21.0 and tensorflow-cpu 2.21.0; installed one over the other (own run)",
                "2026-11-21",
            ),
        ),
        explains=("cpu-only-build-installed", "cuda-lib-missing", "corrupted-install", "no-nvidia-gpu"),
    )
)
def tensorflow_packages_overlap(
    tensorflow: Tensorflow,
    distributions: Distributions,
    interpreter: Interpreter,
    gpus: Gpus | Absent | Unknown,
    frameworks: Frameworks,
) -> Verdict:
    """More than one distribution owns site-packages/tensorflow."""
    owners = [text.partition(" ")[0] for text in tensorflow.distributions]
    real = [name for name in owners if name not in stubs(tensorflow)]
    if len(real) < 2:  # noqa: PLR2004  it takes two to overlap
        return Clear(f"only {', '.join(tensorflow.distributions) or 'one copy'} is installed")
    build = frameworks.get("tensorflow")
    text, wanted = "Uninstall all of them, then install the one you want.", f"{real[0]}=={tensorflow.version}"
    if build is not None and has_nvidia(gpus):
        text, wanted = text + why_other_release(build, interpreter), with_cuda(build, interpreter)
    kind = {True: "CUDA", False: "CPU", None: "unknown"}[tensorflow.is_cuda_build]
    return Found(
        what=f"{' and '.join(tensorflow.distributions[:3])} are installed over each other."[:100],
        why=f"They own the same files; what is there now is a {kind} build. The one installed last wins, file by file.",
        remedy=Remedy(
            text=text,
            commands=(pip(interpreter, "uninstall", "-y", *real), pip(interpreter, "install", wanted)),
            safety="changes-environment",
        ),
        evidence=(
            *(Evidence("distribution", text, tensorflow.directory) for text in tensorflow.distributions),
            Evidence("build of the files", kind, f"{tensorflow.directory}/python/platform/build_info.py"),
            *(Evidence("owned twice", text, "RECORD") for text in distributions.overwritten[:2]),
        ),
        severity=severity_of(tensorflow, gpus),
    )


def severity_of(tensorflow: Tensorflow, gpus: Gpus | Absent | Unknown) -> Severity:
    """An error where the GPU is lost by it; only a note where both are one release and its CUDA build is in place."""
    if has_nvidia(gpus) and not tensorflow.is_cuda_build:
        return "error"
    one_release = len({text.partition(" ")[2] for text in tensorflow.distributions}) == 1
    return "note" if one_release and tensorflow.is_cuda_build else "warning"


def stubs(tensorflow: Tensorflow) -> tuple[str, ...]:
    """Distributions without files: in tensorflow + tensorflow-intel and the like one only asks for the other."""
    names = {text.partition(" ")[0] for text in tensorflow.distributions}
    return ("tensorflow",) if names & {"tensorflow-intel", "tensorflow-cpu-aws", "tensorflow-macos"} else ()
