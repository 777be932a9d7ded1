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
SHAPES = 20_000
KEPT_SHAPES = 2000  # more than a block has, so that a line with a sign is known as such in time
_CHANGING = str.maketrans("", "", "0123456789=>.-+ ")
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
        self.count = 0
        self.shapes: dict[int, int] = {}

    def read(self, file: str, lines: Iterable[str]) -> None:
        """All lines of one file."""
        self.files.append(file)
        self.count = 0
        for block in _blocks(self._telling(lines)):
            texts = [text for _, text in block]
            for index, name, values in self.matcher.block(texts):
                number, text = block[index]
                self.shapes.pop(_shape(text), None)
                self._note(name, Line(file=file, number=number, text=text[:CUT]), values)
            for number, text in block:
                if number <= TALK and len(self.stated) < KEPT_STATED:
                    for of, value in stated_in(text):
                        self.stated.setdefault((of, value), Line(file=file, number=number, text=text[:CUT]))
        self.lines += self.count

    def _telling(self, lines: Iterable[str]) -> Iterator[tuple[int, str]]:
        """Lines with their numbers, without those that say what several before said without a sign: progress."""
        for number, text in enumerate(lines, start=1):
            self.count = number
            if not text:
                continue
            shape = _shape(text)
            times = self.shapes.get(shape, 0)
            if times < KEPT_SHAPES:
                if len(self.shapes) < SHAPES:
                    self.shapes[shape] = times + 1
                yield number, text

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


def _shape(text: str) -> int:
    """What stays the same where only numbers and a progress bar change."""
    return hash(text.translate(_CHANGING))


def _blocks(lines: Iterable[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    iterator = iter(lines)
    while block := list(islice(iterator, BLOCK)):
        yield block
