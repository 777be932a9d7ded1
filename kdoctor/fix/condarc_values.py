"""What several conda configuration files say together: conda's rules for merging and for types.

Input: documents in the order of the search path, the last being the strongest; output: values with the place that each
came from. `#!final` on a setting lets no later document change it; `#!top` and `#!bottom` move an item of a list.
A value of a wrong type is a Trouble that names file, line and setting, and never the value where it could be secret.

Rules: conda/common/configuration.py of conda 26.9, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, TypeAlias, Union

import msgspec

from kdoctor.model.trouble import Trouble

Mark = Literal["", "final", "top", "bottom"]
TRUE = ("true", "yes", "on", "y")
FALSE = ("false", "off", "n", "no", "non", "none", "")
NULL = ("", "~", "null", "Null", "NULL")


class Node(msgspec.Struct, frozen=True):
    """A value of a document; every scalar is text, as it was written, and None where nothing was."""

    value: Value
    mark: Mark = ""
    line: int = 0


Value: TypeAlias = Union[str, tuple[Node, ...], Mapping[str, Node], None]  # noqa: UP007  an alias on Python 3.10


class Document(msgspec.Struct, frozen=True):
    """The settings of one place: a file, or a variable, by the name that it is shown with."""

    source: str
    settings: Mapping[str, Node]

    def where(self, node: Node) -> str:
        """``/etc/conda/.condarc, line 3``."""
        return f"{self.source}, line {node.line}" if node.line else self.source


class Placed(NamedTuple):
    """A text and the document that it comes from."""

    text: str
    source: str


class Found(NamedTuple):
    """A node, the document that has it, and the name it has there."""

    document: Document
    node: Node
    name: str

    def wrong(self, needed: str, seen: str = "") -> Trouble:
        """What to raise where the node is something else."""
        kinds = {str: "a text", tuple: "a list", type(None): "empty"}
        seen = seen or kinds.get(type(self.node.value), "a table of names and values")
        message = f"{self.document.where(self.node)}: `{self.name}` is {seen}; {needed} is needed"
        return Trouble("condarc-wrong-type", message, hint="Correct it; conda would refuse it too.")


def gather(documents: Iterable[Document], names: tuple[str, ...]) -> list[Found]:
    """The nodes of a setting, weakest first; raises Trouble where one document has it under two of its names."""
    found = []
    for document in documents:
        present = [name for name in names if name in document.settings]
        if len(present) > 1:
            both = " and ".join(f"`{name}`" for name in present)
            message = f"{document.source}: {both} are two names of one setting"
            raise Trouble("condarc-two-names", message, hint=f"Keep `{names[0]}`.")
        found += [Found(document, document.settings[name], name) for name in present]
    return [one for one in found if one.node.value is not None]


def _relevant(found: list[Found]) -> list[Found]:
    last = next((index for index, one in enumerate(found) if one.node.mark == "final"), len(found))
    return found[: last + 1]


def merge_text(found: list[Found]) -> Placed | None:
    """The last text, or the first that is final."""
    relevant = _relevant(found)
    if not relevant:
        return None
    one = relevant[-1]
    if not isinstance(one.node.value, str):
        raise one.wrong("a text")
    return Placed(one.node.value, one.document.source)


def merge_list(found: list[Found]) -> tuple[Placed, ...]:
    """The items of all lists, the strongest document first, each once."""
    relevant = _relevant(found)
    items = [(list(_items(one)), one.document.source) for one in relevant]
    top = [Placed(text, source) for rows, source in items for text, mark in rows if mark == "top"]
    bottom = [Placed(text, source) for rows, source in reversed(items) for text, mark in rows if mark == "bottom"]
    every = [Placed(text, source) for rows, source in reversed(items) for text, _ in rows]
    forward = _unique([*top, *every])
    return tuple(reversed(_unique([*reversed(bottom), *reversed(forward)])))


def _items(one: Found) -> Iterable[tuple[str, Mark]]:
    if not isinstance(one.node.value, tuple):
        raise one.wrong("a list")
    for item in one.node.value:
        if not isinstance(item.value, str):
            raise Found(one.document, item, one.name).wrong("a text in each row of it")
        yield item.value, item.mark


def _unique(rows: list[Placed]) -> list[Placed]:
    first: dict[str, Placed] = {}
    for row in rows:
        first.setdefault(row.text, row)
    return list(first.values())


def _children(found: list[Found]) -> dict[str, list[Found]]:
    grouped: dict[str, list[Found]] = {}
    for one in _relevant(found):
        if not isinstance(one.node.value, Mapping):
            raise one.wrong("a table of names and values")
        for key, child in one.node.value.items():
            if child.value is not None:
                grouped.setdefault(key, []).append(Found(one.document, child, f"{one.name}.{key}"))
    return grouped


def merge_map(found: list[Found]) -> dict[str, Placed]:
    """Names to texts; of a name in several documents, the strongest."""
    merged = {key: merge_text(rows) for key, rows in _children(found).items()}
    return {key: value for key, value in merged.items() if value is not None}


def merge_lists(found: list[Found]) -> dict[str, tuple[Placed, ...]]:
    """Names to lists, merged name by name."""
    return {key: merge_list(rows) for key, rows in _children(found).items()}


def flag(found: list[Found], *, default: bool) -> bool:
    """True or false, in any of the words that conda takes."""
    placed = merge_text(found)
    if placed is None:
        return default
    value = is_true(placed.text)
    if value is None:
        raise _relevant(found)[-1].wrong("true or false", repr(placed.text))
    return value


def is_true(text: str) -> bool | None:
    """What conda makes of a text where it wants a truth value, None where it is none.

    >>> [is_true(text) for text in ("Yes", "off", "0.0", "2", "/etc/ca.pem")]
    [True, False, False, True, None]
    """
    word = text.strip().lower()
    if word in TRUE or word in FALSE:
        return word in TRUE
    digits = word.replace(".", "", 1)
    return bool(float(digits)) if digits.isascii() and digits.isdigit() else None


def number(found: list[Found], default: float) -> float:
    """A number that is not negative."""
    placed = merge_text(found)
    if placed is None:
        return default
    try:
        value = float(placed.text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise _relevant(found)[-1].wrong("a number", repr(placed.text))
    return value
