"""What was seen of a thing that can be required, and the ways of saying so."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kdoctor.model.facts.base import Absent, Answered, Unknown
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.finding import Evidence

Sections = Mapping[str, Answered]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """``values``: what was seen, () if the thing is not there; ``unknown``: why it cannot be told, "" if it can."""

    values: tuple[Evidence, ...] = ()
    unknown: str = ""


def section(sections: Sections, name: str) -> Answered:
    """The section, Unknown where the facts have none of that name."""
    return sections.get(name, Unknown(reason=f"{name} was not recorded"))


def missing(*answers: Answered) -> Seen:
    """Not there, unless one of the sections could not be measured."""
    return Seen(unknown=next((answer.reason for answer in answers if isinstance(answer, Unknown)), ""))


def one(fact: str, value: object, source: str, unknown: str) -> Seen:
    """One value; where it is empty, why it is not known."""
    text = "" if value is None else str(value)
    return Seen(values=(Evidence(fact, text, source),)) if text else Seen(unknown=unknown)


def active(sections: Sections) -> Build | Absent | Unknown:
    """The framework that Keras uses here."""
    found = section(sections, "frameworks")
    if isinstance(found, Frameworks):
        return found.builds[0] if found.builds else Absent()
    return found if isinstance(found, (Absent, Unknown)) else Unknown(reason="frameworks were not recorded")
