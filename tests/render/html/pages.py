"""What a page consists of, read by the standard library's parser: tags, attributes, and the text within a tag."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import msgspec

VOID = {"meta", "wbr"}


class Page(HTMLParser):
    """Every start tag with its attributes, and the text of each element in order."""

    def __init__(self, html: str) -> None:
        """Read all of it."""
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        for tag in self.open:
            self.texts[tag][-1] += data

    @property
    def shape(self) -> set[tuple[str, tuple[str, ...]]]:
        """The kinds of elements: tag and names of attributes."""
        return {(tag, tuple(sorted(attributes))) for tag, attributes in self.tags}

    def first(self, tag: str) -> str:
        """The text of the first such element."""
        return self.texts[tag][0]

    def all(self, tag: str) -> list[str]:
        """The texts of all of them."""
        return self.texts.get(tag, [])

    def classes(self, tag: str) -> list[str]:
        """The attribute class of each."""
        return [attributes.get("class", "") for name, attributes in self.tags if name == tag]


def poisoned(value: Any, payload: str) -> Any:  # noqa: ANN401  any document
    """The same document with ``payload`` behind every text that is free, keys of mappings too."""
    if isinstance(value, (tuple, list)):
        return tuple(poisoned(item, payload) for item in value)
    if isinstance(value, dict):
        return {name: poisoned(item, payload) for name, item in value.items()}
    if isinstance(value, msgspec.Struct):
        fields = {name: getattr(value, name) for name in value.__struct_fields__ if name not in FIXED}
        return msgspec.structs.replace(value, **{name: poisoned(item, payload) for name, item in fields.items()})
    return f"{value} {payload}" if isinstance(value, str) else value


FIXED = frozenset((
    "severity", "confidence", "role", "safety", "state", "origin", "source", "framework", "gpu", "kind", "workload",
    "backend", "device", "mode", "precision", "status",
))  # fmt: skip
