"""What does a text say? Its lines against the signatures and clues, and the versions that it names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from kdoctor.knowledge.clues import clues
from kdoctor.knowledge.signatures import signatures
from kdoctor.model.facts.symptoms import Line, Seen, Stated, Symptoms
from kdoctor.symptoms.match import BLOCK, Matcher
from kdoctor.symptoms.stated import stated_in

KEPT_LINES = 4
KEPT_STATED = 400
CUT = 240
TALK = 20_000  # versions are stated in the beginning or in lists; further on a log repeats itself


class Reader:
    """Takes in files one after the other; ``symptoms`` is the sum."""

    def __init__(self) -> None:
        """Compile what is looked for."""
        rows = [(row.id, row.regex, row.overrides) for row in signatures()]
        self.matcher = Matcher([*rows, *((row.id, row.regex, ()) for row in clues())])
        self.seen: dict[str, tuple[int, list[Line], Mapping[str, str]]] = {}
        self.stated: dict[tuple[str, str], Line] = {}
        self.files: list[str] = []
        self.lines = 0

    def read(self, file: str, lines: Iterable[str]) -> None:
        """All lines of one file."""
        self.files.append(file)
        number = 0
        for block in _blocks(lines):
            for index, name, values in self.matcher.block(block):
                self._note(name, Line(file=file, number=number + index + 1, text=block[index][:CUT]), values)
            for index, line in enumerate(block):
                if number + index < TALK and line and len(self.stated) < KEPT_STATED:
                    for of, value in stated_in(line):
                        self.stated.setdefault((of, value), Line(file=file, number=number + index + 1, text=line[:CUT]))
            number += len(block)
        self.lines += number

    def _note(self, name: str, line: Line, values: Mapping[str, str]) -> None:
        times, lines, first = self.seen.get(name, (0, [], values))
        if len(lines) < KEPT_LINES:
            lines.append(line)
        self.seen[name] = (times + 1, lines, {**values, **first})

    def symptoms(self) -> Symptoms:
        """What was found so far."""
        return Symptoms(
            files=tuple(self.files),
            lines=self.lines,
            seen=tuple(
                Seen(id=name, times=times, lines=tuple(lines), values=values)
                for name, (times, lines, values) in self.seen.items()
            ),
            stated=tuple(Stated(of=of, value=value, line=line) for (of, value), line in self.stated.items()),
        )


def _blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    iterator = iter(lines)
    while block := list(islice(iterator, BLOCK)):
        yield block
