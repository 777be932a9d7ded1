"""What does a text say? Its lines against the signatures and clues, and the versions that it names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from kdoctor.knowledge import words
from kdoctor.knowledge.clues import clues
from kdoctor.knowledge.signatures import signatures
from kdoctor.model.facts.symptoms import Line, Seen, Stated, Symptoms
from kdoctor.symptoms.find import finder
from kdoctor.symptoms.forms import answered
from kdoctor.symptoms.kinds import Kinds, lines_at
from kdoctor.symptoms.lines import blocks_of, text_of
from kdoctor.symptoms.match import Matcher, needed
from kdoctor.symptoms.stated import expressions, stated_in
from kdoctor.symptoms.words import Words

KEPT_LINES = 4
KEPT_STATED = 400
CUT = 240
FORM = 1 << 16  # bytes of a file in which an answer may stand below its question
TALK = 20_000  # versions are stated in the beginning or in lists; further on a log repeats itself


@dataclass(slots=True)
class _Kept:
    """How often a sign was seen, its first lines, and what they name."""

    values: Mapping[str, str]
    times: int = 0
    lines: list[Line] = field(default_factory=list)


class Reader:
    """Takes in files one after the other; ``symptoms`` is the sum."""

    def __init__(self, *, quick: bool) -> None:
        """Make ready what is looked for; ``quick``: see ``find.finder``."""
        rows = [(row.id, row.regex, row.overrides) for row in signatures()]
        self.matcher = Matcher([*rows, *((row.id, row.regex, ()) for row in clues())], quick=quick)
        texts = {text for regex in expressions() for text in needed(regex)}
        self.versions = finder(texts, quick=quick)
        self.seen: dict[str, _Kept] = {}
        self.stated: dict[tuple[str, str], Line] = {}
        self.files: list[str] = []
        self.lines = 0
        self.kinds, self.talk = Kinds(), Kinds()
        self.words = Words()

    def read(self, file: str, chunks: Iterable[bytes]) -> None:
        """All bytes of one file; raises NotTextError where they are no text."""
        self.files.append(file)
        first = 1
        for written in _begun(blocks_of(chunks)):
            block = answered(written) if first == 1 else written
            if first <= TALK:
                self._versions(file, first, block)
            self._signs(file, first, block)
            self.words.take(_lines(file, first, written), len(written))
            first += block.count(b"\n")
        self.lines += first - 1

    def _signs(self, file: str, first: int, block: bytes) -> None:
        """Note the signs of a block, of which ``first`` is the number of the first line."""
        rest = self.kinds.unknown(block)
        signs: dict[int, tuple[str, ...]] = {}
        for index, line in lines_at(rest.block, self.matcher.finder.places(rest.block)):
            text = text_of(line)
            found = self.matcher.signs(text)
            for name, values in found.items():
                self._note(name, Line(file=file, number=first + rest.numbers[index], text=text[:CUT]), values)
            signs[index] = tuple(found)
        self.kinds.learn(rest, signs)

    def _versions(self, file: str, first: int, block: bytes) -> None:
        """Note the versions that the lines of a block name, of those among the first of the file."""
        rest = self.talk.unknown(block)
        stating: dict[int, tuple[str, ...]] = {}
        for index, line in lines_at(rest.block, self.versions.places(rest.block)):
            number = first + rest.numbers[index]
            if number > TALK or len(self.stated) >= KEPT_STATED:
                return
            text = text_of(line)
            found = list(stated_in(text))
            for of, value in found:
                self.stated.setdefault((of, value), Line(file=file, number=number, text=text[:CUT]))
            # numbers are what is wanted here: a kind of line that states something never gets known
            stating[index] = (str(number),) if found else ()
        self.talk.learn(rest, stating)

    def _note(self, name: str, line: Line, values: Mapping[str, str]) -> None:
        kept = self.seen.setdefault(name, _Kept(values))
        kept.times += 1
        kept.values = {**values, **kept.values}
        if len(kept.lines) < KEPT_LINES:
            kept.lines.append(line)

    def symptoms(self) -> Symptoms:
        """What was found so far."""
        more = self.kinds.counted()
        return Symptoms(
            files=tuple(self.files),
            lines=self.lines,
            seen=tuple(
                Seen(id=name, times=kept.times + more[name], lines=tuple(kept.lines), values=kept.values)
                for name, kept in self.seen.items()
            ),
            stated=tuple(Stated(of=of, value=value, line=line) for (of, value), line in self.stated.items()),
            alike=self.words.alike(words.table),
        )


def _begun(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same blocks, the first of them long enough to hold a form."""
    head = b""
    while len(head) < FORM and (block := next(blocks, b"")):
        head += block
    if head:
        yield head
    yield from blocks


def _lines(file: str, first: int, block: bytes) -> Iterator[Line]:
    """The lines of a block with their numbers."""
    for number, line in enumerate(block[:-1].split(b"\n"), start=first):
        if text := text_of(line):
            yield Line(file=file, number=number, text=text)
