"""Why is each package of a recipe the one it is? Its own sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from kdoctor.fix.requirements import span
from kdoctor.model.recipe import Recipe

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_LONGEST = 160


def package_of(spec: str) -> str:
    """The package that a requirement or a match spec is about, "" where it is neither.

    >>> package_of('jax[cuda12]==0.10.2 ; python_version == "3.11"'), package_of("cudnn<9.11"), package_of("k 3.5|3.6")
    ('jax', 'cudnn', 'k')
    """
    try:
        return canonicalize_name(Requirement(spec).name)
    except InvalidRequirement:
        match = _NAME.match(spec)
        return match[0] if match else ""


def packages(recipe: Recipe) -> tuple[str, ...]:
    """The packages that the recipe names, each once, in its order."""
    specs = (*(recipe.conda.specs if recipe.conda else ()), *(recipe.pip.specs if recipe.pip else ()))
    return tuple(dict.fromkeys(package_of(spec) for spec in specs))


def reason_problems(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """The key at fault, and what is wrong with it: a reason for nothing, or one that is no line."""
    named = packages(recipe)
    for name, reason in recipe.reasons.items():
        if name not in {*named, *recipe.environment, *recipe.links}:
            yield name, f"`reasons` is about {name!r}, which is neither a package, a variable nor a link of this recipe"
        if not reason.isprintable() or len(reason) > _LONGEST:
            yield name, f"the reason of {name!r} is not one line of at most {_LONGEST} characters"


def reason(recipe: Recipe, name: str) -> str:
    """Why a package that the recipe asks for is there."""
    return recipe.reasons.get(name, "").strip() or "The recipe asks for it."


def of_python(recipe: Recipe) -> str:
    """Why its Python is the one it is."""
    return f"The recipe is for Python {span(recipe.python)}."
