"""Which of many patterns are in a line? Each is tried only where a text that it must contain occurs.

Lines come in blocks: the texts are looked for in the whole block first, which takes a few passes of a fast search, and
only those found there are looked for in its lines. So the time grows with the input and not with the patterns.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

BLOCK = 500
_SHORTEST = 3
_PARSER: Any = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")


class Matcher:
    """Patterns by id, compiled; ``overrides``: the ids that a match hides on its line."""

    def __init__(self, patterns: Iterable[tuple[str, str, Sequence[str]]]) -> None:
        """``patterns``: id, regular expression, the ids that it hides."""
        self.patterns: dict[str, re.Pattern[str]] = {}
        self.hides: dict[str, Sequence[str]] = {}
        self.literals: dict[str, list[str]] = {}
        self.always: list[str] = []
        for name, regex, hides in patterns:
            self.patterns[name] = re.compile(regex)
            self.hides[name] = hides
            needed = literals_of(regex)
            for literal in needed:
                self.literals.setdefault(literal, []).append(name)
            if not needed:
                self.always.append(name)

    def block(self, lines: Sequence[str]) -> Iterator[tuple[int, str, Mapping[str, str]]]:
        """Index of the line, id, named groups, for each match in the block that no other hides."""
        lowered = [line.lower() for line in lines]
        whole = "\n".join(lowered)
        active = [literal for literal in self.literals if literal in whole]
        for index, line in enumerate(lines):
            found = self._line(line, lowered[index], active)
            hidden = {name for match in found for name in self.hides[match]}
            for name, values in found.items():
                if name not in hidden:
                    yield index, name, values

    def _line(self, line: str, lowered: str, active: Sequence[str]) -> dict[str, Mapping[str, str]]:
        names = dict.fromkeys(self.always)
        for literal in active:
            if literal in lowered:
                names.update(dict.fromkeys(self.literals[literal]))
        found: dict[str, Mapping[str, str]] = {}
        for name in names:
            match = self.patterns[name].search(line)
            if match:
                found[name] = {key: value for key, value in match.groupdict().items() if value}
        return found


def literals_of(regex: str) -> tuple[str, ...]:
    r"""Texts in lower case of which every match has one; () where there are no such texts.

    >>> sorted(literals_of(r"CUDA_ERROR_(?:NO|LOST) seen|Failed\.\.\. x?"))
    ['cuda_error_', 'failed... ']
    """
    return tuple(sorted(_needed(_PARSER.parse(regex))))


def _needed(sequence: Iterable[tuple[object, Any]]) -> frozenset[str]:
    """Of the parts of a sequence, all of which must match, the texts of the one that is the most telling."""
    found: list[frozenset[str]] = []
    run = ""
    for operation, argument in sequence:
        name = str(operation)
        if name == "LITERAL":
            run += chr(argument).lower()
            continue
        found.append(frozenset((run,)))
        run = ""
        if name == "SUBPATTERN":
            found.append(_needed(argument[-1]))
        elif name == "BRANCH":
            branches = [_needed(branch) for branch in argument[1]]
            found.append(frozenset().union(*branches) if all(branches) else frozenset())
        elif name.endswith("_REPEAT") and argument[0] > 0:
            found.append(_needed(argument[2]))
    found.append(frozenset((run,)))
    telling = [texts for texts in found if texts and min(map(len, texts)) >= _SHORTEST]
    return max(telling, key=lambda texts: min(map(len, texts)), default=frozenset())
