"""NumPy is of another binary interface than the one the framework was compiled for.

What it means: a framework compiled against NumPy 1 does not run with NumPy 2, and one that asks for NumPy 2 not with
1. Releases that did not cap NumPy (TensorFlow 2.10, 2.11, 2.14.0 ...) get NumPy 2 from pip today.

Why it matters: importing stops with "A module that was compiled using NumPy 1.x cannot be run in NumPy 2" or
"numpy.core.multiarray failed to import", "numpy.dtype size changed".

What to do: install the NumPy that this release was made for.
"""

from __future__ import annotations

from packaging.version import Version

from kdoctor.advice import pip
from kdoctor.model.facts.distributions import Distribution, Distributions
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

FIRST_FOR_NUMPY_2 = Version("2.18")
NUMPY_2 = Version("2.0.0")
NUMPY_1_24 = Version("1.24")
LAST_WITH_OLD_ALIASES = Version("2.8")


@rule(
    Declared(
        id="KD404",
        cause="numpy-abi",
        layer="python-stack",
        severity="error",
        since="0.1.0",
        sources=(
            Source("metadata of every TensorFlow patch release; TensorFlow 2.14.0 with NumPy 2.4.6 (own run)", "2026-11-21"),
        ),
    )
)
def numpy_abi(tensorflow: Tensorflow, distributions: Distributions, interpreter: Interpreter) -> Verdict:
    """TensorFlow before 2.18 was compiled against NumPy 1."""
    numpy = distributions.get("numpy")
    if numpy is None:
        return NotApplicable("NumPy is not installed")
    if tensorflow.release is None or numpy.release is None:
        return Undetermined("a version cannot be compared")
    if tensorflow.conda_build:
        return NotApplicable("conda's builds are compiled against conda's NumPy")
    if tensorflow.release < FIRST_FOR_NUMPY_2 and numpy.release >= NUMPY_2:
        return _found(tensorflow, numpy, interpreter, "numpy<2", "compiled against NumPy 1")
    if tensorflow.release < LAST_WITH_OLD_ALIASES and numpy.release >= NUMPY_1_24:
        return _found(tensorflow, numpy, interpreter, "numpy<1.24", "uses names such as np.object that NumPy 1.24 removed")
    return Clear(f"NumPy {numpy.version} with TensorFlow {tensorflow.version}")


def _found(tensorflow: Tensorflow, numpy: Distribution, interpreter: Interpreter, wanted: str, reason: str) -> Found:
    return Found(
        what=f"NumPy {numpy.version} is installed; TensorFlow {tensorflow.version} needs {wanted}.",
        why=f"This TensorFlow is {reason}." if reason.startswith("compiled") else f"This TensorFlow {reason}.",
        remedy=Remedy(
            text="Install the NumPy that this release was made for.",
            commands=(pip(interpreter, "install", wanted),),
            safety="changes-environment",
        ),
        evidence=(
            Evidence("numpy", numpy.version, numpy.location),
            Evidence("tensorflow", tensorflow.version, tensorflow.directory),
        ),
    )
