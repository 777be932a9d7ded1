"""The order of roots: layers, and causes that make other remedies useless."""

from functools import cache

import msgspec

from kdoctor.knowledge.tables import read


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """``first`` makes the remedies of the rules in ``then`` useless."""

    first: str
    then: tuple[str, ...]
    why: str


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """``layers`` from what everything stands on to what only costs speed."""

    schema: int
    layers: tuple[str, ...]
    before: tuple[Before, ...]


@cache
def ranking() -> Ranking:
    """The table ``ranking.toml``."""
    return msgspec.convert(read("ranking"), Ranking)
