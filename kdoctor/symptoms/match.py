"""Which of many patterns are in a line? Each is compiled and tried only where a text that it must contain occurs.

The texts of all are looked for in whole blocks of lines first; so the time grows with the input, not with the patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from kdoctor.symptoms.find import finder
from kdoctor.symptoms.needs import Texts, texts_of

ANY_LINE = "\n"


class Pattern(NamedTuple):
    """An expression, the ids that its match hides on the line, and the texts of which it needs one."""

    id: str
    regex: str
    hides: Sequence[str]
    texts: Texts


class Matcher:
    """Patterns by id; ``finder``: finds the lines of a block that may have one."""

    def __init__(self, patterns: Iterable[tuple[str, str, Sequence[str]]], *, quick: bool = True) -> None:
        """``patterns``: id, regular expression, the ids that it hides; ``quick``: see ``find.finder``."""
        self.patterns = [Pattern(name, regex, hides, needed(regex)) for name, regex, hides in patterns]
        self.finder = finder((text for row in self.patterns for text in row.texts), quick=quick)
        self.compiled: dict[str, re.Pattern[str]] = {}
        self.having: dict[str, list[int]] = {}
        for number, row in enumerate(self.patterns):
            for text in row.texts:
                self.having.setdefault(text, []).append(number)

    def signs(self, line: str) -> dict[str, Mapping[str, str]]:
        """Id to the named groups of each match in a line that no other hides."""
        found: dict[str, Mapping[str, str]] = {}
        hidden: set[str] = set()
        for row in self._candidates(f"{line}\n"):
            match = self._compiled(row).search(line)
            if match:
                found[row.id] = {key: value for key, value in match.groupdict().items() if value}
                hidden.update(row.hides)
        return {name: values for name, values in found.items() if name not in hidden}

    def _candidates(self, line: str) -> Iterator[Pattern]:
        numbers = {number for text in self.finder.texts(line.encode()) for number in self.having[text]}
        yield from (self.patterns[number] for number in sorted(numbers))

    def _compiled(self, row: Pattern) -> re.Pattern[str]:
        """Compiled at its first use: few of them are in a log."""
        if row.id not in self.compiled:
            self.compiled[row.id] = re.compile(row.regex)
        return self.compiled[row.id]


def needed(regex: str) -> Texts:
    """The texts to look for: an expression that needs none may be in any line."""
    return texts_of(regex) or frozenset((ANY_LINE,))
