"""The placeholders of a recipe's variables and links: {prefix} and {site_packages}."""

from __future__ import annotations

import re

from kdoctor.model.version import PythonVersion

PLACES = re.compile(r"(\{prefix\}|\{site_packages\})")


def placed(value: str, prefix: str, python: PythonVersion) -> str:
    """The value with its places filled in.

    >>> placed("{prefix}/lib:{site_packages}/nvidia", "/opt/x", PythonVersion("3.12"))
    '/opt/x/lib:/opt/x/lib/python3.12/site-packages/nvidia'
    """
    places = {"{prefix}": prefix, "{site_packages}": f"{prefix}/{packages_of(python)}"}
    return "".join(places.get(piece, piece) for piece in PLACES.split(value))


def packages_of(python: PythonVersion) -> str:
    """Where an environment keeps its packages, relative to its prefix."""
    return f"lib/python{python.short}/site-packages"


def has_place(value: str) -> bool:
    """Whether a value depends on where the environment is."""
    return PLACES.search(value) is not None
