"""What a log, a traceback or a pasted report says: lines with a known meaning, versions stated, what they add up to."""

from collections.abc import Mapping

import msgspec

from kdoctor.model.facts.base import Section


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line as read, cut and without control characters; ``number`` counts from 1 in ``file``."""

    file: str
    number: int
    text: str


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A signature or clue and the first lines that it is in; ``values``: what the first of them names."""

    id: str
    times: int
    lines: tuple[Line, ...]
    values: Mapping[str, str] = {}


class Stated(msgspec.Struct, frozen=True, kw_only=True):
    """A version or a model that the text names, e.g. ``tensorflow`` 2.3.1: said, not measured."""

    of: str
    value: str
    line: Line


class Alike(msgspec.Struct, frozen=True, kw_only=True):
    """How much a text is told in the words of reports of one cause, "" for nothing wrong: a share of 1."""

    cause: str
    share: float
    lines: tuple[Line, ...] = ()


class Symptoms(Section, frozen=True, kw_only=True):
    """All of it. ``seen`` and ``stated`` are in the order of the text.

    ``alike``: of short texts that people wrote, the most alike first.
    """

    files: tuple[str, ...]
    lines: int
    seen: tuple[Seen, ...]
    stated: tuple[Stated, ...]
    alike: tuple[Alike, ...] = ()
