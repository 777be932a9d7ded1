"""A report as a small piece of a notebook: the primary finding and what to do, the rest folded away.

It brings no script, takes text and background from the page around it, and keeps to colours that can be read on white
and on black, so that it is legible in a light and in a dark notebook, and where the style sheet is taken out.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator

from kdoctor.model.bench import Verdict
from kdoctor.model.finding import Finding, Severity
from kdoctor.model.report import Report
from kdoctor.render.overview import overview
from kdoctor.render.text import plain, summary, visible

COLOURS: dict[Severity, str] = {"error": "#e0393e", "warning": "#a86f00", "note": "#2f81c7"}
FINE = "#2e8b57"
WIDTH = 100
MOST_COMMANDS = 4
BOX = "border-left:4px solid {colour};padding:.2em 0 .2em .8em;margin:.3em 0;line-height:1.45;text-align:left"
FOLDED = "<details><summary>{title}</summary><pre style='white-space:pre-wrap;font-size:.9em'>{text}</pre></details>"


def one_line(report: Report) -> str:
    """The primary finding in one line, else that nothing was found.

    >>> from kdoctor.model.facts.base import SCHEMA, Facts
    >>> empty = Report(
    ...     schema=1, kdoctor="0", origin="log", primary=None, findings=(), outcomes=(), seconds=0.0,
    ...     facts=Facts(schema=SCHEMA, origin="log", sections={}),
    ... )
    >>> one_line(empty)
    'Nothing wrong was found.'
    """
    first = report.primary
    return summary(report) if first is None else visible(f"{first.id} {first.name}: {first.what}")


def of_check(report: Report) -> str:
    """The report as HTML."""
    first = report.primary
    colour = FINE if first is None else COLOURS[first.severity]
    body = [_line("b", summary(report))] if first is None else list(_finding(first))
    rest = [finding for finding in report.findings if finding is not first and finding.role != "harmless"]
    body += [_line("div", f"{finding.severity} {finding.id} {finding.name}: {finding.what}") for finding in rest]
    examined = next((text for label, text in overview(report.facts) if label in ("examined", "read")), "")
    body.append(f"<div style='opacity:.75;font-size:.9em'>{_escaped(examined)}</div>")
    body.append(FOLDED.format(title="whole report", text=_escaped_lines(plain(report, width=WIDTH))))
    return _box(colour, body)


def of_bench(text: str, verdicts: Iterable[Verdict]) -> str:
    """The tables as they are printed, under what they mean."""
    said = tuple(verdicts)
    colour = next((COLOURS[level] for level in COLOURS if any(verdict.severity == level for verdict in said)), FINE)
    body = [_line("div", f"{verdict.severity} {verdict.name}: {verdict.what}") for verdict in said]
    return _box(colour, [*body, f"<pre style='font-size:.9em'>{_escaped_lines(text)}</pre>"])


def _box(colour: str, body: Iterable[str]) -> str:
    return f"<div class='kdoctor' style='{BOX.format(colour=colour)}'>{''.join(body)}</div>"


def _finding(finding: Finding) -> Iterator[str]:
    unsure = "" if finding.confidence == "certain" else f", {finding.confidence}"
    head = _escaped(f"{finding.severity}{unsure} {finding.id}")
    yield f"<div><b style='color:{COLOURS[finding.severity]}'>{head}</b> <b>{_escaped(finding.name)}</b></div>"
    yield _line("div", finding.what)
    yield f"<div style='opacity:.85'>{_escaped(finding.why)}</div>"
    yield _line("div", finding.remedy.text)
    commands = list(finding.remedy.commands)
    if finding.remedy.recipe:
        commands.append(f"kdoctor fix --recipe {finding.remedy.recipe}")
    if commands:
        shown = "\n".join(_escaped(command) for command in commands[:MOST_COMMANDS])
        yield f"<pre style='white-space:pre-wrap;margin:.3em 0'>{shown}</pre>"


def _line(tag: str, text: str) -> str:
    return f"<{tag}>{_escaped(text)}</{tag}>"


def _escaped(text: str) -> str:
    return html.escape(visible(text))


def _escaped_lines(text: str) -> str:
    return "\n".join(_escaped(line) for line in text.splitlines())
