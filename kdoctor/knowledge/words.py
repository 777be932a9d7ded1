"""How often which words are used in reports of which cause: learned from the texts of the tests by scripts/learn-words.

A linear model: the terms of a text (kdoctor/symptoms/words.py) are weighed by how rare they are, and each speaks for or
against some causes. The reasons, and how well it does, are in docs/decisions/0010-words.md.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import Literal

import msgspec

from kdoctor.knowledge.tables import data

SCALE = 10.0  # weights are kept as whole tenths


class WordTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``causes``: of the taxonomy, "" for nothing wrong; ``start``: what each begins with.

    ``terms``: a term to its rarity (in hundredths) and the pairs of an index into ``causes`` and a weight (in tenths).
    ``digest``: of the texts learned from.
    """

    schema: Literal[1]
    read: dt.date
    texts: int
    digest: str
    causes: tuple[str, ...]
    start: tuple[int, ...]
    terms: dict[str, tuple[int, tuple[tuple[int, int], ...]]]


@functools.cache
def table() -> WordTable:
    """The whole table; raises msgspec.ValidationError where the file does not fit."""
    return msgspec.json.decode(data("words.json"), type=WordTable)
