"""A package that the framework is built on is older than the framework can use.

What it means: another package's pins, most often those of a second framework in the same environment, have put NumPy or
ml_dtypes back to a release from before this framework.

Why it matters: importing the framework stops, with an AttributeError of a module that seems to have nothing to do with
it: "module 'ml_dtypes' has no attribute 'float4_e2m1fn'".

What to do: bring the package to the release that is asked for; where another framework forbids that, give it an
environment of its own.
"""

from kdoctor.advice import pip
from kdoctor.knowledge import jax, tensorflow
from kdoctor.knowledge.tables import Need
from kdoctor.model.facts.distributions import Distribution, Distributions, parse_release
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD418",
        cause="corrupted-install",
        layer="python-stack",
        severity="error",
        since="0.1.0",
        sources=(
            Source("JAX 0.10.2 with NumPy 1.26.4 and ml_dtypes 0.3.2 to 0.5.0 (own runs)", "2026-11-22"),
            Source("TensorFlow 2.20.0 and 2.21.0 with ml_dtypes 0.4.1 and 0.5.0 (own runs)", "2026-11-22"),
        ),
        explains=("prediction-differs",),
    )
)
def dependency_too_old(frameworks: Frameworks, distributions: Distributions, interpreter: Interpreter) -> Verdict:
    """The installed versions against those without which a framework was seen not to import."""
    rows = {"tensorflow": tensorflow.table().needs, "jax": jax.table().needs}
    seen = undecided = ""
    for build in frameworks.builds:
        release = parse_release(build.version)
        for row in rows.get(build.framework, ()):
            package = distributions.get(row.package)
            if release is None or release < row.first or package is None:
                continue
            copies = distributions.all(row.package)
            if len({copy.version for copy in copies if copy.location == package.location}) > 1:
                undecided = undecided or f"{row.package} has metadata of several releases in one place"
            elif package.release is None:
                undecided = undecided or f"{row.package} {package.version} is no version that can be compared"
            elif package.release < row.least:
                return _found(build, package, row, interpreter)
            else:
                seen = f"{build.title} with {row.package} {package.version}"
    if undecided:
        return Undetermined(undecided)
    return Clear(seen) if seen else NotApplicable("no framework of which such a limit is known")


def _found(build: Build, package: Distribution, row: Need, interpreter: Interpreter) -> Found:
    return Found(
        what=f"{package.name} {package.version} is too old for {build.title}, which needs {row.least} or newer.",
        why=f"This framework {row.effect}; importing it stops.",
        remedy=Remedy(
            text="Update it; where another framework here forbids that, give that one an environment of its own.",
            commands=(pip(interpreter, "install", f"{package.name}>={row.least}"),),
            safety="changes-environment",
        ),
        evidence=(
            Evidence(package.name, package.version, package.location),
            Evidence(build.framework, build.version, build.directory),
        ),
        confidence="likely",
        severity=None if build.active else "warning",
    )
