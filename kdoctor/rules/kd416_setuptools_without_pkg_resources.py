"""The tensorboard command does not start, because setuptools no longer has pkg_resources.

What it means: tensorboard up to 2.20 imports pkg_resources and does not limit setuptools; setuptools 82 removed it, and
it is what pip installs today.

Why it matters: `tensorboard` stops with "No module named 'pkg_resources'". TensorFlow, Keras and training are not
affected.

What to do: an older setuptools in this environment, or tensorboard 2.21.
"""

from kdoctor.advice import pip
from kdoctor.knowledge import tensorflow
from kdoctor.model.facts.distributions import Distributions
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD416",
        cause="",
        layer="python-stack",
        severity="note",
        since="0.1.0",
        sources=(Source("tensorboard of TensorFlow 2.12 to 2.19 with setuptools 82 (own runs)", "2026-11-21"),),
    )
)
def setuptools_without_pkg_resources(distributions: Distributions, interpreter: Interpreter) -> Verdict:
    """The versions of tensorboard and setuptools side by side."""
    facts = tensorflow.table().setuptools
    tensorboard, setuptools = distributions.get("tensorboard"), distributions.get("setuptools")
    if tensorboard is None:
        return NotApplicable("tensorboard is not installed")
    if setuptools is None:
        return Clear("setuptools is not installed, and pkg_resources may come from elsewhere")
    if tensorboard.release is None or setuptools.release is None:
        return Undetermined("a version cannot be compared")
    if tensorboard.release.release[:2] > facts.last_tensorboard.release or setuptools.release < facts.first_bad:
        return Clear(f"tensorboard {tensorboard.version} with setuptools {setuptools.version}")
    return Found(
        what=f"tensorboard {tensorboard.version} does not start with setuptools {setuptools.version}.",
        why=f"It imports pkg_resources, which setuptools {facts.first_bad} removed; training still works.",
        remedy=Remedy(
            text="Use an older setuptools here, or tensorboard 2.21.",
            commands=(pip(interpreter, "install", f"setuptools<{facts.first_bad}"),),
            safety="changes-environment",
        ),
        evidence=(
            Evidence("setuptools", setuptools.version, setuptools.location),
            Evidence("tensorboard", tensorboard.version, tensorboard.location),
        ),
    )
