"""The comments of a file: nothing that a recipe says can end a comment, and the first lines say where it is from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from kdoctor.advice import quoted
from kdoctor.fix.files.pinned import Pin, Pinned

WIDTH = 100
_BASIC = 0xFFFF


def one_line(text: str) -> str:
    r"""Text without anything that could end a line or steer a terminal.

    >>> one_line("a\nRUN evil\x1b[31m\u2028b")
    'a RUN evil [31m b'
    """
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def literal(text: str) -> str:
    r"""A string in double quotes, as YAML and TOML both read it.

    >>> print(literal('a "b" $c' + chr(92) + chr(10)))
    "a \"b\" $c\\\u000a"
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{"".join(letter if letter.isprintable() else _escape(letter) for letter in escaped)}"'


def _escape(letter: str) -> str:
    return f"\\U{ord(letter):08x}" if ord(letter) > _BASIC else f"\\u{ord(letter):04x}"


def comment(text: str, sign: str = "#", indent: str = "") -> list[str]:
    """Lines of a comment; words longer than a line stay whole."""
    start = f"{indent}{sign} "
    return textwrap.wrap(
        one_line(text),
        WIDTH,
        initial_indent=start,
        subsequent_indent=start,
        break_long_words=False,
        break_on_hyphens=False,
    )


def head(pinned: Pinned, option: str, sign: str = "#") -> Iterator[str]:
    """Who wrote it, how to write it again, what it is and what it needs."""
    recipe, needs = pinned.recipe, pinned.recipe.requires
    yield f"{sign} Written by kdoctor {pinned.kdoctor} for recipe {recipe.id}. To write it again:"
    yield f"{sign}   {one_line(' '.join(quoted(word) for word in ('kdoctor', 'fix', option, *pinned.again)))}"
    yield sign
    yield from comment(recipe.title, sign)
    yield from comment(" ".join(recipe.about.split()), sign)
    where = [f"Python {pinned.python.short} on {pinned.platform}"]
    where += [f"glibc {pinned.glibc} or newer"] if pinned.glibc else []
    yield from comment(f"Resolved for {', '.join(where)}.", sign)
    if needs.gpu == "required":
        low, high = needs.compute_capability_min, needs.compute_capability_max
        oldest = f" {needs.driver_min} or newer" if needs.driver_min else ""
        gpus = f" and a GPU of compute capability {low} to {high}" if low and high else ""
        yield from comment(f"Needs the NVIDIA driver{oldest}{gpus}.", sign)


def why(pin: Pin, sign: str = "#", indent: str = "") -> list[str]:
    """The reason of a package as a comment."""
    return comment(pin.reason, sign, indent)


def setting(pinned: Pinned, name: str, sign: str = "#", indent: str = "") -> list[str]:
    """The reason of a variable or a link as a comment, none where there is none."""
    return comment(pinned.reason(name), sign, indent) if pinned.reason(name) else []
