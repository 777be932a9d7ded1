"""Of which cause do reports in such words mostly tell? A second opinion where no sign decides.

Only of short texts, as people paste them: a log of a training is not told in anybody's words.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from kdoctor.knowledge.words import SCALE, WordTable
from kdoctor.model.facts.symptoms import Alike, Line

MOST_BYTES = 1 << 16
FEWEST_TERMS = 15  # fewer known ones are a line or two, not a report
NAMED = 4
LEAST_SHARE = 0.02
_CHANGING = re.compile(r"0x[0-9a-f]+|\d{4}-\d\d-\d\d[ t]?[\d:.,]*")
_TERM = re.compile(r"[a-z_][a-z0-9_.+-]*[a-z0-9_]|\d+\.\d+|\d+")
CUT = 240
SHOWN = 2


def terms(text: str) -> Iterator[str]:
    """The words of a text and every two that follow each other, in lower case; addresses and times are none.

    >>> list(terms("Could not load libcudart.so.10.0 at 0x7f"))[:3]
    ['could', 'not', 'load']
    """
    words = _TERM.findall(_CHANGING.sub(" ", text.lower()))
    yield from words
    yield from (f"{first} {second}" for first, second in pairwise(words))


class Words:
    """Takes in the lines of texts; ``alike`` says what they are like."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self.lines: list[Line] = []
        self.bytes = 0

    def take(self, lines: Iterable[Line], size: int) -> None:
        """More lines, in bytes so many; beyond ``MOST_BYTES`` nothing is kept, and nothing said."""
        self.bytes += size
        if self.bytes <= MOST_BYTES:
            self.lines += lines

    def alike(self, load: Callable[[], WordTable]) -> tuple[Alike, ...]:
        """The causes of the reports that are most alike, the first the most, with the lines that say most.

        ``load`` is called where the text can be a report only: the table is large.
        """
        if not self.lines or self.bytes > MOST_BYTES:
            return ()
        counts = Counter(terms("\n".join(line.text for line in self.lines)))
        if len(counts) < FEWEST_TERMS:
            return ()
        table = load()
        if sum(1 for term in counts if term in table.terms) < FEWEST_TERMS:
            return ()
        shares = shares_of(counts, table)
        named = sorted(((share, index) for index, share in enumerate(shares)), reverse=True)[:NAMED]
        of_lines = [set(terms(line.text)) & table.terms.keys() for line in self.lines]
        return tuple(
            Alike(cause=table.causes[index], share=round(share, 3), lines=self._telling(index, of_lines, table))
            for share, index in named
            if share >= LEAST_SHARE
        )

    def _telling(self, cause: int, of_lines: Iterable[set[str]], table: WordTable) -> tuple[Line, ...]:
        """The lines that speak most for a cause; ``of_lines``: the known terms of each line."""
        weights = [(sum(_weights(known, cause, table)), number) for number, known in enumerate(of_lines)]
        best = sorted(weights, reverse=True)[:SHOWN]
        return tuple(
            Line(file=line.file, number=line.number, text=line.text[:CUT])
            for weight, number in best
            if weight > 0
            for line in (self.lines[number],)
        )


def shares_of(counts: Counter[str], table: WordTable) -> list[float]:
    """For each cause its share of the likeness; all together make 1."""
    known = {
        term: (1 + math.log(count)) * table.terms[term][0] for term, count in counts.items() if term in table.terms
    }
    length = math.sqrt(sum(value * value for value in known.values())) or 1.0
    sums = [start / SCALE for start in table.start]
    for term, value in known.items():
        for index, weight in table.terms[term][1]:
            sums[index] += value / length * weight / SCALE
    most = max(sums)
    raised = [math.exp(value - most) for value in sums]
    total = sum(raised)
    return [value / total for value in raised]


def _weights(known: Iterable[str], cause: int, table: WordTable) -> Iterator[float]:
    for term in known:
        rarity, weights = table.terms[term]
        yield from (rarity * weight for index, weight in weights if index == cause)
