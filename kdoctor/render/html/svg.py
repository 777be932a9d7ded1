"""The few shapes that the pictures are drawn with; colours and fonts are the style sheet's, by class."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from kdoctor.render.html.tree import Node, el

MONO = 0.61  # the widest common monospace font, of its size
SIZE = 12
_JOINTS = re.compile(r"(?<=[/\\ ])")


def canvas(width: float, height: float, label: str, *children: Node, class_: str) -> Element:
    """A picture that a screen reader tells by ``label``."""
    box = f"0 0 {number(width)} {number(height)}"
    return el("svg", *children, viewBox=box, width=number(width), height=number(height), role="img",
              aria_label=label, class_=class_)  # fmt: skip


def number(value: float) -> str:
    """At most one digit after the point, so that a picture is the same everywhere.

    >>> [number(value) for value in (3.0, 2.449, -0.01)]
    ['3', '2.4', '0']
    """
    rounded = round(value, 1) + 0.0
    return str(int(rounded)) if rounded == int(rounded) else str(rounded)


def text(x: float, y: float, said: str, class_: str = "", anchor: str = "start") -> Element:
    """One line; ``y`` is its base line."""
    return el("text", said, x=number(x), y=number(y), class_=class_, text_anchor=anchor)


def box(x: float, y: float, width: float, height: float, class_: str) -> Element:
    """A rectangle with round corners."""
    return el("rect", x=number(x), y=number(y), width=number(width), height=number(height), rx=6, class_=class_)


def line(points: Sequence[tuple[float, float]], class_: str) -> Element:
    """From point to point."""
    places = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return el("polyline", points=places, class_=class_)


def bow(x1: float, y1: float, x2: float, y2: float, class_: str) -> Element:
    """A curve from left to right that starts and ends level."""
    middle = (x1 + x2) / 2
    ends = [number(value) for value in (x1, y1, middle, y1, middle, y2, x2, y2)]
    return el("path", d="M{} {}C{} {} {} {} {} {}".format(*ends), class_=class_)


def mark(x: float, y: float, shape: str, class_: str, size: float = 4) -> Element:
    """A sign of its own form, to be told without colour: dot, ring, cross, square, diamond, triangle."""
    if shape == "cross":
        ends = [
            number(value) for value in (x - size, y - size, x + size, y + size, x - size, y + size, x + size, y - size)
        ]
        return el("path", d="M{} {}L{} {}M{} {}L{} {}".format(*ends), class_=class_)
    corners = {
        "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
        "diamond": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
        "triangle": ((0, -1.2), (1.2, 1), (-1.2, 1)),
    }.get(shape)
    if corners:
        places = " ".join(f"{number(x + size * right)},{number(y + size * down)}" for right, down in corners)
        return el("polygon", points=places, class_=class_)
    return el("circle", cx=number(x), cy=number(y), r=number(size), class_=class_)


def wrapped(said: str, width: float, *, size: float = SIZE, most: int = 4) -> list[str]:
    """A path or a name in lines of that width, broken behind a slash where there is one.

    >>> wrapped("/usr/lib/x86_64-linux-gnu/libcuda.so.1", 150)
    ['/usr/lib/', 'x86_64-linux-gnu/', 'libcuda.so.1']
    """
    room = max(8, int(width / (size * MONO)))
    lines = [""]
    for part in _JOINTS.split(said):
        rest = part
        if len(lines[-1]) + len(rest.rstrip()) > room and lines[-1]:
            lines.append("")
        while len(rest.rstrip()) > room:
            joint = max(rest.rfind(sign, room // 2, room) + 1 for sign in "_-.") or room
            lines[-1], rest = rest[:joint], rest[joint:]
            lines.append("")
        lines[-1] += rest
    if len(lines) > most:
        kept = lines[-1] if len(lines[-1]) < room else lines[-1][1 - room :]
        lines = [*lines[: most - 1], f"…{kept}"]
    return [line.rstrip() for line in lines if line]
