"""The library search as a picture, twice: in columns for a wide page, and as one column for a narrow one.

In columns: who asks, the names that it asks for, and the places, with a line from each name to every file of it. In
one column: who asks, and below it the places with what is found there.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

import msgspec

from kdoctor.model.facts.cuda_libraries import Library
from kdoctor.render.html.found import SOURCES, WORDS, Asked, Entry, Kind, Place, kind_of
from kdoctor.render.html.svg import MONO, SIZE, bow, box, canvas, line, mark, text, wrapped

ROW, LEAD, PAD = 26.0, 16.0, 12.0
WIDE, ASKER, NAMES, NAME, PLACES = 960.0, 176.0, 208.0, 222.0, 524.0
NARROW, INDENT = 320.0, 18.0
MOST_VIAS = 2
SHAPES: dict[Kind, str] = {
    "opened": "dot", "shadowed": "ring", "unsearched": "ring", "broken": "cross", "missing": "cross",
    "unasked": "ring",
}  # fmt: skip


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """Where boxes lie: the left edge, the width, and whether an entry is marked at its edge by a line that comes in."""

    x: float
    width: float


def wide(asked: Asked) -> Element:
    """In three columns."""
    room = Room(x=PLACES, width=WIDE - PLACES - 1)
    shapes, ports, bottom = _places(asked.places, room)
    heights = _row_heights(asked, ports)
    top, low = heights[0], heights[-1]
    drawn = [line([(ASKER, top), (NAMES - 14, top)], "spine"), line([(NAMES - 14, top), (NAMES - 14, low)], "spine")]
    for y, library in zip(heights, asked.rows, strict=True):
        drawn += _name(y, library)
    for entry, y in ports:
        if entry.row is not None:
            drawn.append(bow(NAMES + NAME, heights[entry.row], PLACES, y, f"wire {entry.kind}"))
    drawn += _asker(asked, 1, max(1.0, top - 24), ASKER - 1)
    height = max(bottom, low + ROW, top + 40)
    return canvas(WIDE, height, label_of(asked), *drawn, *shapes, class_="wide")


def narrow(asked: Asked) -> Element:
    """In one column."""
    asker = _asker(asked, 1, 1, NARROW - 2)
    start = _asker_height(asked, NARROW) + PAD
    room = Room(x=INDENT, width=NARROW - INDENT - 1)
    shapes, ports, bottom = _places(asked.places, room, start)
    spine = INDENT / 2
    ports = [(entry, y) for entry, y in ports if entry.row is not None]
    wires = [line([(spine, start - PAD), (spine, ports[-1][1] if ports else start)], "spine")]
    wires += [line([(spine, y), (INDENT, y)], f"wire {entry.kind}") for entry, y in ports]
    return canvas(NARROW, bottom, label_of(asked), *wires, *asker, *shapes, class_="narrow")


def label_of(asked: Asked) -> str:
    """One sentence for who cannot see the picture; the table beside it has the rest."""
    states = [kind_of(library) for library in asked.rows]
    counts = [f"{states.count(kind)} {WORDS[kind]}" for kind in dict.fromkeys(states)]
    return f"{asked.title} asks for {len(states)} libraries: {', '.join(counts)}."


def _row_heights(asked: Asked, ports: list[tuple[Entry, float]]) -> list[float]:
    """Where the names stand: level with their first file where there is room."""
    first: dict[int, float] = {}
    for entry, y in ports:
        if entry.row is not None:
            first.setdefault(entry.row, y)
    heights: list[float] = []
    for number in range(len(asked.rows)):
        least = heights[-1] + ROW if heights else ROW / 2
        heights.append(max(least, first.get(number, least)))
    return heights or [ROW / 2]


def _asker(asked: Asked, x: float, y: float, width: float) -> list[Element]:
    drawn = [box(x, y, width, _asker_height(asked, width), "asker"), text(x + PAD, y + 21, asked.title, "strong")]
    for number, part in enumerate(_caller(asked, width)):
        drawn.append(text(x + PAD, y + 39 + number * LEAD, part, "mono dim"))
    return drawn


def _asker_height(asked: Asked, width: float) -> float:
    return 34 + LEAD * len(_caller(asked, width))


def _caller(asked: Asked, width: float) -> list[str]:
    name = asked.caller.replace("\\", "/").rpartition("/")[2]
    return wrapped(name, width - 2 * PAD, most=3) if name else []


def _name(y: float, library: Library) -> list[Element]:
    kind = kind_of(library)
    (said, *_) = wrapped(library.soname, NAME - 34, most=1) or ["?"]
    return [
        line([(NAMES - 14, y), (NAMES, y)], "spine"),
        box(NAMES, y - 11, NAME, 22, f"name {kind}"),
        mark(NAMES + 14, y, SHAPES[kind], f"mark {kind}"),
        text(NAMES + 26, y + 4, said, "mono"),
    ]


def _places(
    places: tuple[Place, ...], room: Room, top: float = 1.0
) -> tuple[list[Element], list[tuple[Entry, float]], float]:
    """The boxes, where each entry's line ends, and the lower end of the last box."""
    shapes: list[Element] = []
    ports: list[tuple[Entry, float]] = []
    y = top
    for place in places:
        heads = list(_heads(place, room.width - 2 * PAD))
        start = y + 8 + LEAD * len(heads)
        inside: list[Element] = []
        for number, (part, class_) in enumerate(heads):
            inside.append(text(room.x + PAD, y + 20 + number * LEAD, part, class_))
        for entry in place.entries:
            height, drawn = _entry(entry, room, start, told=_common(place) == entry.kind)
            inside += drawn
            ports.append((entry, start + ROW / 2))
            start += height
        looked = list(_looked(place, room, start))
        start += LEAD * len(looked) + (8 if looked else 4)
        shapes += [
            box(room.x, y, room.width, start - y, f"place {_common(place) if place.entries else 'looked'}"),
            *inside,
            *looked,
        ]
        y = start + PAD
    return shapes, ports, y - PAD + 1


