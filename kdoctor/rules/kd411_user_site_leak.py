"""A framework is imported from outside the examined environment.

What it means: PYTHONPATH or the user site (~/.local/lib/pythonX.Y/site-packages) comes before the environment's own
packages, and holds another copy of a framework that is installed in the environment too.

Why it matters: the environment looks right to pip and conda, and Python imports the other copy, of another version and
with other libraries.

What to do: unset PYTHONPATH, or set PYTHONNOUSERSITE=1, or remove the other copy.
"""

from kdoctor.advice import shortened
from kdoctor.model.facts.distributions import Distribution, Distributions
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule

FRAMEWORKS = ("tensorflow", "tensorflow-cpu", "keras", "tf-keras", "jax", "jaxlib", "torch", "numpy", "protobuf")


@rule(
    Declared(
        id="KD411",
        cause="wrong-python-env",
        layer="python-stack",
        severity="warning",
        since="0.1.0",
        sources=(Source("Python documentation: site, PYTHONPATH, PYTHONNOUSERSITE", "2026-11-21"),),
    )
)
def user_site_leak(interpreter: Interpreter, distributions: Distributions, environ: Environ) -> Verdict:
    """The copy that wins is outside the environment, and the environment has a copy of another version.

    A system's Python has no environment: there `pip install --user` is meant to win.
    """
    if interpreter.kind == "plain" and not environ.variables.get("PYTHONPATH"):
        return NotApplicable("the interpreter is that of a system, not of an environment")
    for name in FRAMEWORKS:
        copies = distributions.all(name)
        inside = [copy for copy in copies if copy.location.startswith(f"{interpreter.prefix}/")]
        first = copies[0] if copies else None
        if first is None or not inside or first in inside or inside[0].version == first.version:
            continue
        if interpreter.kind == "plain" and first.location == interpreter.user_site:
            continue
        return _found(first, inside[0], interpreter, environ.variables.get("PYTHONPATH", ""))
    return Clear("every framework is imported from the environment that has it")


def _found(first: Distribution, own: Distribution, interpreter: Interpreter, python_path: str) -> Found:
    listed = first.location in python_path.split(":")
    via = "$PYTHONPATH" if listed else "the user site" if first.location == interpreter.user_site else "the import path"
    return Found(
        what=f"{first.name} {first.version} is imported from {shortened(first.location, 40)}, not {own.version}."[:100],
        why=f"It comes through {via}, which is searched before the environment's own packages.",
        remedy=Remedy(
            text="Keep the other copy out of this environment.",
            commands=("unset PYTHONPATH",) if listed else ("export PYTHONNOUSERSITE=1",),
        ),
        evidence=(
            Evidence("imported", f"{first.name} {first.version}", first.location),
            Evidence("hidden", f"{own.name} {own.version}", own.location),
        ),
        confidence="likely",
    )
