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
    """``layers`` from what everything stands on to what only costs speed.

    ``in_environment``: the rules whose fault a new environment has not got.
    """

    schema: int
    layers: tuple[str, ...]
    in_environment: frozenset[str]
    before: tuple[Before, ...]


@cache
def ranking() -> Ranking:
    """The table ``ranking.toml``."""
    return msgspec.convert(read("ranking"), Ranking)
