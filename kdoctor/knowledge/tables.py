"""How the tables of this folder are read: TOML text in, frozen typed values out.

Input: the name of a table; output: its content, checked against the given type, with the path of the error where it
does not fit. Each loader module keeps its own table in a ``functools.cache``: parsed at its first use, and once.
"""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec
import tomli
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Confidence = Literal["confirmed", "one-source"]
_Kind = TypeVar("_Kind")
_FOLDER = Path(__file__).parent


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of a table; ``confidence`` says how well it is founded, ``note`` what no field expresses."""

    note: str = ""
    confidence: Confidence = "confirmed"


class Need(Row, frozen=True, kw_only=True):
    """A framework from ``first`` on does not import with a ``package`` older than ``least``; ``effect`` says why."""

    package: str
    first: Version
    least: Version
    effect: str
    source: str


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where facts of a table come from, and the day it was read."""

    id: str
    what: str
    read: dt.date


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every table has: its sources and the day of the newest reading."""

    schema: Literal[1]
    read: dt.date
    sources: tuple[Source, ...] = msgspec.field(name="source")


def decode_version(kind: type, value: object) -> object:
    """Make a version, soname or specifier of the type ``kind`` from its text (a ``dec_hook`` of msgspec)."""
    if not isinstance(value, str):
        message = f"expected the text of a {kind.__name__}, got {value!r}"
        raise TypeError(message)
    parse: Callable[[str], object] = kind
    return parse(value)


def read(name: str) -> dict[str, Any]:
    """The raw content of the table ``name``; parses the file each time."""
    return tomli.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def data(name: str) -> bytes:
    """The bytes of the file ``name`` of this folder."""
    return (_FOLDER / name).read_bytes()


def load(name: str, kind: type[_Kind]) -> _Kind:
    """The table ``name`` as a ``kind``; raises msgspec.ValidationError with the path of what does not fit."""
    return convert(read(name), kind)


def convert(content: Mapping[str, Any], kind: type[_Kind]) -> _Kind:
    """Raw content of a table as a ``kind``."""
    return msgspec.convert(content, kind, dec_hook=decode_version)


def read_rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of the CSV table ``name``; lines that start with # are comments."""
    lines = (_FOLDER / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return tuple(csv.DictReader(line for line in lines if not line.startswith("#")))
