"""The commands that make a recipe's environment without kdoctor."""

from __future__ import annotations

from kdoctor.advice import quoted
from kdoctor.fix.contents import pip_specs
from kdoctor.fix.places import PLACES, packages_of
from kdoctor.model.recipe import CondaPart, Recipe
from kdoctor.model.version import PythonVersion


def commands(recipe: Recipe, python: PythonVersion | None) -> tuple[str, ...]:
    """Commands for a POSIX shell, in order; ``python`` None: the newest that the recipe is for."""
    version = python or recipe.python[-1]
    return _conda(recipe, recipe.conda, version) if recipe.conda is not None else _pip(recipe, version)


def _conda(recipe: Recipe, part: CondaPart, python: PythonVersion) -> tuple[str, ...]:
    channels = " ".join(f"-c {quoted(channel)}" for channel in part.channels)
    specs = " ".join(quoted(spec) for spec in (f"python={python.short}", *part.specs))
    cuda = recipe.requires.cuda
    driver = f"CONDA_OVERRIDE_CUDA={cuda.short} " if cuda is not None else ""
    wheels = " ".join(quoted(spec) for spec in pip_specs(recipe, python, recipe.platforms[0]))
    settings = " ".join(_setting(*item, "$CONDA_PREFIX", python) for item in recipe.environment.items())
    again = f"conda activate {recipe.id}"
    return (
        f"{driver}conda create -n {recipe.id} --override-channels {channels} {specs}",
        again,
        *((f"python -m pip install {wheels}",) if wheels else ()),
        *(_link(link, target) for link, target in recipe.links.items()),
        *((f"conda env config vars set {settings}", again) if settings else ()),
    )


def _pip(recipe: Recipe, python: PythonVersion) -> tuple[str, ...]:
    wheels = " ".join(quoted(spec) for spec in pip_specs(recipe, python, recipe.platforms[0]))
    return (
        f"python{python.short} -m venv ~/{recipe.id}",
        f". ~/{recipe.id}/bin/activate",
        f"python -m pip install {wheels}",
        *(f"export {_setting(*item, '$VIRTUAL_ENV', python)}" for item in recipe.environment.items()),
    )


def _link(link: str, target: str) -> str:
    folder = link.rpartition("/")[0]
    return f'mkdir -p "$CONDA_PREFIX"/{quoted(folder)} && ln -s {quoted(target)} "$CONDA_PREFIX"/{quoted(link)}'


def _setting(name: str, value: str, prefix: str, python: PythonVersion) -> str:
    """NAME=value as a word of the shell; only the two placeholders are for the shell to fill in."""
    places = {"{prefix}": f'"{prefix}"', "{site_packages}": f'"{prefix}"/{packages_of(python)}'}
    pieces = PLACES.split(value)
    return f"{name}=" + "".join(places.get(piece) or (quoted(piece) if piece else "") for piece in pieces)
