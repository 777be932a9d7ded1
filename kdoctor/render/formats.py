"""The formats of each command's report: a row each; `kdoctor.outputs` imports a module when its format is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Format(NamedTuple):
    """``module``: where ``render(report) -> str`` is; "" for text, which a terminal measures and colours."""

    name: str
    module: str


CHECK = (
    Format("text", ""),
    Format("json", "kdoctor.render.json"),
    Format("markdown", "kdoctor.render.markdown"),
    Format("html", "kdoctor.render.html.report"),
    Format("junit", "kdoctor.render.junit"),
    Format("sarif", "kdoctor.render.sarif"),
    Format("github", "kdoctor.render.github"),
    Format("gitlab", "kdoctor.render.gitlab"),
    Format("prometheus", "kdoctor.render.prometheus"),
)
BENCH = (
    Format("text", ""),
    Format("json", "kdoctor.render.json"),
    Format("markdown", "kdoctor.render.bench_markdown"),
    Format("html", "kdoctor.render.html.bench"),
    Format("junit", "kdoctor.render.bench_junit"),
    Format("github", "kdoctor.render.bench_github"),
    Format("prometheus", "kdoctor.render.bench_prometheus"),
)
FIX = (
    Format("text", ""),
    Format("json", "kdoctor.render.json"),
    Format("markdown", "kdoctor.render.fix_markdown"),
    Format("github", "kdoctor.render.fix_github"),
)
FLEET = (
    Format("text", ""),
    Format("json", "kdoctor.render.json"),
    Format("html", "kdoctor.render.html.fleet"),
)
SCALING = (
    Format("text", ""),
    Format("json", "kdoctor.render.json"),
    Format("html", "kdoctor.render.html.scaling"),
)


def names(formats: Iterable[Format]) -> tuple[str, ...]:
    """What can be asked for."""
    return tuple(row.name for row in formats)
