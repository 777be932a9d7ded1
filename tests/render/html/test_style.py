"""The colours of the style sheet: enough contrast in both themes, by the formula of WCAG 2."""

from __future__ import annotations

import re

import pytest

from kdoctor.render.html.tree import style

LIGHT, _, REST = style().partition("@media screen and (prefers-color-scheme: dark)")
DARK = REST.partition("* {")[0]
TEXTS = {
    "page": ("text", "dim", "error", "warning", "note", "ok"),
    "sheet": ("text", "dim", "error", "warning", "ok"),
    "sunk": ("text", "dim"),
    "error-sheet": ("text", "dim", "error"),
    "warning-sheet": ("warning",),
    "note-sheet": ("note",),
    "ok-sheet": ("ok",),
}
LINES = ("one", "two", "three", "four", "five", "six")


def colours(theme: str) -> dict[str, str]:
    """The variables of a theme."""
    return dict(re.findall(r"--([\w-]+): #([0-9a-f]{6});", theme))


def brightness(colour: str) -> float:
    """Relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    low, high = sorted((brightness(first), brightness(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_on_every_ground_and_lines_be_seen(theme: str) -> None:
    found = colours(theme)
    weak = [
        (text, ground)
        for ground, texts in TEXTS.items()
        for text in texts
        if contrast(found[text], found[ground]) < 4.5
    ]
    faint = [line for line in LINES if contrast(found[line], found["page"]) < 3]
    assert (weak, faint) == ([], [])


def test_every_variable_that_is_used_is_defined_and_every_colour_has_both_themes() -> None:
    used = set(re.findall(r"var\(--([\w-]+)\)", style()))
    assert used - set(re.findall(r"--([\w-]+):", LIGHT)) == set()
    assert colours(LIGHT).keys() == colours(DARK).keys()
