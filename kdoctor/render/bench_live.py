"""What a terminal shows while cells are measured: a row for each that is finished or at work, and what is now done.

A ``Board`` is what was heard so far; ``told`` and ``heard`` give the next one, ``lines`` draws it. All are pure: times
are seconds of the caller's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec
from msgspec.structs import replace

from kdoctor.measure.stats import median
from kdoctor.model.bench import Cell, Chunk, Event, Phase, Result
from kdoctor.render.bench import SHORT, STATUS_STYLES, short
from kdoctor.render.text import Line, visible

MOST_ROWS = 200  # no terminal is higher
LATEST = 64  # chunks whose median is shown
NARROWEST = 10  # of the column that may be cut
LEFT_OUT = ("time", "samples/s", "device", "how", "ms/step")  # one after the other, until the rest fits
RIGHT = ("batch", "ms/step", "samples/s", "time")
ECHOED = len("^C^C")  # what the terminal itself writes behind the last line must not begin a new one
LEAST = {"state": len("evaluating"), "time": len("00:00")}  # columns that would change their width all the time
MINUTE, HOUR = 60, 3600


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A cell. ``state``: a phase, in the end a status; ``ended``: None while it is at work; ``raw``: as in a result."""

    cell: Cell
    began: float
    state: str = "starting"
    ended: float | None = None
    batch_size: int = 0
    chunks: int = 0
    raw: tuple[float, ...] = ()
    step_ms: float | None = None
    samples_per_s: float | None = None


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """``place``: backend and device that were begun last; ``count``: their cells; ``done``: those that ended."""

    place: str = ""
    count: int = 0
    done: int = 0
    rows: tuple[Row, ...] = ()

    @property
    def at_work(self) -> Row | None:
        """The row of the cell that is being measured."""
        return self.rows[-1] if self.rows and self.rows[-1].ended is None else None


Column = tuple[str, Callable[[Row, float], str]]


def told(board: Board, place: str, count: int) -> Board:
    """So many cells of another device are begun."""
    return replace(board, place=place, count=count, done=0)


def heard(board: Board, cell: Cell, event: Event | Result, now: float) -> Board:
    """The board after an event of a cell, or after its end."""
    row = board.at_work
    before = board.rows if row is None or row.cell != cell else board.rows[:-1]
    if row is None or row.cell != cell:
        row = Row(cell=cell, began=now, batch_size=cell.batch_size)
    row = _after(row, event, now)
    return replace(board, rows=(*before, row)[-MOST_ROWS:], done=board.done + (row.ended is not None))


def _after(row: Row, event: Event | Result, now: float) -> Row:
    if isinstance(event, Phase):
        row = replace(row, state=event.phase, batch_size=event.batch_size or row.batch_size)
    elif isinstance(event, Chunk) and row.state == "measuring" and event.steps > 0:
        raw = (*row.raw, event.seconds / event.steps)[-LATEST:]
        step_s = median(raw)
        speed = row.batch_size / step_s if step_s > 0 and row.batch_size else None
        row = replace(row, raw=raw, chunks=row.chunks + 1, step_ms=1000 * step_s, samples_per_s=speed)
    elif isinstance(event, Result):
        step_ms = None if event.step_ms is None else event.step_ms.median
        row = replace(row, state=event.status, ended=now, step_ms=step_ms, samples_per_s=event.samples_per_s)
    return row


def lines(board: Board, now: float, *, width: int, height: int) -> Iterator[Line]:
    """At most ``height`` lines of at most ``width`` columns; the latest rows, and below them what is now done."""
    room = max(0, height - 2)
    rows = board.rows[-room:] if room else ()
    if rows:
        table = {name: [_text(of, row, now) for row in rows] for name, of in _columns(rows)}
        widths = fitting(
            {name: max(LEAST.get(name, len(name)), *map(len, texts)) for name, texts in table.items()}, width
        )
        head = " ".join(_cell(name, name, size) for name, size in widths.items())
        yield ((head.rstrip()[:width], "dim"),)
        for number, row in enumerate(rows):
            yield tuple(_pieces({name: table[name][number] for name in widths}, widths, row, width))
    yield ((visible(_now(board, now))[: max(0, width - ECHOED)], "bold"),)


