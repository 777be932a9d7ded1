"""Where in a block of lines is one of many texts? In one pass, whatever their number.

Hyperscan looks for all of them at once, at a gigabyte a second and more. There is none for some processors, and on an
old one it must not be called: there the texts are looked for one after the other, which takes long and finds the same.
"""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from kdoctor.symptoms.needs import smallest

FEW = 1 << 15  # bytes: a report that was pasted


class Finder(Protocol):
    """A search for texts, in any case."""

    def places(self, block: bytes) -> list[int]:
        """Where they are, in order: each place is the last character of one; of one in another perhaps only the one."""

    def texts(self, line: bytes) -> set[str]:
        """Which of them are there."""


def finder(texts: Iterable[str], *, quick: bool = True) -> Finder:
    """A search for these texts, which are ASCII in lower case; ``quick``: Hyperscan may be used."""
    return _Growing(sorted(set(texts)), quick=quick)


class _Growing:
    """One text after the other for as long as that takes less time than making another search."""

    def __init__(self, known: list[str], *, quick: bool) -> None:
        """``known``: the texts."""
        self.known, self.quick = known, quick
        self.search: Finder = _OneByOne({text: [text] for text in known})
        self.left = FEW

    def places(self, block: bytes) -> list[int]:
        """See Finder."""
        if self.left > 0:
            self.left -= len(block)
            if self.left <= 0:
                self.search = _for_many(self.known, quick=self.quick)
        return self.search.places(block)

    def texts(self, line: bytes) -> set[str]:
        """See Finder."""
        return self.search.texts(line)


def _for_many(texts: list[str], *, quick: bool) -> Finder:
    """Only the smallest texts are looked for, and where one is those that contain it."""
    longer: dict[str, list[str]] = {}
    for text, short in smallest(texts).items():
        longer.setdefault(short, []).append(text)
    if quick and texts:
        with contextlib.suppress(ImportError):
            return _AllAtOnce(longer, importlib.import_module("hyperscan"))
    return _OneByOne(longer)


def _those_in(line: bytes, texts: Iterable[str]) -> set[str]:
    lowered = line.lower()
    return {text for text in texts if text.encode() in lowered}


class _AllAtOnce:
    """Hyperscan's search."""

    def __init__(self, longer: Mapping[str, Iterable[str]], engine: Any) -> None:  # noqa: ANN401  a package without types
        """``longer``: what is looked for, and the texts that contain it. Takes some hundredths of a second."""
        self.longer = list(longer.values())
        self.database = engine.Database(mode=engine.HS_MODE_BLOCK)
        self.database.compile(
            expressions=["".join(f"\\x{ord(letter):02x}" for letter in text).encode() for text in longer],
            ids=list(range(len(longer))),
            elements=len(longer),
            flags=[engine.HS_FLAG_CASELESS] * len(longer),
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
        return _those_in(line, (text for number in ids for text in self.longer[number]))


class _OneByOne:
    """A search for one text after the other."""

    def __init__(self, longer: Mapping[str, Iterable[str]]) -> None:
        """``longer``: what is looked for, and the texts that contain it."""
        self.longer = [(text.encode(), others) for text, others in longer.items()]

    def places(self, block: bytes) -> list[int]:
        """See Finder."""
        lowered = block.lower()
        return sorted(
            match.end() - 1
            for text, _ in self.longer
            if text in lowered
            for match in re.finditer(re.escape(text), lowered)
        )

    def texts(self, line: bytes) -> set[str]:
        """See Finder."""
        lowered = line.lower()
        return _those_in(line, (text for short, others in self.longer if short in lowered for text in others))
