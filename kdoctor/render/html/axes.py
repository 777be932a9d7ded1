"""A plot of lines over two axes, drawn by hand: small enough for a telephone, its colours the style sheet's.

Every line has a colour, a form of its marks and a dash of its own, so that it is told apart without colour.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.etree.ElementTree import Element

import msgspec

from kdoctor.render.html.svg import canvas, line, mark, text

WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM, LEGEND = 360.0, 220.0, 50.0, 14.0, 38.0, 17.0
SHAPES = ("dot", "square", "triangle", "diamond", "ring", "cross")
CLOSE = 34.0  # labels nearer than this would touch
MOST_MARKS = 40
STEPS = (1.0, 2.0, 5.0)


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """One line; ``knee``: a place on the first axis to be marked, 0 for none."""

    name: str
    points: tuple[tuple[float, float], ...]
    knee: float = 0.0


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """From ``low`` to ``high``, which lie at ``start`` and ``end`` on the picture."""

    low: float
    high: float
    start: float
    end: float
    log: bool

    def at(self, value: float) -> float:
        """Where a value lies."""
        low, high, here = (self._scaled(one) for one in (self.low, self.high, value))
        share = (here - low) / (high - low) if high > low else 0.5
        return self.start + (self.end - self.start) * share

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.log else value


def plot(curves: Sequence[Curve], label: str, *, x: str, y: str, log: bool) -> Element:
    """The picture of at most six lines; ``log``: both axes."""
    drawn = curves[: len(SHAPES)]
    top = 8 + LEGEND * len(drawn) + 20
    low = top + HEIGHT - BOTTOM
    across = _axis([place for curve in drawn for place, _ in curve.points], LEFT, WIDTH - RIGHT, log=log, snug=True)
    up = _axis([value for curve in drawn for _, value in curve.points], low, top, log=log, snug=False)
    places = sorted({place for curve in drawn for place, _ in curve.points})
    shapes = [
        *_grid(across, up, _spaced(places if log else ticks(across), across), ticks(up)),
        *_titles(x, y, top, low),
    ]
    for number, curve in enumerate(drawn):
        shapes += _legend(curve, number)
        shapes += _curve(curve, number, across, up)
    return canvas(WIDTH, low + BOTTOM, label, *shapes, class_="plot")


def _axis(values: list[float], start: float, end: float, *, log: bool, snug: bool) -> Axis:
    """From the smallest to the largest value, on the upright axis to the next round ones."""
    low, high = min(values), max(values)
    if log:
        low, high = (low, high) if snug else (10 ** math.floor(math.log10(low)), 10 ** math.ceil(math.log10(high)))
        return Axis(low=low, high=high if high > low else low * 10, start=start, end=end, log=True)
    if not snug:
        step = _step(high - min(low, 0.0))
        low, high = min(0.0, math.floor(low / step) * step), math.ceil(high / step) * step
    return Axis(low=low, high=high if high > low else low + 1, start=start, end=end, log=False)


def _step(span: float) -> float:
    """A round distance of ticks, about four to an axis."""
    rough = (span or 1.0) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    return next((step * power for step in STEPS if step * power >= rough), 10 * power)


def ticks(axis: Axis) -> list[float]:
    """Round values from end to end.

    >>> ticks(Axis(low=0, high=20, start=0, end=100, log=False))
    [0.0, 5.0, 10.0, 15.0, 20.0]
    >>> ticks(Axis(low=1, high=100, start=0, end=100, log=True))
    [1.0, 10.0, 100.0]
    """
    if not axis.log:
        step = _step(axis.high - axis.low)
        first = math.ceil(axis.low / step)
        return [number * step for number in range(first, math.floor(axis.high / step + 1e-9) + 1)]
    powers = range(math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high)) + 1)
    few = STEPS if len(powers) <= 2 else (1.0,)  # noqa: PLR2004  within one power of ten it alone would be no scale
    found = [step * 10.0**power for power in powers for step in few]
    return [value for value in found if axis.low <= value * (1 + 1e-9) and value <= axis.high * (1 + 1e-9)]


def _spaced(values: Sequence[float], axis: Axis) -> list[float]:
    """Those whose labels do not touch."""
    kept: list[float] = []
    for value in values:
        if not kept or abs(axis.at(value) - axis.at(kept[-1])) >= CLOSE:
            kept.append(value)
    return kept


def _grid(across: Axis, up: Axis, below: Sequence[float], beside: Sequence[float]) -> list[Element]:
    shapes = []
    for value in beside:
        y = up.at(value)
        shapes += [
            line([(across.start, y), (across.end, y)], "grid"),
            text(across.start - 6, y + 4, _said(value), "dim", "end"),
        ]
    for value in below:
        x = across.at(value)
        shapes += [
            line([(x, up.start), (x, up.start + 4)], "tick"),
            text(x, up.start + 17, _said(value), "dim", "middle"),
        ]
    return [*shapes, line([(across.start, up.start), (across.end, up.start)], "tick")]


def _said(value: float) -> str:
    """A tick's label.

    >>> [_said(value) for value in (0.0, 0.25, 5.0, 200.0, 20000.0, 5e6)]
    ['0', '0.25', '5', '200', '20k', '5M']
    """
    for limit, letter in ((1e6, "M"), (1e4, "k")):
        if value >= limit:
            return f"{value / (1e6 if letter == 'M' else 1e3):g}{letter}"
    return f"{value:g}"


def _titles(x: str, y: str, top: float, low: float) -> list[Element]:
    return [text(LEFT, top - 8, y, "dim"), text(WIDTH - RIGHT, low + 34, x, "dim", "end")]


def _legend(curve: Curve, number: int) -> list[Element]:
    knee = f", knee at batch {curve.knee:.0f}" if curve.knee else ""
    y = 12 + LEGEND * number
    return [
        line([(LEFT, y), (LEFT + 26, y)], f"curve s{number}"),
        mark(LEFT + 13, y, SHAPES[number], f"point s{number}"),
        text(LEFT + 34, y + 4, f"{curve.name}{knee}"),
    ]


def _curve(curve: Curve, number: int, across: Axis, up: Axis) -> list[Element]:
    places = [(across.at(x), up.at(y)) for x, y in curve.points]
    shapes = [line(places, f"curve s{number}")]
    if len(places) <= MOST_MARKS:
        shapes += [mark(x, y, SHAPES[number], f"point s{number}", 3.5) for x, y in places]
    if across.low <= curve.knee <= across.high:
        x = across.at(curve.knee)
        shapes.append(line([(x, up.start), (x, up.end)], f"knee s{number}"))
    return shapes