def fitting(widths: dict[str, int], width: int) -> dict[str, int]:
    """Columns that fit: first the one of what is unusual is cut, then the less important ones are left out.

    >>> fitting({"workload": 8, "how": 30, "ms/step": 8, "time": 5}, 40)
    {'workload': 8, 'how': 16, 'ms/step': 8, 'time': 5}
    >>> fitting({"workload": 8, "how": 30, "ms/step": 8, "time": 5}, 20)
    {'workload': 8, 'ms/step': 8}
    """
    left = dict(widths)

    def over() -> int:
        return sum(left.values()) + len(left) - 1 - width

    if "how" in left and over() > 0:
        left["how"] = max(min(NARROWEST, left["how"]), left["how"] - over())
    for name in LEFT_OUT:
        if name in left and over() > 0:
            del left[name]
    return left


def _columns(rows: Sequence[Row]) -> tuple[Column, ...]:
    """Those that say something in these rows."""
    backends = {row.cell.backend for row in rows}
    batch: Column = ("batch", lambda row, _: str(row.batch_size) if row.batch_size else "-")
    how: Column = ("how", lambda row, _: _how(row.cell))
    return (
        ("device", lambda row, _: (f"{row.cell.backend} " if len(backends) > 1 else "") + row.cell.device),
        ("workload", lambda row, _: row.cell.workload),
        *((batch,) if any(row.cell.batch_size for row in rows) else ()),
        *((how,) if any(_how(row.cell) for row in rows) else ()),
        ("state", lambda row, _: row.state),
        ("ms/step", lambda row, _: "-" if row.step_ms is None else short(row.step_ms)),
        ("samples/s", lambda row, _: "-" if row.samples_per_s is None else short(row.samples_per_s)),
        ("time", lambda row, now: clock((now if row.ended is None else row.ended) - row.began)),
    )


def _how(cell: Cell) -> str:
    """What else is not as usual."""
    said = (
        SHORT[cell.precision] if cell.precision != "float32" else "",
        cell.mode if cell.mode != "public" else "",
        f"{cell.epochs} epochs" if cell.epochs else "",
        "data on the device" if cell.on_device else "",
        f"rate {cell.rate:g}" if cell.rate else "",
    )
    return ", ".join(text for text in said if text)


def _text(of: Callable[[Row, float], str], row: Row, now: float) -> str:
    return visible(of(row, now))


def _pieces(texts: dict[str, str], widths: dict[str, int], row: Row, width: int) -> Iterator[tuple[str, str]]:
    """One row; only its state is coloured."""
    used = 0
    style = STATUS_STYLES.get(row.state, "red") if row.ended is not None else "cyan"
    for name, size in widths.items():
        text = (" " if used else "") + _cell(name, texts[name], size)
        yield text[: max(0, width - used)], style if name == "state" else ""
        used += len(text)


def _cell(name: str, text: str, size: int) -> str:
    return f"{text[:size]:>{size}}" if name in RIGHT else f"{text[:size]:<{size}}"


def _now(board: Board, now: float) -> str:
    row = board.at_work
    if not board.place:
        return f"{clock(now)} looking at the environment"
    if not board.count:
        return f"{clock(now)} {board.place}: starting"
    said = f"{clock(now)} {board.place}: {board.done} of {board.count} done"
    if row is None:
        return said if board.done else f"{said}; starting"
    return f"{said}; {row.cell.workload} {row.state}" + (f", chunk {row.chunks}" if row.chunks else "")


def clock(seconds: float) -> str:
    """A time that goes on.

    >>> clock(7.9), clock(83), clock(3723)
    ('0:07', '1:23', '1:02:03')
    """
    whole = max(0, int(seconds))
    minutes = f"{whole % HOUR // MINUTE}:{whole % MINUTE:02}"
    return minutes if whole < HOUR else f"{whole // HOUR}:{minutes:0>5}"
