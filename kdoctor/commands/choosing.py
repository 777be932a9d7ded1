"""What is `kdoctor fix` to make, and where? The recipe for this machine or that of recorded facts, and the target."""

from __future__ import annotations

import msgspec
import platformdirs

from kdoctor.commands.check import Request, gather
from kdoctor.commands.own_recipes import configured
from kdoctor.fix.choose import Choice, choose
from kdoctor.fix.machine import machine_of
from kdoctor.fix.recipes import all_recipes, named
from kdoctor.fix.wishes import Typed, pythons, wishes_of
from kdoctor.host import User
from kdoctor.host.live import LiveHost
from kdoctor.model.facts.base import Facts
from kdoctor.model.recipe import Method, Recipe
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import PythonVersion

OF_THE_MACHINE = frozenset(("gpu", "driver", "driver-branch", "compute-capability"))


class Asked(Typed, frozen=True, kw_only=True):
    """The options, as typed.

    ``channels``: to be used instead of the recipe's. ``client``: who is to install conda packages, "" for kdoctor.
    ``exclude_newer``: nothing that was uploaded after that time.
    """

    recipe: str = ""
    name: str = ""
    prefix: str = ""
    own: tuple[str, ...] = ()
    for_file: str = ""
    channels: tuple[str, ...] = ()
    client: str = ""
    exclude_newer: str = ""
    offline: bool = False
    replace: bool = False
    dry_run: bool = False


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The recipe to make. ``why``: the sentence of the choice; ``unmet``: what it needs and the machine lacks.

    ``pythons``: those that it can be made with, oldest first.
    """

    choice: Choice
    why: str
    unmet: tuple[str, ...]
    pythons: tuple[PythonVersion, ...]
    facts: Facts
    user: User

    @property
    def recipe(self) -> Recipe:
        """The recipe itself."""
        return self.choice.recipe


def chosen(asked: Asked, *methods: Method) -> Chosen:
    """The recipe that one of these methods makes. Raises Trouble where there is none."""
    recipes = recipes_of(asked.own)
    if asked.recipe and (recipe := named(recipes, asked.recipe)).method not in methods:
        hint = f"`kdoctor fix --{recipe.method} --recipe {recipe.id}` makes it."
        raise Trouble("recipe-of-other-method", f"{recipe.id} is made by {recipe.method}", hint=hint, code=2)
    wishes = wishes_of(asked, asked.recipe)
    facts, user = gather(Request(from_file=asked.for_file), lambda _: None)
    selection = choose(facts, tuple(recipe for recipe in recipes if recipe.method in methods), wishes)
    choice, why = selection.best or selection.nearest, selection.why
    if asked.recipe:
        choice = next(one for one in selection.choices if one.recipe.id == asked.recipe)
        why = "it was asked for"
    if choice is None:
        raise Trouble("no-recipe", selection.why, hint="`kdoctor recipes` lists all.", code=1)
    anywhere = msgspec.structs.replace(machine_of(facts), python=None)
    return Chosen(
        choice=choice,
        why=f"{why} {selection.update}".strip() if not asked.recipe else why,
        unmet=tuple(check.text for check in choice.failing if not _is_waived(check.requirement, asked)),
        pythons=pythons(choice.recipe, anywhere, wishes) or choice.recipe.python,
        facts=facts,
        user=user,
    )


def recipes_of(own: tuple[str, ...]) -> tuple[Recipe, ...]:
    """The shipped ones, those of the project that the user is in, and those that were named. Raises Trouble."""
    host = LiveHost()
    return all_recipes(tuple(dict.fromkeys((*configured(host, host.cwd), *own))))


def method_of(asked: Asked) -> Method:
    """Who makes the recipe that was named. Raises Trouble where there is none."""
    return named(recipes_of(asked.own), asked.recipe).method


def _is_waived(requirement: str, asked: Asked) -> bool:
    """A recipe that was named is made for another machine too: an image is built where there is no GPU.

    Its Python need not be the examined one, unless that was asked for: another may be on the machine.
    """
    if requirement == "python":
        return bool(asked.recipe) and not asked.python_version
    return bool(asked.recipe) and requirement in OF_THE_MACHINE


def target_of(asked: Asked, recipe: Recipe, host: LiveHost, folder: str = "") -> str:
    """The absolute path of the new environment. ``folder``: where names go, "" for kdoctor's own. Raises Trouble."""
    if asked.name and asked.prefix:
        raise Trouble("options-exclude-each-other", "--name and --prefix: choose one", code=2)
    if asked.prefix:
        path = asked.prefix if not asked.prefix.startswith("~/") else host.user.home + asked.prefix[1:]
        return (path if path.startswith("/") else f"{host.cwd}/{path}").rstrip("/") or "/"
    name = asked.name or recipe.id
    if "/" in name or name in (".", ".."):
        raise Trouble("name-not-a-name", f"--name {name}: a name has no slash; use --prefix for a path", code=2)
    return f"{folder or platformdirs.user_data_dir('kdoctor') + '/envs'}/{name}"
