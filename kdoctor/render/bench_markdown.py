"""What training gave, as Markdown for a page or an issue."""

from __future__ import annotations

import re

from kdoctor.model.bench import Bench, Verdict
from kdoctor.render.bench import LEFT, columns, groups, summary
from kdoctor.render.marked import escaped, prose, row


def render(bench: Bench) -> str:
    """A table for each workload and backend, then what it means."""
    parts = ["# kdoctor bench", ""]
    shown = columns(bench.results)
    for title, group in groups(bench.results).items():
        parts += [f"## {escaped(title)}", ""]
        parts.append("| " + " | ".join(name for name, _ in shown) + " |")
        parts.append("|" + "|".join("---" if name in LEFT else "---:" for name, _ in shown) + "|")
        parts += [row(escaped(of(result)) for _, of in shown) for result in group]
        parts += ["", *(f"- {result.status}: {prose(note)}" for result in group for note in result.notes), ""]
    for verdict in bench.verdicts:
        parts += _verdict(verdict)
    versions = ", ".join(f"{escaped(name)} {escaped(value)}" for name, value in bench.environment.items())
    parts += [f"{summary(bench)}", *([f"Environment: {versions}."] if versions else [])]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)) + "\n"


def _verdict(verdict: Verdict) -> list[str]:
    head = f"### {verdict.severity}: {verdict.name}"
    body = [prose(verdict.what), "", prose(verdict.why), "", prose(verdict.do), ""]
    return [head, "", *body, *(f"- {prose(one)}" for one in verdict.evidence), ""]
