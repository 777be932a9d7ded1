"""NumPy is of another binary interface than the one the framework was compiled for.

What it means: a framework compiled against NumPy 1 does not run with NumPy 2, and one that asks for NumPy 2 not with
1. Releases that did not cap NumPy (TensorFlow 2.10, 2.11, 2.14.0 ...) get NumPy 2 from pip today.

Why it matters: importing stops with "A module that was compiled using NumPy 1.x cannot be run in NumPy 2" or
"numpy.core.multiarray failed to import", "numpy.dtype size changed".

What to do: install the NumPy that this release was made for.
"""

from kdoctor.advice import pip
from kdoctor.knowledge import tensorflow as table
from kdoctor.model.facts.distributions import Distributions
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD404",
        cause="numpy-abi",
        layer="python-stack",
        severity="error",
        since="0.1.0",
        sources=(
            Source(
                "metadata of every TensorFlow patch release; TensorFlow 2.14.0 with NumPy 2.4.6 (own run)", "2026-11-21"
            ),
        ),
    )
)
def numpy_abi(
    tensorflow: Tensorflow, distributions: Distributions, interpreter: Interpreter, frameworks: Frameworks
) -> Verdict:
    """The installed NumPy against the limits that the table gives for this release."""
    numpy = distributions.get("numpy")
    if numpy is None:
        return NotApplicable("NumPy is not installed")
    if tensorflow.release is None or numpy.release is None:
        return Undetermined("a version cannot be compared")
    if tensorflow.conda_build or tensorflow.release.local is not None:
        return NotApplicable("conda's and vendors' builds are compiled against a NumPy of their own choice")
    broken = table.broken_by("numpy", numpy.release, tensorflow.release)
    if broken is None:
        return Clear(f"NumPy {numpy.version} with TensorFlow {tensorflow.version}")
    build = frameworks.get("tensorflow")
    wanted = f"numpy<{broken.first_bad}"
    return Found(
        what=f"NumPy {numpy.version} is installed; TensorFlow {tensorflow.version} needs {wanted}.",
        why=f"This TensorFlow {broken.effect}; importing it stops.",
        remedy=Remedy(
            text="Install the NumPy that this release was made for.",
            commands=(pip(interpreter, "install", wanted),),
            safety="changes-environment",
        ),
        evidence=(
            Evidence("numpy", numpy.version, numpy.location),
            Evidence("tensorflow", tensorflow.version, tensorflow.directory),
        ),
        severity=None if build is None or build.active else "warning",
    )
