"""What training gave as annotations of GitHub Actions: one for each verdict."""

from __future__ import annotations

from kdoctor.model.bench import Bench
from kdoctor.render.github import LEVELS, annotation


def render(bench: Bench) -> str:
    """Errors, warnings and notices; every failure of a cell has a verdict."""
    return "".join(
        annotation(LEVELS[one.severity], f"kdoctor bench: {one.name}", [one.what, one.why, one.do, *one.evidence])
        for one in bench.verdicts
    )
