"""What every way of `kdoctor fix` has in common: the plan, what became of it, and the proof in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from kdoctor.commands.choosing import Chosen
from kdoctor.commands.verify import Verification, verify
from kdoctor.fix.settle import settings_of
from kdoctor.host.recovery import tidy
from kdoctor.host.registry import clean, forget, remember
from kdoctor.model.plan import Outcome, Plan
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import PythonVersion

Say = Callable[[str], None]
SCHEMA = 1


def plan_of(found: Chosen, python: PythonVersion, target: str, specs: tuple[str, ...]) -> Plan:
    """The part of a plan that every method has."""
    recipe = found.recipe
    return Plan(
        method=recipe.method,
        recipe=recipe.id,
        title=recipe.title,
        fits=not found.unmet,
        why=found.why,
        unmet=found.unmet,
        target=target,
        version=python.short,
        specs=specs,
        settings=settings_of(recipe, python, target),
        gpu_wanted=recipe.requires.gpu == "required",
    )


@contextmanager
def entered(target: str) -> Iterator[None]:
    """Have the environment in kdoctor's list while it is made, and after; first remove what killed starts left."""
    clean()
    remember(target)
    try:
        yield
    finally:
        if tidy(target):
            forget(target)


def prove(python: str, settings: Mapping[str, str], *, gpu_wanted: bool) -> Verification:
    """Verify the new environment; raises Trouble with the first proof that failed."""
    found = verify(python, gpu_wanted=gpu_wanted, settings=settings)
    failed = [proof for proof in found.proofs if not proof.ok]
    if failed:
        message = f"the new environment was not accepted: {failed[0].name}: {failed[0].said}"
        raise Trouble("verification-failed", message, hint="Nothing was left behind.", code=1)
    return found


def done(plan: Plan, packages: tuple[str, ...], found: Verification, activate: str) -> Outcome:
    """An environment that is in its place and proved."""
    return Outcome(
        schema=SCHEMA,
        plan=plan,
        done=True,
        solved=True,
        packages=packages,
        gpu=found.gpu,
        proofs=found.proofs,
        activate=activate,
    )
