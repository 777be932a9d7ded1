"""`kdoctor fix --pip`: choose a recipe, show the plan, and after a yes make the environment: proved, or nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import msgspec
import platformdirs

from kdoctor.advice import quoted
from kdoctor.commands.check import Request, gather
from kdoctor.commands.verify import Proof, Verification, verify
from kdoctor.fix.choose import Choice, Selection, choose
from kdoctor.fix.contents import pip_specs
from kdoctor.fix.machine import machine_of
from kdoctor.fix.pip import Made, Order, Tool, make
from kdoctor.fix.recipes import all_recipes, named
from kdoctor.fix.wishes import Typed, pythons, wishes_of
from kdoctor.host import NotRun, is_file, on_path
from kdoctor.host.live import LiveHost
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import PythonVersion

Say = Callable[[str], None]
OF_THE_MACHINE = frozenset(("gpu", "driver", "driver-branch", "compute-capability"))
SCHEMA = 1


class Asked(Typed, frozen=True, kw_only=True):
    """The options, as typed."""

    recipe: str = ""
    name: str = ""
    prefix: str = ""
    own: tuple[str, ...] = ()
    replace: bool = False


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What would be made. ``python`` is the interpreter that the environment is made with, "" if none was found.

    ``unmet``: what the recipe needs and this machine lacks; ``why``: the sentence of the choice.
    """

    recipe: str
    title: str
    fits: bool
    why: str
    unmet: tuple[str, ...]
    target: str
    python: str
    version: str
    specs: tuple[str, ...]
    settings: Mapping[str, str]
    gpu_wanted: bool


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


def uv_of(host: LiveHost) -> str:
    """The uv beside kdoctor, else the one on PATH, else ""."""
    beside = f"{sys.prefix}/bin/uv"
    return beside if is_file(host, beside) else on_path(host, "uv")


def chosen(asked: Asked) -> tuple[Choice, str, tuple[PythonVersion, ...]]:
    """The recipe to make, why, and the Pythons that it can be made with. Raises Trouble where none is to be made."""
    recipes = all_recipes(asked.own)
    if asked.recipe:
        named(recipes, asked.recipe)
    wishes = wishes_of(asked, asked.recipe)
    facts, _ = gather(Request(), lambda _: None)
    by_pip = tuple(recipe for recipe in recipes if recipe.pip is not None and recipe.conda is None)
    selection: Selection = choose(facts, by_pip, wishes)
    choice, why = selection.best, selection.why
    if asked.recipe:
        choice = next((one for one in selection.choices if one.recipe.id == asked.recipe), None)
        why = "it was asked for"
    if choice is None:
        nearest = selection.nearest
        if nearest is None:
            message = f"{asked.recipe} is made by conda" if asked.recipe else selection.why
            raise Trouble("no-recipe", message, hint="`kdoctor recipes` lists all.", code=2 if asked.recipe else 1)
        choice = nearest
    machine = machine_of(facts)
    anywhere = msgspec.structs.replace(machine, python=None)
    return choice, why, pythons(choice.recipe, anywhere, wishes) or choice.recipe.python


def interpreter_for(host: LiveHost, uv: str, candidates: tuple[PythonVersion, ...]) -> tuple[str, PythonVersion]:
    """The newest of these Pythons that is on the machine. Raises Trouble where none is."""
    environ = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_CACHE": "1", "VIRTUAL_ENV": ""}
    asking = LiveHost(environ={**host.environ, **environ})
    for version in reversed(candidates):
        ran = asking.run((uv, "python", "find", "--system", version.short), 30.0)
        if not isinstance(ran, NotRun) and ran.code == 0 and ran.out.strip():
            return ran.out.strip().splitlines()[-1], version
    wanted = ", ".join(version.short for version in candidates)
    hint = "Install one of them, or use --conda, which brings its own."
    raise Trouble("python-not-here", f"none of the Pythons {wanted} is on this machine", hint=hint)


def plan_of(asked: Asked, host: LiveHost) -> tuple[Plan, Order, Tool]:
    """The plan, without writing anything. Raises Trouble."""
    if asked.name and asked.prefix:
        raise Trouble("options-exclude-each-other", "--name and --prefix: choose one", code=2)
    uv = uv_of(host)
    if not uv:
        raise Trouble("uv-missing", "uv is not installed", hint="Install it: `pip install 'keras-doctor[fix]'`.")
    choice, why, candidates = chosen(asked)
    recipe = choice.recipe
    python, version = interpreter_for(host, uv, candidates)
    target = target_of(asked, recipe.id, host)
    unmet = tuple(check.text for check in choice.failing if not _is_waived(check.requirement, asked))
    order = Order(
        recipe=recipe,
        python=version,
        specs=pip_specs(recipe, version, recipe.platforms[0]),
        target=target,
        replace=asked.replace,
    )
    plan = Plan(
        recipe=recipe.id,
        title=recipe.title,
        fits=not unmet,
        why=why,
        unmet=unmet,
        target=target,
        python=python,
        version=version.short,
        specs=order.specs,
        settings=recipe.environment,
        gpu_wanted=recipe.requires.gpu == "required",
    )
    return plan, order, Tool(uv=uv, python=python, environ=host.environ)


def _is_waived(requirement: str, asked: Asked) -> bool:
    """A recipe that was named is made for another machine too: an image is built where there is no GPU."""
    return bool(asked.recipe) and requirement in OF_THE_MACHINE


def target_of(asked: Asked, recipe: str, host: LiveHost) -> str:
    """The absolute path of the new environment."""
    if asked.prefix:
        path = asked.prefix if not asked.prefix.startswith("~") else host.user.home + asked.prefix[1:]
        return (path if path.startswith("/") else f"{host.cwd}/{path}").rstrip("/")
    name = asked.name or recipe
    if "/" in name or name in (".", ".."):
        raise Trouble("name-not-a-name", f"--name {name}: a name has no slash; use --prefix for a path", code=2)
    return f"{platformdirs.user_data_dir('kdoctor')}/envs/{name}"


def carry_out(plan: Plan, order: Order, tool: Tool, say: Say) -> Outcome:
    """Make it. Raises Trouble where anything fails; then nothing of the target exists."""
    seen: list[Verification] = []

    def prove(python: str, settings: Mapping[str, str]) -> None:
        found = verify(python, gpu_wanted=plan.gpu_wanted, settings=settings)
        seen.append(found)
        failed = [proof for proof in found.proofs if not proof.ok]
        if failed:
            message = f"the new environment was not accepted: {failed[0].name}: {failed[0].said}"
            raise Trouble("verification-failed", message, hint="Nothing was left behind.", code=1)

    made: Made = make(order, tool, verify=prove, say=say)
    return Outcome(
        schema=SCHEMA,
        plan=plan,
        done=True,
        solved=True,
        packages=made.packages,
        gpu=seen[-1].gpu,
        proofs=seen[-1].proofs,
        activate=f"source {quoted(f'{made.target}/bin/activate')}",
    )
