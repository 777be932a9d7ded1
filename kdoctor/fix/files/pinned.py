"""What is written into a file: a recipe with every package at one version, and the reason of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from packaging.requirements import Requirement

from kdoctor.fix.reasons import of_python, package_of
from kdoctor.model.recipe import Recipe
from kdoctor.model.version import PythonVersion

_SHOWN = 3


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """One package. ``why``: the reason of one that was asked for; ``needed_by`` tells of the others.

    ``hashes``: ALGORITHM:HEX. ``url``: of a conda package. ``extras``: of a requirement.
    """

    name: str
    version: str
    why: str = ""
    needed_by: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    build: str = ""
    url: str = ""

    @property
    def reason(self) -> str:
        """Why it is there."""
        if self.why:
            return self.why
        more = len(self.needed_by) - _SHOWN
        others = f" and {more} more" if more > 0 else ""
        return f"needed by {', '.join(self.needed_by[:_SHOWN])}{others}" if self.needed_by else "needed"


class Pinned(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe, pinned. ``conda`` and ``wheels``: asked for first, in the recipe's order, then the others by name.

    ``platform``, ``glibc``: what it was resolved for. ``machine``: the virtual packages that a solver was told of.
    ``again``: the words of the command, but for the option of the file. ``pylock``: as uv wrote it, where asked for.
    """

    recipe: Recipe
    python: PythonVersion
    platform: str
    glibc: str = ""
    kdoctor: str
    again: tuple[str, ...]
    wheels: tuple[Pin, ...] = ()
    conda: tuple[Pin, ...] = ()
    channels: tuple[str, ...] = ()
    machine: Mapping[str, str] = {}
    pylock: str = ""

    def reason(self, name: str) -> str:
        """Why the recipe asks for a package, sets a variable or makes a link; "" where it does not say."""
        if name == "python":
            return of_python(self.recipe)
        return self.recipe.reasons.get(name, "")


def extras_of(specs: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Package to the extras that are asked for."""
    return {package_of(spec): tuple(sorted(Requirement(spec).extras)) for spec in specs}


def in_order(pins: Iterable[Pin], asked: tuple[str, ...]) -> tuple[Pin, ...]:
    """Those that were asked for first, in that order, then the others by name."""
    return tuple(sorted(pins, key=lambda pin: (asked.index(pin.name) if pin.name in asked else len(asked), pin.name)))
