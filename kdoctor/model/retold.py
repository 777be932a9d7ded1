"""A document with each free text in it changed; its types, and words of fixed sets such as severities, stay."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

import msgspec

from kdoctor.model.facts.base import Facts

Document = TypeVar("Document")
Change = Callable[[str], str]


def retold(document: Document, change: Change) -> Document:
    """The same document with ``change`` applied to every text that is not one of a fixed set."""
    told: Document = _value(document, change, {})
    return told


def _value(value: Any, change: Change, free: dict[type, tuple[str, ...]]) -> Any:  # noqa: ANN401  any field of any struct
    if isinstance(value, str):
        return change(value)
    if isinstance(value, (tuple, list)):
        return tuple(_value(item, change, free) for item in value)
    if isinstance(value, Facts):  # the names of sections are no texts
        return msgspec.structs.replace(
            value, sections={name: _value(item, change, free) for name, item in value.sections.items()}
        )
    if isinstance(value, Mapping):
        return {_value(name, change, free): _value(item, change, free) for name, item in value.items()}
    if isinstance(value, msgspec.Struct):
        kind = type(value)
        if kind not in free:
            free[kind] = _free_fields(kind)
        changed = {name: _value(getattr(value, name), change, free) for name in free[kind]}
        return msgspec.structs.replace(value, **changed)
    return value


def _free_fields(kind: type) -> tuple[str, ...]:
    hints = typing.get_type_hints(kind)
    return tuple(name for name, hint in hints.items() if not _is_fixed(hint) and not name.startswith("__"))


def _is_fixed(hint: object) -> bool:
    return typing.get_origin(hint) is Literal or any(_is_fixed(part) for part in typing.get_args(hint))
