"""The machines of a fleet on a page: a map with a cell for each, and a table of those with something to say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeVar
from xml.etree.ElementTree import Element

from kdoctor.model.fleet import Row
from kdoctor.render.fleet import MARKS, WORDS
from kdoctor.render.html.tree import Node, el, left_out, section, table

GROUP, LINE = 10, 100
MOST_CELLS = 50_000
MOST_WHOLE = 200  # machines that the table has whether or not there is something to say
MOST_ROWS = 1000
LONGEST = 200  # of a finding's name
HEAD = ("machine", "state", "first finding", "unlike the others in")
Item = TypeVar("Item")


def machine_map(rows: Sequence[Row]) -> Iterator[Element]:
    """A cell for each machine in the order of their names, in lines of a hundred, and what the cells mean."""
    yield el("p", "A mark for each machine, in the order of their names, ten in a group.", class_="lead")
    states = Counter[str](row.state for row in rows)
    legend = [(MARKS[state], state, f"{word}: {states[state]:,}") for state, word in WORDS.items()]
    legend.append(("\u00a0", "odd", f"unlike the others: {sum(1 for row in rows if row.differs):,}"))
    marks = (el("li", el("i", mark, class_=name, aria_hidden="true"), f" {said}") for mark, name, said in legend)
    yield el("ul", *marks, class_="legend")
    size = "few" if len(rows) <= LINE else "many"
    yield el("ol", *map(_line, _parts(rows[:MOST_CELLS], LINE)), class_=f"cells {size}")
    if len(rows) > MOST_CELLS:
        yield left_out(len(rows) - MOST_CELLS)


def _line(rows: Sequence[Row]) -> Element:
    tens = (el("span", *map(_cell, ten), class_="ten") for ten in _parts(rows, GROUP))
    return el("li", el("span", rows[0].name, class_="from"), el("div", *tens, class_="tens"))


def _cell(row: Row) -> Element:
    kind = f"{row.state} odd" if row.differs else row.state
    differs = f"unlike the others in {', '.join(row.differs)}" if row.differs else ""
    own = ", ".join(part for part in (_own(row), row.primary[:LONGEST]) if part)
    said = "; ".join(part for part in (own, differs) if part)
    return el("i", MARKS[row.state], class_=kind, role="img", title=f"{row.name}: {said}")


def _own(row: Row) -> str:
    """What its own report says; "" for one without a finding that is unlike the others."""
    return "" if row.state == "ok" and row.differs else WORDS[row.state]


def _parts(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def machine_table(rows: Sequence[Row]) -> Element | None:
    """A row for each machine; of many, those with something to say; None where there is none."""
    telling = [row for row in rows if row.state != "ok" or row.differs]
    shown = list(rows) if len(rows) <= MOST_WHOLE else telling
    if not shown:
        return None
    caption = "All machines" if len(shown) == len(rows) else f"The {len(shown):,} machines with something to say"
    listed = table(caption, HEAD, [list(_row(row)) for row in shown[:MOST_ROWS]])
    more = left_out(len(shown) - MOST_ROWS) if len(shown) > MOST_ROWS else None
    return section("Machines", "machines", listed, more)


def _row(row: Row) -> Iterator[Node]:
    yield row.name
    own = _own(row)
    yield el("span", own or "differs", class_=f"badge {'healthy' if own == WORDS['ok'] else row.state}")
    yield row.primary[:LONGEST] or "-"
    yield ", ".join(row.differs) or "-"
