"""What a fix did, as Markdown: how it ended, then what the terminal showed."""

from __future__ import annotations

from kdoctor.render import marked
from kdoctor.render.fix_told import Told


def render(told: Told) -> str:
    """A sentence and a block."""
    return (
        "\n".join(["# kdoctor fix", "", f"**{marked.prose(told.end)}**", "", *marked.block(told.lines, "text")]) + "\n"
    )
