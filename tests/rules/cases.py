"""Read the cases of rules: facts as a user's machine would give them, and what the rule must say.

A file `kdNNN_name.toml` holds `[[case]]` tables: `name` (a sentence), `expect` (fires, clear, not-applicable,
undetermined), `base` (a name in bases.toml, whose sections it starts from), `sections` (section to fields; a field
replaces that of the base), `absent` and `unknown` (names of sections that are so), and for a case that fires
optionally `severity`, `confidence`, `says` (texts that `what` + `why` must hold) and `commands` (texts that the
remedy's commands must hold).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import tomli

from kdoctor.model.codec import convert_section, section_kinds
from kdoctor.model.facts.base import SCHEMA, Absent, Answered, Facts, Unknown

HERE = Path(__file__).parent


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One case of one rule."""

    name: str
    expect: str
    base: str = "empty"
    sections: dict[str, dict[str, Any]] = {}
    absent: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    severity: str = ""
    confidence: str = ""
    says: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


class CaseFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of cases."""

    case: tuple[Case, ...]


def bases() -> dict[str, dict[str, Any]]:
    """The named starting points: section to fields, `absent` as a list of names."""
    found: dict[str, dict[str, Any]] = tomli.loads((HERE / "bases.toml").read_text(encoding="utf-8"))
    return found


def cases_of(path: Path) -> tuple[Case, ...]:
    """The cases in a file."""
    content = tomli.loads(path.read_text(encoding="utf-8"))
    return msgspec.convert(content, CaseFile).case


def facts_of(case: Case) -> Facts:
    """The facts of a case, through the same decoder that reads recorded facts."""
    base = dict(bases()[case.base]) if case.base != "empty" else {}
    parents = base.pop("absent", [])
    sections: dict[str, Answered] = {name: Absent(looked=("the case",)) for name in (*parents, *case.absent)}
    kinds = section_kinds()
    for name, fields in {**base, **case.sections}.items():
        values = {**base.get(name, {}), **fields, "state": "found"}
        if name not in case.absent:
            sections[name] = convert_section(kinds[name], values)
    sections.update({name: Unknown(reason="the case says so") for name in case.unknown})
    return Facts(schema=SCHEMA, origin="file", sections=sections)
