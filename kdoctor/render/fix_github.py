"""How a fix ended, as an annotation of GitHub Actions."""

from __future__ import annotations

from kdoctor.render.fix_told import Told
from kdoctor.render.github import annotation


def render(told: Told) -> str:
    """One line."""
    return annotation(told.level, "kdoctor fix", [told.end])
