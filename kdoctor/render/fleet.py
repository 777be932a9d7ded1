"""The report on many machines for people: what is wrong where, what differs, and a map of the machines."""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.model.fleet import FleetReport
from kdoctor.render.text import Line, finding_lines, visible

MARKS = {"ok": ".", "note": "n", "warning": "w", "error": "E", "lost": "?"}
STYLES = {"ok": "green", "note": "cyan", "warning": "yellow", "error": "bold red", "lost": "bold magenta"}
WORDS = {"ok": "nothing wrong", "note": "note", "warning": "warning", "error": "error", "lost": "no report"}
LEGEND = "   ".join(f"{MARKS[state]} {word}" for state, word in WORDS.items())
FEWEST_MAPPED, MOST_MAPPED = 9, 2000
SHOWN_VALUES = 3


def lines(report: FleetReport, *, width: int = 80, verbosity: int = 0) -> Iterator[Line]:
    """The report as lines of at most ``width`` columns."""
    if verbosity >= 0:
        yield from _head(report)
    for finding in report.findings:
        if verbosity < 0 and finding.role != "primary":
            continue
        yield from finding_lines(finding, width)
    if verbosity >= 0:
        yield from _map(report, width)
    yield ((summary(report), "bold"),)


def _head(report: FleetReport) -> Iterator[Line]:
    titles = [visible(row.title) for row in report.shared]
    column = max(map(len, ("machines", *titles))) + 2
    yield ((f"{'machines':<{column}}", "dim"), (f"{len(report.map)}, of which {report.answered} gave a report", ""))
    for title, row in zip(titles, report.shared, strict=True):
        values = [f"{visible(value)} ({number})" for value, number in row.values[:SHOWN_VALUES]]
        more = f" and {len(row.values) - SHOWN_VALUES} more" if len(row.values) > SHOWN_VALUES else ""
        only = row.values[0][1] == report.answered
        text = visible(row.values[0][0]) if only else ", ".join(values) + more
        yield ((f"{title:<{column}}", "dim"), (text, ""))
    yield ()


def _map(report: FleetReport, width: int) -> Iterator[Line]:
    """A mark for each machine, in rows of ten times ten, where they are many."""
    if not FEWEST_MAPPED <= len(report.map) <= MOST_MAPPED:
        return
    label = max(len(row.name) for row in report.map[::10]) + 2
    many = max(1, min(50, (width - label) // 11 * 10))
    for start in range(0, len(report.map), many):
        part = report.map[start : start + many]
        pieces: list[tuple[str, str]] = [(f"{visible(part[0].name):<{label}}", "dim")]
        for number, row in enumerate(part):
            gap = " " if number and number % 10 == 0 else ""
            pieces.append((gap + MARKS[row.state], STYLES[row.state]))
        yield tuple(pieces)
    yield ((LEGEND, "dim"),)
    yield ()


def summary(report: FleetReport) -> str:
    """The last line: how many machines, and of how many something is to be said."""
    states = [row.state for row in report.map]
    counts = [(states.count("error"), "with an error"), (states.count("warning"), "with a warning")]
    counts.append((states.count("lost"), "without a report"))
    odd = sum(1 for row in report.map if row.differs)
    counts.append((odd, "unlike the others"))
    said = ", ".join(f"{number} {what}" for number, what in counts if number)
    return f"{len(states)} machine{'' if len(states) == 1 else 's'}: {said or 'nothing wrong was found'}."
