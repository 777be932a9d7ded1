"""The Xid codes of NVIDIA's kernel module: what they mean and whose fault they are."""

import functools
from typing import Literal

from kdoctor.knowledge.tables import Row, Table, load

Kind = Literal["hardware", "memory", "driver", "program"]


class Xid(Row, frozen=True, kw_only=True):
    """One code; ``program``: what ran on the GPU did it, and the GPU is well afterwards."""

    code: int
    kind: Kind
    what: str


class XidTable(Table, frozen=True, kw_only=True, rename={"sources": "source", "codes": "xid"}):
    """xid.toml."""

    codes: tuple[Xid, ...]


@functools.cache
def table() -> XidTable:
    """The whole table."""
    return load("xid", XidTable)


def xid(code: int) -> Xid | None:
    """The row of a code, None where the table has none."""
    return next((row for row in table().codes if row.code == code), None)
