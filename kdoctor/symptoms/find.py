"""Where in a block of lines is one of many texts? In one pass, whatever their number.

Hyperscan looks for all of them at once, at a gigabyte a second and more. There is none for some processors, and on an
old one it must not be called: there the texts are looked for one after the other, which takes long and finds the same.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from typing import Any, Protocol


class Finder(Protocol):
    """A search for texts, in any case."""

    def places(self, block: bytes) -> list[int]:
        """Where they are, in order: each place is the last character of one."""

    def texts(self, line: bytes) -> set[str]:
        """Which of them are there."""


def finder(texts: Iterable[str], *, quick: bool = True) -> Finder:
    """A search for these texts, which are ASCII in lower case; ``quick``: Hyperscan may be used."""
    found = sorted(set(texts))
    return (_all_at_once(found) if quick and found else None) or _OneByOne(found)


def _all_at_once(texts: list[str]) -> Finder | None:
    """Hyperscan's search, None where there is no Hyperscan."""
    try:
        engine: Any = importlib.import_module("hyperscan")
    except ImportError:
        return None
    return _AllAtOnce(texts, engine)


class _AllAtOnce:
    """Hyperscan's search."""

    def __init__(self, texts: list[str], engine: Any) -> None:  # noqa: ANN401  a package without types
        """Compile; takes some hundredths of a second."""
        self.known = texts
        self.database = engine.Database(mode=engine.HS_MODE_BLOCK)
        self.database.compile(
            expressions=["".join(f"\\x{ord(letter):02x}" for letter in text).encode() for text in texts],
            ids=list(range(len(texts))),
            elements=len(texts),
            flags=[engine.HS_FLAG_CASELESS] * len(texts),
        )

    def places(self, block: bytes) -> list[int]:
        """See Finder."""
        places: list[int] = []
        add = places.append

        def found(_id: int, _start: int, end: int, _flags: int, _context: object) -> None:
            add(end - 1)

        self.database.scan(block, match_event_handler=found)
        places.sort()
        return places

    def texts(self, line: bytes) -> set[str]:
        """See Finder."""
        ids: set[int] = set()

        def found(number: int, *_: object) -> None:
            ids.add(number)

        self.database.scan(line, match_event_handler=found)
        return {self.known[number] for number in ids}


class _OneByOne:
    """A search for one text after the other."""

    def __init__(self, texts: list[str]) -> None:
        """``texts``: see finder."""
        self.expressions = {text: re.compile(re.escape(text.encode())) for text in texts}

    def places(self, block: bytes) -> list[int]:
        """See Finder."""
        lowered = block.lower()
        return sorted(
            match.end() - 1
            for text, expression in self.expressions.items()
            if text.encode() in lowered
            for match in expression.finditer(lowered)
        )

    def texts(self, line: bytes) -> set[str]:
        """See Finder."""
        lowered = line.lower()
        return {text for text in self.expressions if text.encode() in lowered}
