"""Log lines and exceptions with a known meaning: regular expressions, causes and fixes.

The expressions are not compiled here: a reader of logs compiles those it needs.
"""

import functools
from collections.abc import Mapping
from typing import Literal

from kdoctor.knowledge.tables import Row, Table, load

Effect = Literal["harmless", "slow", "degraded", "no-gpu", "oom", "crash"]


class Signature(Row, frozen=True, kw_only=True):
    """One kind of line; ``regex`` is searched in a single line, ``overrides`` are the ids it hides on the same line.

    ``names``: taxonomy causes that the line speaks for, each with a weight of 0 to 1.
    """

    id: str
    component: str
    versions: str
    regex: str
    sample: str
    effect: Effect
    harmless: bool
    cause: str
    fix: str
    overrides: tuple[str, ...] = ()
    names: Mapping[str, float] = {}
    refs: tuple[str, ...]


class SignatureTable(Table, frozen=True, kw_only=True, rename={"signatures": "signature"}):
    """signatures.toml."""

    signatures: tuple[Signature, ...]


@functools.cache
def table() -> SignatureTable:
    """The whole table."""
    return load("signatures", SignatureTable)


def signatures() -> tuple[Signature, ...]:
    """All signatures, in the order of the table."""
    return table().signatures


def signature(name: str) -> Signature | None:
    """The signature with the id ``name``."""
    return next((row for row in signatures() if row.id == name), None)
