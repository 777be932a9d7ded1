"""The report for people: the primary cause first, then what follows from it, then what was ruled out.

``lines`` is a pure function of the report and a width; a line is a tuple of (text, style) pieces, so that a pipe gets
plain text without importing anything and a terminal gets the same text in colour. Styles are names that rich knows.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby

from kdoctor.model.finding import Finding, Outcome
from kdoctor.model.report import Report
from kdoctor.render.overview import overview

Piece = tuple[str, str]
Line = tuple[Piece, ...]
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
    r"|(?<!\S):(?=:)|#(?=#\[)"  # a command to the runner of GitHub Actions, at the begin of a line or anywhere
)
NEEDS = {"needs-root": " Needs root.", "changes-environment": " Changes the environment.", "safe": ""}
STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
LABEL = 6
LONGEST_WORD = 40
LONGEST_NAME = 46
MIN_WIDTH, MAX_WIDTH = 60, 100


def visible(text: str) -> str:
    r"""Text with what steers a terminal, or a job whose log it is in, shown as escapes: machines say anything.

    >>> visible("a\x1b[31mb"), visible("::add-mask::x")
    ('a\\x1b[31mb', '\\x3a:add-mask::x')
    """
    return _UNPRINTABLE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    sign = match[0]
    return f"\\x{ord(sign):02x}" if sign in ":#" else sign.encode("unicode_escape").decode()


def lines(report: Report, *, width: int = 80, verbosity: int = 0) -> Iterator[Line]:
    """The report as lines of at most ``width`` columns; commands, and paths longer than a line, are not broken."""
    width = max(MIN_WIDTH, min(width, MAX_WIDTH))
    if verbosity >= 0:
        config = [("config", report.config)] if report.config else []
        for label, value in (*overview(report.facts), *config):
            yield from _labelled(label, value, width, 11)
        yield ()
    shown = [finding for finding in report.findings if finding.role != "harmless"]
    for finding in shown:
        if verbosity < 0 and finding.role != "primary":
            continue
        if finding.role == "consequence" and verbosity < 1:
            yield from _consequence(finding, width)
        else:
            yield from finding_lines(finding, width)
    for finding in report.findings:
        if finding.role == "harmless" and verbosity >= 0:
            yield from _labelled("harmless", f"{finding.what} {finding.why}", width, 10)
    if verbosity >= 0:
        yield from _outcomes(report, width, verbosity)
    if verbosity >= 0 or shown:
        yield ((summary(report), "bold"),)


def plain(report: Report, *, width: int = 80, verbosity: int = 0) -> str:
    """The same text without styles."""
    text = ("".join(piece for piece, _ in line).rstrip() for line in lines(report, width=width, verbosity=verbosity))
    return "\n".join(text) + "\n"


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(visible(text), width, break_long_words=False, break_on_hyphens=False) or [""]


def _labelled(label: str, text: str, width: int, indent: int, style: str = "dim") -> Iterator[Line]:
    for number, part in enumerate(_wrap(text, width - indent)):
        head = label if number == 0 else ""
        yield ((f"{head:<{indent}}", style), (part, ""))


def finding_lines(finding: Finding, width: int) -> Iterator[Line]:
    """One finding in full: what, why, what to do, what was seen."""
    marks = {"primary": "  (primary cause)", "consequence": f"  (follows from {finding.consequence_of})"}
    mark = marks.get(finding.role, "") + _from(finding)
    unsure = "" if finding.confidence == "certain" else f", {finding.confidence}"
    head = f"{finding.severity}{unsure} {finding.id}"
    yield ((head, STYLES[finding.severity]), ("  ", ""), (finding.name, "bold"), (mark, "dim"))
    yield from _section("what", _wrap(finding.what, width - 2 - LABEL))
    yield from _section("why", _wrap(finding.why, width - 2 - LABEL))
    yield from _remedy(finding, width)
    yield from _evidence(finding, width)
    yield ()


def _from(item: Finding | Outcome) -> str:
    return f"  (from {visible(item.distribution)})" if item.distribution else ""


def _section(label: str, parts: Iterable[str]) -> Iterator[Line]:
    for number, part in enumerate(parts):
        yield ((f"  {label if number == 0 else '':<{LABEL}}", "dim"), (part, ""))


def _remedy(finding: Finding, width: int) -> Iterator[Line]:
    text = finding.remedy.text + NEEDS[finding.remedy.safety]
    yield from _section("do", _wrap(text, width - 2 - LABEL))
    for command in finding.remedy.commands:
        yield ((" " * (6 + LABEL), ""), (visible(command), "green"))
    if finding.remedy.recipe:
        yield from _section("", ["Or make an environment that fits this machine:"])
        yield ((" " * (6 + LABEL), ""), (f"kdoctor fix --recipe {visible(finding.remedy.recipe)}", "green"))


def _evidence(finding: Finding, width: int) -> Iterator[Line]:
    column = min(max((len(item.fact) for item in finding.evidence), default=0), 28)
    room = width - 2 - LABEL - column - 2
    label = "seen"
    for (fact, source), items in groupby(finding.evidence, lambda item: (item.fact, item.source)):
        for number, part in enumerate(_seen([item.value for item in items], source, room)):
            yield ((f"  {label:<{LABEL}}", "dim"), (f"{visible(fact) if number == 0 else '':<{column}}  {part}", ""))
            label = ""


def _seen(values: list[str], source: str, room: int) -> list[str]:
    """Values of one kind and source: paths and sentences one a line, words in a row; the source where there is room."""
    texts = values if any("/" in value or len(value) > LONGEST_WORD for value in values) else [", ".join(values)]
    parts = [part for text in texts for part in _wrap(text, room)]
    if not source:
        return parts
    last = f"{parts[-1]}   {visible(source)}"
    return [*parts[:-1], last] if len(last) <= room else parts + _wrap(source, room)


def _consequence(finding: Finding, width: int) -> Iterator[Line]:
    head = f"  follows from {finding.consequence_of}: {finding.severity} {finding.id} {finding.name}{_from(finding)}"
    yield ((head, "dim"),)
    for part in _wrap(finding.what, width - 4):
        yield (("    " + part, ""),)
    yield ()


def _outcomes(report: Report, width: int, verbosity: int) -> Iterator[Line]:
    states = {"undetermined": "could not be decided", "crashed": "crashed"}
    for state, title in states.items():
        some = [outcome for outcome in report.outcomes if outcome.state == state]
        if some:
            yield ((f"{title}:", "dim"),)
            yield from _reasons(some, width, verbosity)
            yield ()
    if report.primary is not None or verbosity > 0:
        ruled_out = [outcome for outcome in report.outcomes if outcome.state == "clear"]
        if ruled_out:
            yield (("ruled out:", "dim"),)
            shown = ruled_out if verbosity > 0 else ruled_out[:6]
            yield from _table(shown, width)
            if len(shown) < len(ruled_out):
                yield ((f"  and {len(ruled_out) - len(shown)} more: add -v", "dim"),)
            yield ()
    if verbosity > 1:
        other = [outcome for outcome in report.outcomes if outcome.state == "not-applicable"]
        if other:
            yield (("not applicable here:", "dim"),)
            yield from _table(other, width)
            yield ()


def _table(outcomes: list[Outcome], width: int) -> Iterator[Line]:
    """Name and reason in two columns."""
    named = [(f"{visible(outcome.name)}{_from(outcome)}"[:LONGEST_NAME], outcome.reason) for outcome in outcomes]
    column = max(len(name) for name, _ in named) + 4
    for name, reason in named:
        yield from _labelled(f"  {name}", reason, width, column, "")


def _reasons(some: list[Outcome], width: int, verbosity: int) -> Iterator[Line]:
    """Rules that share a reason are told in one line, unless every one is asked for."""
    if verbosity > 0:
        yield from _table(some, width)
        return
    groups: dict[str, list[str]] = {}
    for outcome in some:
        groups.setdefault(outcome.reason, []).append(f"{outcome.name}{_from(outcome)}")
    for reason, names in groups.items():
        listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")  # noqa: PLR2004
        for number, part in enumerate(_wrap(f"{listed}: {reason}", width - 4)):
            yield (("  " if number == 0 else "    ", ""), (part, ""))


def summary(report: Report) -> str:
    """One line: how many findings of each kind, or that nothing is wrong."""
    counts = {"error": 0, "warning": 0, "note": 0}
    for finding in report.findings:
        if finding.role != "harmless":
            counts[finding.severity] += 1
    said = [f"{number} {name}{'s' if number > 1 else ''}" for name, number in counts.items() if number]
    states = [outcome.state for outcome in report.outcomes]
    clear, undecided = states.count("clear"), states.count("undetermined") + states.count("crashed")
    tail = (
        f"; {clear} rule{'' if clear == 1 else 's'} clear, {undecided} undecided"
        if report.outcomes or report.origin != "log"
        else ""
    )
    return f"{', '.join(said) or 'Nothing wrong was found'}{tail}."
