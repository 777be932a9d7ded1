"""devcontainer.json, for the Dockerfile beside it; it is JSON with comments."""

from __future__ import annotations

import json
from collections.abc import Iterator

from kdoctor.fix.files.comments import comment, head, setting
from kdoctor.fix.files.dockerfile import prefix_of, user_of
from kdoctor.fix.files.pinned import Pinned
from kdoctor.fix.files.prove import devices
from kdoctor.fix.places import placed

OPTION = "--devcontainer"
_INDENT = "  "


def devcontainer_json(pinned: Pinned) -> str:
    """The whole file."""
    recipe = pinned.recipe
    lines = [*head(pinned, OPTION, "//"), "{", _row("name", recipe.title), _row("build", {"dockerfile": "Dockerfile"})]
    if recipe.requires.gpu != "none":
        is_needed = recipe.requires.gpu == "required"
        lines += [*comment("The NVIDIA driver and the NVIDIA Container Toolkit have to be on the host.", "//", _INDENT)]
        lines += [_row("hostRequirements", {"gpu": True if is_needed else "optional"})]
        lines += [_row("runArgs", ["--gpus", "all"])]
    lines += _environment(pinned)
    lines += [_row("remoteUser", user_of(pinned))]
    lines += comment("Proves it: prints the GPUs, and fails where a GPU is needed and none is seen.", "//", _INDENT)
    python = f"{prefix_of(pinned)}/bin/python"
    proof = devices(recipe) if recipe.requires.gpu == "required" else f"import {', '.join(recipe.verify.imports)}"
    lines += [_row("postCreateCommand", [python, "-c", proof]).rstrip(","), "}"]
    return "\n".join(lines) + "\n"


def _row(key: str, value: object) -> str:
    return f"{_INDENT}{json.dumps(key)}: {_text(value)},"


def _text(value: object) -> str:
    """JSON in which the editor finds no variable of its own, which would begin with a dollar and a brace."""
    return json.dumps(value).replace("${", "$ {")


def _environment(pinned: Pinned) -> Iterator[str]:
    if not pinned.recipe.environment:
        return
    yield f'{_INDENT}"containerEnv": {{'
    rows = list(pinned.recipe.environment.items())
    for number, (name, value) in enumerate(rows, 1):
        text = _text(placed(value, prefix_of(pinned), pinned.python))
        yield from setting(pinned, name, "//", _INDENT * 2)
        yield f"{_INDENT * 2}{json.dumps(name)}: {text}{',' if number < len(rows) else ''}"
    yield f"{_INDENT}}},"
