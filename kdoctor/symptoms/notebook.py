"""What does a notebook show? Its cells' code and outputs as the lines that a person saw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

MAX_BYTES = 24 << 20
_MOST_VALUES = 300_000  # each takes up to a hundred times its bytes in memory; more is read as any other text
_OUTPUTS = ("text", "traceback", "evalue")


def looks_like_notebook(head: bytes) -> bool:
    """Whether a file begins as an .ipynb does."""
    return head.lstrip()[:1] == b"{" and (b'"cells"' in head or b'"nbformat"' in head)


def notebook_text(data: bytes | bytearray) -> str | None:
    """Sources and outputs as text, None where it is no notebook, or one of very many values."""
    if data.count(b",") > _MOST_VALUES:
        return None
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        return None
    return "\n".join(text for cell in cells if isinstance(cell, dict) for text in _cell(cell))


def _cell(cell: dict[str, Any]) -> Iterator[str]:
    yield _joined(cell.get("source"), "")
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        if not isinstance(output, dict):
            continue
        for key in _OUTPUTS:
            yield _joined(output.get(key), "\n" if key == "traceback" else "")
        data = output.get("data")
        if isinstance(data, dict):
            yield _joined(data.get("text/plain"), "")


def _joined(value: object, between: str) -> str:
    if isinstance(value, list):
        return between.join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""
