"""What every section of facts is made of, and the two ways of not having one.

Facts are a document: a section is *found*, *absent* (measured; not there; with where we looked) or *unknown*
(could not be measured; with the reason). Rules name the sections they read as parameter types, so none of them
ever tests for None.
"""

from typing import Literal, Union

import msgspec

Origin = Literal["live", "sysroot", "file", "log", "written"]


class Section(msgspec.Struct, frozen=True, kw_only=True, tag_field="state", tag="found"):
    """Base of every fact section; its module's name is the section's name."""


class Absent(msgspec.Struct, frozen=True, kw_only=True, tag_field="state", tag="absent"):
    """Measured, and not there. ``looked``: the places that were read or asked."""

    looked: tuple[str, ...] = ()


class Unknown(msgspec.Struct, frozen=True, kw_only=True, tag_field="state", tag="unknown"):
    """Could not be measured. ``reason`` ends the sentence "unknown: ..."; ``tried``: what was attempted."""

    reason: str
    tried: tuple[str, ...] = ()


Answered = Union[Section, Absent, Unknown]  # noqa: UP007  read at run time on 3.10


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one machine, environment or log: section name to section."""

    schema: int
    origin: Origin
    sections: dict[str, Answered]
    seconds: float = 0.0


SCHEMA = 1


def section_name(kind: type[Section]) -> str:
    """The name of a section: that of the module its class is in."""
    return kind.__module__.rpartition(".")[2]
