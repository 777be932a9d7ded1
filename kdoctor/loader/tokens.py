"""How a search path is written: separators, empty items and ``$ORIGIN``, ``$LIB``, ``$PLATFORM``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# The name ends at a character that cannot be part of one: $ORIGINAL is no token (glibc, elf/dl-load.c, is_dst).
_TOKEN = re.compile(r"\$(?:\{(ORIGIN|LIB|PLATFORM)\}|(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_]))")


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace the dynamic string tokens that have a value, with and without braces; others stay as they are."""
    return _TOKEN.sub(lambda match: values.get(match[1] or match[2], match[0]), text) if "$" in text else text


def directories(items: Iterable[str], values: Mapping[str, str], cwd: str) -> tuple[str, ...]:
    """Give the absolute directories of a glibc search path, each once.

    An empty item is the current directory; one that became empty by its token is dropped. Where there is no
    current directory relative items are dropped.
    """
    found: dict[str, None] = {}
    for item in dict.fromkeys(items):
        expanded = expand(item, values)
        if item and not expanded:
            continue
        directory = expanded.rstrip("/") or expanded[:1]
        if not directory.startswith("/"):
            if not cwd:
                continue
            directory = f"{cwd.rstrip('/')}/{directory}".rstrip("/") or "/"
        found[directory] = None
    return tuple(found)


def join(directory: str, name: str) -> str:
    """Name a file in a directory as the loader does, without tidying either."""
    return f"{directory}{name}" if directory.endswith("/") else f"{directory}/{name}"


def base_name(path: str) -> str:
    """Give what follows the last slash."""
    return path.rpartition("/")[2]


def directory_of(path: str) -> str:
    """Give what comes before the last slash, ``/`` for a file at the top."""
    return path.rpartition("/")[0] or "/"
