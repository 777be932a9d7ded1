"""What a terminal or a pipe gets: the report, questions and progress."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TextIO, TypeVar

from kdoctor.check.collect import Progress
from kdoctor.host import User
from kdoctor.model.trouble import Trouble
from kdoctor.render.json import render
from kdoctor.render.text import Line, visible

if TYPE_CHECKING:
    from rich.text import Text

    from kdoctor.model.plan import Download

Result = TypeVar("Result")
PROGRESS_AFTER_S = 0.4
REDRAWN_PER_S = 2  # what is measured beside it must not notice
NO_TERMINALS = ("dumb", "unknown", "")
Draw = Callable[[float, int, int], Iterable[Line]]


def width() -> int:
    """The terminal's columns."""
    return shutil.get_terminal_size((80, 24)).columns


def write_lines(some: Iterable[Line], stream: TextIO | None = None) -> None:
    """Lines of pieces on a stream, stdout if left out: in colour on a terminal, plain in a pipe."""
    stream = stream or sys.stdout
    if not coloured(stream):
        stream.write("".join("".join(text for text, _ in line).rstrip() + "\n" for line in some))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False, file=stream)
    for line in some:
        console.print(Text.assemble(*((piece, style) for piece, style in line)))


def write_document(value: object, *, redact_for: User | None) -> None:
    """Any other document on stdout; ``redact_for`` None keeps personal values."""
    sys.stdout.write(render(value, redact_for=redact_for) + "\n")


def tell(step: str) -> None:
    """One line on stderr for each step."""
    sys.stderr.write(f"kdoctor: {visible(step)}\n")
    sys.stderr.flush()


def agree(question: str, *, instead: str) -> None:
    """A typed yes; raises Trouble where nobody can be asked or the answer is another."""
    if not sys.stdin.isatty():
        hint = f"Add {instead}, or --dry-run."
        raise Trouble("yes-needed", "nothing was done: a yes is needed", hint=hint, code=2)
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Trouble("not-wanted", "nothing was done", code=2)


def coloured(stream: object) -> bool:
    """Colour on a terminal, unless NO_COLOR or TERM=dumb says otherwise."""
    is_terminal = bool(getattr(stream, "isatty", lambda: False)())
    return is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def with_progress(work: Callable[[Callable[[Progress], None]], Result]) -> Result:
    """Run the work; on a terminal, say on stderr what is being probed."""
    started = time.monotonic()

    def run(show: Callable[[str], None]) -> Result:
        def watch(progress: Progress) -> None:
            if time.monotonic() - started >= PROGRESS_AFTER_S:
                show(f"probing {progress.done}/{progress.total}: {', '.join(progress.running)}")

        return work(watch)

    return with_line(run)


def with_line(work: Callable[[Callable[[str], None]], Result]) -> Result:
    """Run the work; on a terminal, it can show what it does in a line of stderr that is written over."""
    if not coloured(sys.stderr):
        return work(lambda _: None)
    room = width() - 1

    def show(text: str) -> None:
        sys.stderr.write(f"\r\x1b[2K{visible(text)[:room]}")
        sys.stderr.flush()

    try:
        return work(show)
    finally:
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()


@contextlib.contextmanager
def live(draw: Draw) -> Iterator[Callable[[], float] | None]:
    """While the block runs, show lines on stderr that are drawn anew all the time; at its end they are gone.

    ``draw`` gets seconds since the begin, columns and rows of the terminal, in a thread of its own. The block gets the
    clock that gives these seconds; None where nothing is shown because stderr is no terminal that can.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM", "") in NO_TERMINALS:
        yield None
        return
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    console, in_colour, started = Console(stderr=True), coloured(sys.stderr), time.monotonic()

    def elapsed() -> float:
        return time.monotonic() - started

    def drawn() -> Group:
        columns, rows = console.size
        some = draw(elapsed(), columns - 1, rows - 1)
        return Group(*(_row(Text, line, in_colour=in_colour) for line in some))

    with Live(
        console=console,
        get_renderable=drawn,
        refresh_per_second=REDRAWN_PER_S,
        transient=True,
        redirect_stdout=False,
    ):
        yield elapsed


def _row(text: type[Text], line: Line, *, in_colour: bool) -> Text:
    pieces = ((piece, style if in_colour else "") for piece, style in line)
    return text.assemble(*pieces, no_wrap=True, overflow="crop")


def with_download(work: Callable[[Callable[[Download], None]], Result]) -> Result:
    """Run the work; on a terminal, show on stderr how many packages and bytes came, and the time that is left."""
    if not coloured(sys.stderr):
        return work(lambda _: None)
    from rich import progress as bars
    from rich.console import Console

    columns = (
        bars.TextColumn("{task.fields[linked]}/{task.fields[packages]} packages"),
        bars.BarColumn(),
        bars.DownloadColumn(),
        bars.TimeRemainingColumn(),
        bars.TextColumn("{task.fields[name]}"),
    )
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as display:
        task = display.add_task("", start=True, visible=False, linked=0, packages=0, name="")

        def show(now: Download) -> None:
            display.update(task, completed=now.bytes, total=now.bytes_total, visible=now.linked < now.total)
            display.update(task, linked=now.linked, packages=now.total, name=now.name)

        return work(show)
