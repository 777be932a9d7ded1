"""A plan for people, and what became of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping

from kdoctor.render.text import visible

WIDTH = 80
COLUMN = 10


def rows(pairs: Iterable[tuple[str, str]]) -> str:
    """Label and text; a text longer than the line goes on below itself, words longer than a line stay whole."""
    lines = []
    for label, text in pairs:
        parts = textwrap.wrap(visible(text), WIDTH - COLUMN, break_long_words=False, break_on_hyphens=False) or [""]
        lines += [f"{label if number == 0 else '':<{COLUMN}}{part}".rstrip() for number, part in enumerate(parts)]
    return "\n".join(lines) + "\n"


def settings_of(settings: Mapping[str, str]) -> str:
    """Variables as one line."""
    return ", ".join(f"{name}={value}" for name, value in settings.items())
