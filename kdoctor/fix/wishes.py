"""What did the user ask for, and does a recipe give it?"""

from __future__ import annotations

import re

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from kdoctor.fix.contents import ranges
from kdoctor.fix.machine import Machine
from kdoctor.fix.verdict import NEVER, Check
from kdoctor.knowledge import keras as keras_table
from kdoctor.model.recipe import Backend, Recipe
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import PythonVersion

BACKENDS: tuple[Backend, ...] = ("tensorflow", "jax", "torch")
NAMES = {"keras": ("keras", "tf-keras"), "tensorflow": ("tensorflow",)}  # tf-keras is Keras 2
TITLES = {"keras": "Keras", "tensorflow": "TensorFlow"}


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for; None: anything. ``recipe``: an id that was named."""

    keras: SpecifierSet | None = None
    tensorflow: SpecifierSet | None = None
    python: PythonVersion | None = None
    backend: Backend | None = None
    recipe: str = ""


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a command that chooses a recipe, as typed; "" for one that was left out."""

    keras: str = ""
    tensorflow: str = ""
    python_version: str = ""
    backend: str = ""


def wishes_of(typed: Typed, recipe: str) -> Wishes:
    """The options as they are meant. Raises Trouble for a value that is not understood."""
    return Wishes(
        keras=versions("--keras", typed.keras),
        tensorflow=versions("--tensorflow", typed.tensorflow),
        python=python_version(typed.python_version),
        backend=backend(typed.backend),
        recipe=recipe,
    )


def versions(option: str, text: str) -> SpecifierSet | None:
    """The user's word for versions: "3", "3.12", ">=3.10,<4"; None for "". Raises Trouble for what is neither."""
    if not text:
        return None
    try:
        return SpecifierSet(f"=={text}.*" if re.fullmatch(r"\d+(\.\d+)*", text) else text)
    except InvalidSpecifier as error:
        reference = "version-not-understood"
        raise Trouble(reference, f"{option} {text}: expected a version such as 3.12, or >=3.10,<4", code=2) from error


def python_version(text: str) -> PythonVersion | None:
    """The user's word for a Python; None for "". Raises Trouble for what is none."""
    if not text:
        return None
    if not re.fullmatch(r"[23]\.\d{1,2}(\.\d{1,3})?", text):
        reference = "version-not-understood"
        raise Trouble(reference, f"--python-version {text}: expected a version such as 3.12", code=2)
    return PythonVersion(text)


def backend(text: str) -> Backend | None:
    """The user's word for a backend; None for "". Raises Trouble for another."""
    found = next((each for each in BACKENDS if each == text), None)
    if text and found is None:
        reference = "option-value-unknown"
        raise Trouble(reference, f"--backend {text}: expected one of {', '.join(BACKENDS)}", code=2)
    return found


def pythons(recipe: Recipe, machine: Machine, wishes: Wishes) -> tuple[PythonVersion, ...]:
    """The Pythons with which it gives what was asked for, oldest first; the one at hand for pip where it will do."""
    return tuple(one for one in _candidates(recipe, machine, wishes) if _unmet_by(recipe, one, machine, wishes) is None)


def unmet(recipe: Recipe, machine: Machine, wishes: Wishes) -> tuple[Check, ...]:
    """What was asked for and the recipe does not give."""
    found = []
    if recipe.standing == "asked-only" and wishes.recipe != recipe.id:
        found.append(_fails("asked", "its name", "", "only where it is asked for by name"))
    if wishes.backend is not None and wishes.backend != recipe.backend:
        text = f"backend {wishes.backend} asked for, this is {recipe.backend}"
        found.append(_fails("backend", wishes.backend, recipe.backend, text))
    options = _candidates(recipe, machine, wishes) or recipe.python
    misses = [_unmet_by(recipe, python, machine, wishes) for python in options]
    if all(misses) and misses[-1] is not None:
        found.append(misses[-1])
    return tuple(found)


def _candidates(recipe: Recipe, machine: Machine, wishes: Wishes) -> tuple[PythonVersion, ...]:
    """The one asked for, the one at hand for pip, else any of the recipe's."""
    wanted = wishes.python or (machine.python if recipe.method == "pip" else None)
    minor = wanted.parts[:2] if wanted else ()
    fitting = tuple(each for each in recipe.python if not minor or each.parts == minor)
    return fitting or (() if wishes.python else recipe.python)


def _unmet_by(recipe: Recipe, python: PythonVersion, machine: Machine, wishes: Wishes) -> Check | None:
    """What the recipe does not give with that Python; None where it gives all."""
    if wishes.keras is None and wishes.tensorflow is None:
        return None
    found = ranges(recipe, python, machine.platform)
    for name, wanted in (("keras", wishes.keras), ("tensorflow", wishes.tensorflow)):
        if wanted is None or any(_overlap(name, found.get(each), wanted) for each in NAMES[name]):
            continue
        has = str(found[name]).removeprefix("==") if name in found else recipe.backend
        asked = str(wanted).removeprefix("==").removesuffix(".*")
        return _fails(name, str(wanted), has, f"{TITLES[name]} {asked} asked for, this is {has}")
    return None


def _overlap(name: str, allowed: SpecifierSet | None, asked: SpecifierSet) -> bool:
    """Whether some release is within both."""
    if allowed is None:
        return False
    pinned = [Version(one.version.removesuffix(".*")) for one in allowed if one.operator == "=="]
    known = pinned if name != "keras" else [*pinned, *_keras_releases()]
    return any(version in allowed and asked.contains(version, prereleases=True) for version in known)


def _keras_releases() -> list[Version]:
    table = keras_table.table()
    return [*(patch for row in table.releases for patch in row.patches), *(row.version for row in table.keras2)]


def _fails(requirement: str, needed: str, found: str, text: str) -> Check:
    return Check(requirement=requirement, state="fails", needed=needed, found=found, text=text, effort=NEVER)
