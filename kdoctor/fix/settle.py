"""What a recipe sets in an environment beside its packages: links, variables, and the record of how it was made."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kdoctor.advice import quoted
from kdoctor.fix.places import packages_of, placed
from kdoctor.host.place import RECORD
from kdoctor.host.workspace import Workspace
from kdoctor.model.recipe import Method, Recipe
from kdoctor.model.version import PythonVersion

ACTIVATE = "kdoctor-activate.sh"
_HEAD = "# kdoctor: settings of the recipe"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What kdoctor leaves in an environment that it made, so that it can list and remove it."""

    recipe: str
    method: Method
    specs: tuple[str, ...]


def settle(recipe: Recipe, python: PythonVersion, specs: tuple[str, ...], room: Workspace) -> Mapping[str, str]:
    """Write it into the new environment. Gives the variables as they are where it is being built."""
    _link(recipe, python, "", room)
    settings = settings_of(recipe, python, room.target)
    if recipe.method == "pip":
        _for_venv(settings, room)
    else:
        _for_conda(settings, room)
    _record(recipe, specs, room)
    return settings_of(recipe, python, room.prefix)


def settle_workspace(
    recipe: Recipe, python: PythonVersion, specs: tuple[str, ...], folder: str, room: Workspace
) -> Mapping[str, str]:
    """The same for a workspace of pixi, whose own file sets the variables of the environment in its ``folder``."""
    _link(recipe, python, f"{folder}/", room)
    _record(recipe, specs, room)
    return settings_of(recipe, python, f"{room.prefix}/{folder}")


def _link(recipe: Recipe, python: PythonVersion, folder: str, room: Workspace) -> None:
    for name, target in recipe.links.items():
        room.link(folder + name.replace("{site_packages}", packages_of(python)), target)


def _record(recipe: Recipe, specs: tuple[str, ...], room: Workspace) -> None:
    record = Record(recipe=recipe.id, method=recipe.method, specs=specs)
    room.write(RECORD, msgspec.json.format(msgspec.json.encode(record)))


def settings_of(recipe: Recipe, python: PythonVersion, prefix: str) -> Mapping[str, str]:
    """The recipe's variables with their places filled in."""
    return {name: placed(value, prefix, python) for name, value in recipe.environment.items()}


def _for_venv(settings: Mapping[str, str], room: Workspace) -> None:
    if settings:
        room.write("bin/activate", room.read("bin/activate") + f"{_HEAD}\n{_exports(settings)}".encode())


def _for_conda(settings: Mapping[str, str], room: Workspace) -> None:
    """conda's own file of variables, which mamba and pixi read too; and a script for where none of them is."""
    if settings:
        room.write("conda-meta/state", msgspec.json.encode({"env_vars": dict(settings)}))
    prefix = quoted(room.target)
    lines = [
        "# Written by kdoctor, to be sourced where there is no conda; with conda: `conda activate` this directory.",
        f"export CONDA_PREFIX={prefix}",
        f'export PATH={prefix}/bin:"$PATH"',
        f"{_exports(settings)}for kdoctor_script in {prefix}/etc/conda/activate.d/*.sh; do",
        '  if [ -r "$kdoctor_script" ]; then . "$kdoctor_script"; fi',
        "done",
        "unset kdoctor_script",
    ]
    room.write(ACTIVATE, ("\n".join(lines) + "\n").encode())


def _exports(settings: Mapping[str, str]) -> str:
    return "".join(f"export {name}={quoted(value)}\n" for name, value in settings.items())
