"""What training gave, for people: a table of results, what they mean, and what was disturbed.

``lines`` is a pure function of the document and a width; as in ``render.text`` a line is a tuple of (text, style)
pieces, so that a pipe gets plain text and a terminal the same text in colour.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence

from kdoctor.model.bench import Bench, Result, Verdict
from kdoctor.render.text import MAX_WIDTH, MIN_WIDTH, STYLES, Line, visible

SIGMA = 1.4826
LABEL = 6
DIGITS = ((0.09995, 4), (0.9995, 3), (9.995, 2), (99.95, 1))  # a value below the limit has so many after the point
_COMMAND = re.compile(r"`[^`]*`")
_HELD = "\ue000"  # a blank at which no line ends
GOOD = ("ok",)
STATUS_STYLES = {"ok": "green", "noisy": "yellow", "skipped": "dim", "interrupted": "dim"}
SHORT = {"mixed_bfloat16": "bfloat16", "mixed_float16": "float16", "float32": "float32"}
Column = tuple[str, Callable[[Result], str]]


def step(result: Result) -> str:
    """Milliseconds a step to three digits."""
    return "-" if result.step_ms is None else short(result.step_ms.median)


def spread(result: Result) -> str:
    """The robust standard deviation of a chunk, in percent."""
    ms = result.step_ms
    return "-" if ms is None or ms.median <= 0 else f"{100 * SIGMA * ms.mad / ms.median:.0f}%"


def short(value: float) -> str:
    """Three digits, without an exponent.

    >>> [short(value) for value in (0.01234, 4.9213, 9.999, 48.77, 1335.2, 187000.0)]
    ['0.0123', '4.92', '10.0', '48.8', '1335', '187000']
    """
    digits = next((digits for limit, digits in DIGITS if value < limit), 0)
    return f"{value:.{digits}f}"


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


COLUMNS: tuple[Column, ...] = (
    ("device", lambda one: one.device + ("*" if one.on_device else "")),
    ("mode", lambda one: one.mode),
    ("precision", lambda one: SHORT[one.precision]),
    ("epochs", lambda one: str(one.epochs)),
    ("batch", lambda one: str(one.batch_size)),
    ("ms/step", step),
    ("+-", spread),
    ("samples/s", lambda one: "-" if one.samples_per_s is None else short(one.samples_per_s)),
    ("peak", lambda one: "-" if one.percent_of_peak is None else f"{one.percent_of_peak:.1f}%"),
    ("accuracy", lambda one: _or_dash(one.accuracy, ".3f")),
    ("status", lambda one: one.status),
)
LEFT = ("device", "mode", "precision", "status")
USUAL = {"mode": "public", "precision": "float32", "epochs": "0", "peak": "-", "accuracy": "-"}


def columns(results: Sequence[Result]) -> tuple[Column, ...]:
    """The columns that say something: one that holds only the usual value is left out."""
    return tuple(
        (name, of) for name, of in COLUMNS if name not in USUAL or {of(one) for one in results} != {USUAL[name]}
    )


def lines(bench: Bench, *, width: int = 80) -> Iterator[Line]:
    """The report as lines of at most ``width`` columns."""
    width = max(MIN_WIDTH, min(width, MAX_WIDTH))
    shown = columns(bench.results)
    for title, group in groups(bench.results).items():
        yield from _wrapped(title, width, "", "bold")
        yield from _table(group, shown, bench.results)
        yield ()
    if any(result.on_device for result in bench.results):
        yield (("* with the data already on the device", "dim"),)
        yield ()
    yield from _notes(bench.results, width)
    for verdict in bench.verdicts:
        yield from verdict_lines(verdict, width)
    yield ((summary(bench), "bold"),)


def plain(bench: Bench, *, width: int = 80) -> str:
    """The same text without styles."""
    text = ("".join(piece for piece, _ in line).rstrip() for line in lines(bench, width=width))
    return "\n".join(text) + "\n"


def groups(results: Sequence[Result]) -> dict[str, list[Result]]:
    """Results below a title: workload, backend, and what they were trained on."""
    found: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        found.setdefault((result.workload, result.backend), []).append(result)
    titled = {}
    for (workload, backend), group in found.items():
        data = next((result.data for result in group if result.data), "")
        parameters = next((result.parameters for result in group if result.parameters), 0)
        said = [text for text in (data, f"{parameters:,} parameters" if parameters else "") if text]
        titled[f"{workload} on {backend}" + (f"   {', '.join(said)}" if said else "")] = group
    return titled


def _table(group: Sequence[Result], shown: Sequence[Column], every: Sequence[Result]) -> Iterator[Line]:
    widths = {name: max(len(name), *(len(of(one)) for one in every)) for name, of in shown}
    head = " ".join(_cell(name, name, widths[name]) for name, _ in shown)
    yield (("  " + head, "dim"),)
    for result in group:
        row = " ".join(_cell(name, of(result), widths[name]) for name, of in shown[:-1])
        yield (("  " + visible(row) + " ", ""), (result.status, STATUS_STYLES.get(result.status, "red")))


def _cell(name: str, text: str, width: int) -> str:
    return f"{text:<{width}}" if name in LEFT else f"{text:>{width}}"


def noted(results: Sequence[Result]) -> Iterator[tuple[str, str, str]]:
    """Why a status is what it is, and what else is to be known: status, all that it is true of, and the text, once.

    Of several reasons for noise the first will do; the document has them all.
    """
    said: dict[str, list[Result]] = {}
    for result in results:
        for note in result.notes[:1] if result.status == "noisy" else result.notes:
            said.setdefault(note, []).append(result)
    for note, whose in said.items():
        names = ", ".join(dict.fromkeys(f"{one.workload} {one.backend} {one.device} {one.batch_size}" for one in whose))
        yield whose[0].status, names, note


def _notes(results: Sequence[Result], width: int) -> Iterator[Line]:
    said = list(noted(results))
    for status, names, note in said:
        yield from _wrapped(f"{status}: {names}: {note}", width, "  ", STATUS_STYLES.get(status, ""))
    if said:
        yield ()


def verdict_lines(verdict: Verdict, width: int) -> Iterator[Line]:
    """Its name, then what, why, what to do, and the figures."""
    yield ((verdict.severity, STYLES[verdict.severity]), ("  ", ""), (verdict.name, "bold"))
    rows = (("what", (verdict.what,)), ("why", (verdict.why,)), ("do", (verdict.do,)), ("seen", verdict.evidence))
    for label, texts in rows:
        parts = [part for text in texts for part in _parts(text, width - 2 - LABEL)]
        for number, part in enumerate(parts):
            yield ((f"  {label if number == 0 else '':<{LABEL}}", "dim"), (part, ""))
    yield ()


def _wrapped(text: str, width: int, indent: str, style: str) -> Iterator[Line]:
    for number, part in enumerate(_parts(text, width - len(indent))):
        yield ((part if number == 0 else indent + part, style),)


def _parts(text: str, width: int) -> list[str]:
    """Lines of that width; a command in backticks stays whole, to be copied."""
    held = _COMMAND.sub(lambda found: found[0].replace(" ", _HELD), visible(text))
    parts = textwrap.wrap(held, width, break_long_words=False, break_on_hyphens=False) or [""]
    return [part.replace(_HELD, " ") for part in parts]


def summary(bench: Bench) -> str:
    """One line: how many cells of each status, the gravest verdicts, the time."""
    counts: dict[str, int] = {}
    for result in bench.results:
        counts[result.status] = counts.get(result.status, 0) + 1
    said = ", ".join(f"{number} {status}" for status, number in counts.items()) or "nothing was measured"
    graver = [f"{n} {name}{'s' if n > 1 else ''}" for name in ("error", "warning") if (n := _count(bench, name))]
    return f"{said}; {', '.join(graver) or 'no warning'}; {bench.seconds:.0f} s."


def _count(bench: Bench, severity: str) -> int:
    return sum(verdict.severity == severity for verdict in bench.verdicts)
