"""Text within Markdown that means itself: a block of code, in which neither Markdown nor HTML is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kdoctor.render.text import visible

_SHORTEST_FENCE = 3


def block(lines: Iterable[str], language: str = "text") -> Iterator[str]:
    """Lines of code between fences that are longer than any backticks in them.

    >>> print(*block(["a ``` b", "<b>"]), sep="|")
    ````text|a ``` b|<b>|````
    """
    shown = [visible(line) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(_SHORTEST_FENCE, longest + 1)
    yield f"{fence}{language}"
    yield from shown
    yield fence
