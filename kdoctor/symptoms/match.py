"""Which of many patterns are in a line? Each is tried only where a text that it must contain occurs.

Lines come in blocks: the texts are looked for in the whole block first, which takes a few passes of a fast search, and
only those found there are looked for in its lines. So the time grows with the input and not with the patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

BLOCK = 500
_SHORTEST = 3
_QUANTIFIED = re.compile(r"(?:\{\d+(?:,\d*)?\}|[*+?])[+?]?")


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
    r"""For each alternative of a regular expression a text, in lower case, that it needs; () if one has none.

    >>> literals_of(r"CUDA_ERROR_(?:A|B) seen|Failed\.\.\. x?")
    ('cuda_error_', 'failed... ')
    """
    needed = []
    for alternative in _alternatives(regex.removeprefix("(?i)")):
        longest = max(_runs(alternative), key=len, default="")
        if len(longest) < _SHORTEST:
            return ()
        needed.append(longest.lower())
    return tuple(needed)


def _alternatives(regex: str) -> Iterator[str]:
    """The parts between top-level bars, groups and classes replaced by a dot."""
    kept, index = "", 0
    while index < len(regex):
        char = regex[index]
        if char == "|":
            yield kept
            kept, index = "", index + 1
        elif char == "\\":
            kept, index = kept + regex[index : index + 2], index + 2
        elif char in "([":
            index = _end(regex, index)
            kept += "."
        else:
            kept, index = kept + char, index + 1
    yield kept


def _end(regex: str, start: int) -> int:
    """The index after the group or class that begins at ``start``."""
    depth, index, in_class = 0, start, False
    while index < len(regex):
        char = regex[index]
        if char == "\\":
            index += 1
        elif in_class:
            in_class = char != "]" or regex[index - 1] == "[" or regex[index - 2 : index] == "[^"
        elif char == "[":
            in_class = True
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        index += 1
        if depth == 0 and not in_class:
            break
    return index


def _runs(alternative: str) -> Iterator[str]:
    run, index = "", 0
    while index < len(alternative):
        char, step = alternative[index], 1
        if char == "\\":
            step = 2
            char = alternative[index + 1]
            char = "" if char.isalnum() else char
        elif char in ".^$":
            char = ""
        quantified = _QUANTIFIED.match(alternative, index + step)
        if char and not quantified:
            run += char
        else:
            yield run
            run = ""
        index = quantified.end() if quantified else index + step
    yield run
