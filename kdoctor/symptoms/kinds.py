"""Which lines of a block have to be looked at? All but those of a kind that is known by now: a log repeats itself.

Lines are of one kind where they differ only in numbers and in what progress bars and times are made of. A kind is known
once its lines had the same signs often enough; from then on they are counted, and taken to have these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

MOST, LONGEST = 20_000, 400  # kinds, and bytes of one: what is kept is bounded
SAME_NONE, SAME_SIGNS = 200, 4  # so many lines of a kind without signs, or with the same, make it known
_CHANGING = b"0123456789=>.-+ "
PAUSE = 15  # blocks that are not compared after one in which hardly a line is like another
Signs = tuple[str, ...]


@dataclass(slots=True)
class Kind:
    """What the lines so far had, how many more must have the same, and how many came after that."""

    signs: Signs
    left: int
    more: int = 0


class Unknown(NamedTuple):
    """Lines of a block that are of no known kind, each with a newline; ``numbers``: where in the block each is.

    ``shapes``: the kind of each, none where lines are not compared.
    """

    block: bytes
    numbers: range | list[int]
    shapes: list[bytes]
    counts: Counter[bytes]


class Kinds:
    """The kinds of lines seen so far."""

    def __init__(self) -> None:
        """Know none."""
        self.kinds: dict[bytes, Kind] = {}
        self.known: dict[bytes, Kind] = {}
        self.times: Counter[str] = Counter()
        self.pause = 0

    def unknown(self, block: bytes) -> Unknown:
        """What is left of whole lines without those of a known kind, which are counted."""
        if self.pause:
            self.pause -= 1
            return Unknown(block, range(len(block)), [], Counter())
        shapes = block[:-1].translate(None, _CHANGING).split(b"\n")
        counts = Counter(shapes)
        if len(counts) * 2 > len(shapes) > PAUSE:
            self.pause = PAUSE
        known = [shape for shape in counts if shape in self.known]
        if not known:
            return Unknown(block, range(len(shapes)), shapes, counts)
        for shape in known:
            self.known[shape].more += counts.pop(shape)
        if not counts:
            return Unknown(b"", [], [], counts)
        numbers = [number for number, shape in enumerate(shapes) if shape in counts]
        lines = block.split(b"\n")
        rest = b"".join([lines[number] + b"\n" for number in numbers])
        return Unknown(rest, numbers, [shapes[number] for number in numbers], counts)

    def learn(self, looked_at: Unknown, signs: Mapping[int, Signs]) -> None:
        """Take in what lines had; ``signs``: of those that have any text of a sign, by their place in ``looked_at``."""
        if not looked_at.shapes:
            return
        had: dict[bytes, list[Signs]] = {}
        for index, signs_of in signs.items():
            had.setdefault(looked_at.shapes[index], []).append(signs_of)
        for shape, times in looked_at.counts.items():
            if (times > 1 or shape in self.kinds or shape in had) and len(shape) <= LONGEST:
                found = had.get(shape, [])
                self._learn(shape, {*found, *([()] if len(found) < times else [])}, times)

    def _learn(self, shape: bytes, had: set[Signs], times: int) -> None:
        kind = self.kinds.get(shape)
        signs = had.pop()
        if had or kind is None or kind.signs != signs:
            kind = Kind(signs, SAME_SIGNS if signs else SAME_NONE)
            self.kinds[shape] = kind
        if not had:
            kind.left -= times
        if kind.left <= 0:
            self.known[shape] = kind
        if len(self.kinds) > MOST:
            self.times = self.counted()
            self.kinds.clear()
            self.known.clear()

    def counted(self) -> Counter[str]:
        """How often each sign was in a line that was only counted."""
        times = Counter(self.times)
        for kind in self.known.values():
            times.update(dict.fromkeys(kind.signs, kind.more))
        return times


def lines_at(block: bytes, places: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """Each line of a block that a place is in, after the number of lines before it; ``places`` are in order."""
    before = counted = end = 0
    for place in places:
        if place >= end:
            begin = block.rfind(b"\n", 0, place) + 1
            end = block.index(b"\n", place) + 1
            before += block.count(b"\n", counted, begin)
            counted = begin
            yield before, block[begin : end - 1]
