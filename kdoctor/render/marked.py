"""Text within Markdown that means itself: no value of a machine becomes a heading, link, image, mention or HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kdoctor.render.text import visible

_SIGNS = re.compile(r"([\\`*_{}\[\]<>|#~&!])")
_LIST = re.compile(r"^(?=[-+=])|^(\d{1,9})(?=[.)])")
_SPAN = re.compile(r"`([^`]+)`")
_STROKE = re.compile(r"(?<!\\)((?:\\\\)*)\|")  # after an even number of backslashes: not escaped
_LINKED = re.compile(r"@|://|www\.|\$", re.IGNORECASE)  # what a site links, notifies or sets as a formula by itself


def escaped(text: str) -> str:
    r"""Text that means itself; words that a site would make links of are code.

    >>> print(escaped("a_b | <i>"), escaped("see https://example.org"))
    a\_b \| \<i\> see `https://example.org`
    """
    words = (code(word) if _LINKED.search(word) else _SIGNS.sub(r"\\\1", word) for word in visible(text).split())
    return " ".join(words)


def prose(text: str) -> str:
    r"""A paragraph or the item of a list; commands between backticks are code, all else means itself.

    >>> print(prose("Run `nvidia-smi *` *now*."), prose("1. no list"))
    Run `nvidia-smi *` \*now\*. 1\. no list
    """
    parts = _SPAN.split(text)
    pieces = [code(part) if index % 2 else _kept_blanks(part) for index, part in enumerate(parts)]
    return _LIST.sub(lambda match: f"{match[1] or ''}\\", "".join(pieces).strip())


def _kept_blanks(part: str) -> str:
    head, tail = " " * part.startswith(" "), " " * part.endswith(" ")
    return f"{head}{escaped(part)}{tail}" if part.strip() else part[:1]


def code(text: str) -> str:
    """Code within a line: between more backticks than it has itself.

    >>> code("a`b"), code(" "), code("`")
    ('``a`b``', '` `', '`` ` ``')
    """
    shown = visible(text)
    fence = "`" * (longest_run(shown) + 1)
    padded = f" {shown} " if shown.startswith("`") or shown.endswith("`") or not shown else shown
    return f"{fence}{padded}{fence}"


def longest_run(text: str) -> int:
    """How many backticks follow on each other at most."""
    return max((len(run) for run in re.findall("`+", text)), default=0)


def block(lines: Iterable[str], language: str = "") -> Iterator[str]:
    """Lines of code, to be copied."""
    shown = [visible(line) for line in lines]
    fence = "`" * max(3, longest_run("\n".join(shown)) + 1)
    yield f"{fence}{language}"
    yield from shown
    yield fence


def row(cells: Iterable[str]) -> str:
    """A row of a table; cells are Markdown already, and a stroke within code ends no cell."""
    return "| " + " | ".join(_STROKE.sub(r"\1\\|", cell) for cell in cells) + " |"
