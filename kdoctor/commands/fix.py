"""What every way of `kdoctor fix` has in common: the plan, what became of it, and the proof in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from kdoctor.commands.choosing import Chosen
from kdoctor.commands.verify import Proof, Verification, verify
from kdoctor.model.recipe import Method
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import PythonVersion

Say = Callable[[str], None]
SCHEMA = 1


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What would be made.

    ``unmet``: what the recipe needs and this machine lacks; ``why``: the sentence of the choice. ``python``: the
    interpreter that a virtual environment is made with. ``machine``: the virtual packages that were solved for.
    ``packages``: NAME VERSION BUILD of a solution, none where it was not solved; ``problem`` then says why, and
    ``relaxations`` what would help.
    """

    method: Method
    recipe: str
    title: str
    fits: bool
    why: str
    unmet: tuple[str, ...]
    target: str
    version: str
    specs: tuple[str, ...]
    settings: Mapping[str, str]
    gpu_wanted: bool
    python: str = ""
    channels: tuple[str, ...] = ()
    machine: Mapping[str, str] = {}
    packages: tuple[str, ...] = ()
    download_bytes: int = 0
    problem: str = ""
    relaxations: tuple[str, ...] = ()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The document of `kdoctor fix --format json`."""

    schema: int
    plan: Plan
    done: bool
    solved: bool = False
    packages: tuple[str, ...] = ()
    gpu: str = ""
    proofs: tuple[Proof, ...] = ()
    activate: str = ""


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
        settings=recipe.environment,
        gpu_wanted=recipe.requires.gpu == "required",
    )


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
