"""The causes that a finding may name, by id; what a user would do differently tells one from another."""

import datetime as dt
from functools import cache
from typing import Literal

import msgspec

from kdoctor.knowledge.tables import load


class Cause(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``benign``: nothing is broken."""

    id: str
    group: str
    what: str
    benign: bool = False


class Taxonomy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The causes in the order of the table; ``read``: the day when the ids were settled."""

    schema: Literal[1]
    read: dt.date
    causes: tuple[Cause, ...] = msgspec.field(name="cause")

    def get(self, identity: str) -> Cause | None:
        """The cause of that id."""
        return next((cause for cause in self.causes if cause.id == identity), None)


@cache
def taxonomy() -> Taxonomy:
    """The table ``taxonomy.toml``."""
    return load("taxonomy", Taxonomy)
