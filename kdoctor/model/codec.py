"""Facts and reports to and from JSON: versions as text, everything from outside validated with its path."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any, Union

import msgspec
from packaging.version import Version

from kdoctor.model import facts as fact_modules
from kdoctor.model.facts.base import SCHEMA, Absent, Answered, Facts, Section, Unknown, section_name
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import Dotted, Soname

MAX_BYTES = 32 << 20
MAX_DEPTH = 40
NO_MORE: Mapping[str, type[Section]] = {}


def encode_value(value: object) -> object:
    """Versions as their text."""
    if isinstance(value, (Dotted, Soname, Version)):
        return str(value)
    message = f"not a value of facts: {type(value).__name__}"
    raise NotImplementedError(message)


def decode_value(kind: type, value: object) -> object:
    """Text as a version; raises ValueError, which msgspec reports with the path."""
    if isinstance(kind, type) and issubclass(kind, (Dotted, Soname, Version)):
        if not isinstance(value, str):
            message = f"expected a version as text, got {type(value).__name__}"
            raise ValueError(message)  # noqa: TRY004  msgspec adds the path to a ValueError
        return kind(value)
    message = f"not a value of facts: {kind}"
    raise NotImplementedError(message)


def to_builtins(value: object) -> Any:  # noqa: ANN401  JSON
    """Plain dictionaries, lists and texts."""
    return msgspec.to_builtins(value, enc_hook=encode_value, str_keys=True)


def section_kinds() -> dict[str, type[Section]]:
    """Section name to its class, for every module of ``model.facts``; a plug-in's class may have any name."""
    kinds = {}
    for module in pkgutil.iter_modules(fact_modules.__path__):
        importlib.import_module(f"{fact_modules.__name__}.{module.name}")
    for kind in Section.__subclasses__():
        if kind.__module__.rpartition(".")[0] == fact_modules.__name__:
            kinds[section_name(kind)] = kind
    return kinds


def convert_section(kind: type[Section], value: object) -> Answered:
    """One section out of plain values; raises msgspec.ValidationError with the path."""
    answered: Answered = msgspec.convert(value, Union[kind, Absent, Unknown], dec_hook=decode_value)  # noqa: UP007
    return answered


def _depth(value: object) -> int:
    depth, layer = 0, [value]
    while layer and depth <= MAX_DEPTH:
        depth += 1
        layer = [
            item
            for holder in layer
            if isinstance(holder, (dict, list))
            for item in (holder.values() if isinstance(holder, dict) else holder)
        ]
    return depth


def _trouble(reference: str, source: str, message: str, hint: str = "") -> Trouble:
    return Trouble(reference, f"{source}: {message}", hint=hint)


def facts_from_json(data: bytes, source: str, more: Mapping[str, type[Section]] = NO_MORE) -> Facts:
    """The facts in a document of `kdoctor facts`, or in a report of `kdoctor check --format json`.

    ``source`` names the file in messages; ``more``: sections of plug-ins. Raises Trouble with the place of the first
    error. Sections that this release does not know are left out.
    """
    if len(data) > MAX_BYTES:
        raise _trouble("facts-too-large", source, f"larger than {MAX_BYTES >> 20} MB, which no facts are")
    if not data.strip():
        raise _trouble("facts-empty", source, "is empty", "Make facts with `kdoctor facts > facts.json`.")
    try:
        document = msgspec.json.decode(data)
    except RecursionError as error:
        raise _trouble("facts-too-deep", source, f"is nested deeper than {MAX_DEPTH} levels") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _trouble("facts-not-json", source, f"is not JSON: {error}") from error
    if isinstance(document, dict) and isinstance(document.get("facts"), dict):
        document = document["facts"]
    if not isinstance(document, dict) or not isinstance(document.get("sections"), dict):
        hint = "Make facts with `kdoctor facts > facts.json`."
        raise _trouble("facts-not-facts", source, "is JSON, but not facts: there is no object `sections`", hint)
    if _depth(document) > MAX_DEPTH:
        raise _trouble("facts-too-deep", source, f"is nested deeper than {MAX_DEPTH} levels")
    return _facts_of(document, source, more)


def _placed(message: str, section: str) -> str:
    """The message of a section's error with its place in the whole document; at the section itself it has none.

    >>> _placed("Expected `str`, got `int` - at `$.release`", "$.sections.driver")
    'Expected `str`, got `int` - at `$.sections.driver.release`'
    """
    return message.replace("`$", f"`{section}") if "`$" in message else f"{message} - at `{section}`"


def _facts_of(document: dict[str, Any], source: str, more: Mapping[str, type[Section]]) -> Facts:
    schema = document.get("schema")
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise _trouble("facts-without-schema", source, "`schema` is not a positive whole number")
    if schema > SCHEMA:
        hint = "Update it: `pip install -U keras-doctor`."
        message = f"has facts of schema {schema}; this kdoctor reads up to {SCHEMA}"
        raise _trouble("facts-newer", source, message, hint)
    kinds = {**more, **section_kinds()}
    sections: dict[str, Answered] = {}
    for name, value in document["sections"].items():
        kind = kinds.get(name)
        if kind is None:
            continue
        try:
            sections[name] = convert_section(kind, value)
        except (msgspec.ValidationError, ValueError) as error:
            raise _trouble("facts-invalid", source, _placed(str(error), f"$.sections.{name}")) from error
    return Facts(schema=schema, origin="file", sections=sections)