def _common(place: Place) -> str:
    """The kind that all entries have, "" where they differ."""
    kinds = {entry.kind for entry in place.entries} or {"missing"}
    return kinds.pop() if len(kinds) == 1 else ""


def _heads(place: Place, width: float) -> Iterator[tuple[str, str]]:
    """The path of a place, then its kind: whose it is, how it was found, or what all files there have in common."""
    if not place.path:
        yield ("No file of that name" if place.entries else "Where the loader looked"), "strong"
        return
    for part in wrapped(place.path, width):
        yield part, "mono strong"
    vias = {entry.via for entry in place.entries if entry.kind == "opened"} - {""}
    common = _common(place)
    told = f"found via {', '.join(sorted(vias))}" if 0 < len(vias) <= MOST_VIAS else ""
    said = [SOURCES.get(place.source, ""), told]
    if common and common != "opened":
        said.append(WORDS[common])  # type: ignore[index]  # a kind
    for part in wrapped(" · ".join(word for word in said if word), width * 1.12, most=3):
        yield part, f"dim {common}"


def _entry(entry: Entry, room: Room, y: float, *, told: bool) -> tuple[float, list[Element]]:
    """One file: its sign, its name and its version; what it is, where the head of the box does not tell."""
    right = room.x + room.width - PAD
    version = wrapped(entry.version, room.width / 3, most=1)[0] if entry.version else ""
    names = wrapped(entry.name, room.width - 2 * PAD - 18 - (len(version) + 2) * SIZE * MONO, most=3)
    drawn = [mark(room.x + PAD + 4, y + ROW / 2, SHAPES[entry.kind], f"mark {entry.kind}")]
    for number, part in enumerate(names):
        drawn.append(text(room.x + PAD + 18, y + ROW / 2 + 4 + number * LEAD, part, "mono"))
    drawn.append(text(right, y + ROW / 2 + 4, version, "mono dim", "end"))
    height = ROW + LEAD * (len(names) - 1)
    if not told and entry.kind != "opened":
        drawn.append(text(room.x + PAD + 18, y + height + 8, WORDS[entry.kind], f"dim {entry.kind}"))
        height += LEAD
    return height, drawn


def _looked(place: Place, room: Room, y: float) -> Iterator[Element]:
    """The directories that were searched, in their order."""
    said = [part for path in place.looked for part in wrapped(path, room.width - 2 * PAD - 18, most=3)]
    if place.more_looked:
        said.append(f"and {place.more_looked} more")
    if said and place.entries:
        said.insert(0, "the loader looked in")
    for number, part in enumerate(said):
        head = number == 0 and bool(place.entries)
        yield text(room.x + PAD, y + 14 + number * LEAD, part, "dim" if head else "mono dim")
