"""Recipes of the project that the user is in: `[tool.kdoctor] recipes` of the nearest pyproject.toml."""

from __future__ import annotations

import tomli

from kdoctor.host import Host, is_file, text_of
from kdoctor.model.trouble import Trouble


def configured(host: Host, folder: str) -> tuple[str, ...]:
    """The paths that it lists, absolute; none where there is no such file or table. Raises Trouble.

    A file that is no TOML is a Trouble only where it speaks of kdoctor: it may be another tool's to complain about.
    """
    while not is_file(host, f"{folder}/pyproject.toml"):
        if not folder.rpartition("/")[0]:
            return ()
        folder = folder.rpartition("/")[0]
    path = f"{folder}/pyproject.toml"
    text = text_of(host, path)
    try:
        table = tomli.loads(text).get("tool", {}).get("kdoctor", {})
    except (tomli.TOMLDecodeError, AttributeError) as error:
        if "tool.kdoctor" not in text:
            return ()
        raise Trouble("settings-invalid", f"{path}: {error}") from error
    listed = table.get("recipes", []) if isinstance(table, dict) else []
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise Trouble("settings-invalid", f"{path}: `recipes` of [tool.kdoctor] is no list of paths")
    return tuple(one if one.startswith(("/", "~")) else f"{folder}/{one}" for one in listed)
