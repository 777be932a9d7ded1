"""Where a report goes: one format to standard output, others to files, and in GitHub Actions to the job's summary."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

from kdoctor.model.trouble import Trouble
from kdoctor.streams import say
from kdoctor.terminal import tell, width, write_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kdoctor.host import User
    from kdoctor.options import Output
    from kdoctor.render.formats import Format
    from kdoctor.render.text import Line

    Lines = Callable[[int], Iterable[Line]]  # of so many columns

WIDTH = 80  # of text in a file
LARGEST_SUMMARY = 1 << 20  # GitHub drops a larger one


def deliver(
    report: Callable[[Format], object],
    outputs: Sequence[Output],
    known: Sequence[Format],
    *,
    text: Lines,
    redact_for: User | None,
    summary: bool = True,
) -> int:
    """Print and write the report, each output though another cannot be; 3 where one could not, else 0.

    ``report``: what a format renders; ``text``: its lines for people, ``redact_for``: whose personal values the other
    formats leave out, ``summary``: whether a job's summary gets it too.
    """
    in_order = sorted(outputs, key=lambda one: bool(one.path))
    codes = [_delivered(report, output, known, text, redact_for) for output in in_order]
    if summary:
        row = row_of("markdown", known)
        summarise(lambda: rendered(report(row), row, redact_for), outputs)
    return max(codes, default=0)


def _delivered(
    report: Callable[[Format], object], output: Output, known: Sequence[Format], text: Lines, redact_for: User | None
) -> int:
    row = row_of(output.format, known)
    try:
        if output.path:
            shown = rendered(report(row), row, redact_for) if row.module else plain(text(WIDTH))
            write_file(output.path, shown)
        elif row.module:
            printed(lambda: sys.stdout.write(rendered(report(row), row, redact_for)))
        else:
            printed(lambda: write_lines(text(width())))
    except Trouble as trouble:
        return say(trouble)
    return 0


def printed(write: Callable[[], object]) -> None:
    """Write to standard output; a reader that leaves early (`| head`) wants no more. Raises Trouble."""
    try:
        write()
        sys.stdout.flush()
    except BrokenPipeError:
        silence()
    except OSError as error:
        silence()
        raise Trouble("output-not-written", f"standard output: {error.strerror or error}") from error


def rendered(report: object, row: Format, redact_for: User | None) -> str:
    """The report in any format but text."""
    module = importlib.import_module(row.module)
    if row.name == "json":
        return f"{module.render(report, redact_for=redact_for)}\n"
    from kdoctor.model.retold import retold
    from kdoctor.render.json import change_for

    return str(module.render(retold(report, change_for(redact_for))))


def row_of(name: str, known: Sequence[Format]) -> Format:
    """The format of that name, which is known to exist."""
    return next(row for row in known if row.name == name)


def plain(lines: Iterable[Line]) -> str:
    """Lines without styles."""
    return "".join("".join(piece for piece, _ in line).rstrip() + "\n" for line in lines)


def write_file(path: str, text: str) -> None:
    """Whole or not at all, in the place of a report that is there. Raises Trouble."""
    from kdoctor.host.put import put

    put({path: text.encode("utf-8", "backslashreplace")}, force=True)


def refuse_outputs(outputs: Sequence[Output]) -> None:
    """Raise Trouble for two outputs in one file."""
    paths = [one.path for one in outputs if one.path]
    if len(paths) < 2:  # noqa: PLR2004  what compares paths starts slowly
        return
    from kdoctor.host.put import same_file

    for index, path in enumerate(paths):
        if any(same_file(path, other) for other in paths[:index]):
            raise Trouble("options-exclude-each-other", f"--format: two outputs go to {path}", code=2)


def summarise(markdown: Callable[[], str], outputs: Sequence[Output]) -> None:
    """In a job of GitHub Actions, add the report to the job's summary; that it cannot be is no failure of the job."""
    path = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not path or os.environ.get("GITHUB_ACTIONS") != "true" or any(one.path == path for one in outputs):
        return
    from kdoctor.host.put import append

    try:
        append(path, markdown().encode("utf-8", "backslashreplace"), most=LARGEST_SUMMARY)
    except Trouble as trouble:
        tell(f"the report is not in the job's summary: {trouble.message}")


def silence() -> None:
    """Nothing more is written to standard output."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
