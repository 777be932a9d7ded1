"""`kdoctor schema`: the JSON Schema of a report, made from the types themselves."""

from __future__ import annotations

from typing import Any

import msgspec

from kdoctor.model.codec import section_kinds
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.report import REPORT_SCHEMA, Report

DRAFT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = "#/$defs/{name}"


def text_type(_: type) -> dict[str, Any]:
    """Versions and sonames are texts."""
    return {"type": "string"}


def report_schema() -> dict[str, Any]:
    """The schema as plain values; sections of facts are found, absent or unknown."""
    kinds = section_kinds()
    types = (Report, Absent, Unknown, *kinds.values())
    schemas, parts = msgspec.json.schema_components(types, schema_hook=text_type, ref_template=REFERENCE)
    definitions: dict[str, Any] = dict(parts)
    by_type = dict(zip(types, schemas, strict=True))
    others = [by_type[Absent], by_type[Unknown]]
    sections = {name: {"anyOf": [by_type[kind], *others]} for name, kind in sorted(kinds.items())}
    definitions["Facts"]["properties"]["sections"] = {
        "type": "object",
        "properties": sections,
        "additionalProperties": {"type": "object"},
    }
    return {
        "$schema": DRAFT,
        **definitions.pop("Report"),
        "title": f"kdoctor report, schema {REPORT_SCHEMA}",
        "$defs": dict(sorted(definitions.items())),  # whatever was imported first
    }


def schema() -> str:
    """The schema as JSON text."""
    return msgspec.json.format(msgspec.json.encode(report_schema()), indent=2).decode() + "\n"
