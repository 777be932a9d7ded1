"""What training gave, drawn: throughput by batch size, learning, several devices; each with its figures as a table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from xml.etree.ElementTree import Element

import msgspec

from kdoctor.measure.scaling import speed_up
from kdoctor.model.bench import Bench, Result
from kdoctor.render.bars import FEWEST_LOSSES, curves, knee_of, steady, training
from kdoctor.render.bench import short
from kdoctor.render.html.axes import SHAPES, Curve, plot
from kdoctor.render.html.svg import box, canvas, text, wrapped
from kdoctor.render.html.tree import Node, el, folded, table

MOST_POINTS, MOST_ROWS = 200, 60
BAR, PITCH, NAMES, END = 20.0, 48.0, 64.0, 360.0
FIGURES = ("samples/s", "speed-up", "efficiency")
Groups = Mapping[tuple[str, ...], list[Result]]


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A device, its samples a second, and that, the speed-up and the efficiency as they are written."""

    device: str
    value: float
    said: tuple[str, str, str]


def plots(bench: Bench) -> Iterator[Element]:
    """A figure for each curve that there is something to show of."""
    for (title, *_), group in curves(steady(bench.results), training).items():
        devices = curves(group, lambda one: (one.device,))
        if any(len({one.batch_size for one in same}) > 1 for same in devices.values()):
            yield _throughput(title, devices)
        if ("all",) in devices and len(devices) > 1:
            yield _scaling(title, devices, bench)
    learnt = [one for one in bench.results if one.status == "ok" and len(_losses(one)) >= FEWEST_LOSSES]
    for (title, *_), group in curves(learnt, training).items():
        yield _learning(title, group)


def _figure(title: str, said: str, drawn: Element, listed: Element, more: int = 0) -> Element:
    left_out = f" {more} more are in the table only." if more else ""
    caption = el("figcaption", el("strong", title), f": {said}.{left_out}")
    return el("figure", caption, drawn, folded("As a table", listed))


def _throughput(title: str, devices: Groups) -> Element:
    """Samples a second by batch size, both by powers of ten."""
    lines = [
        Curve(
            name=device,
            points=tuple((float(one.batch_size), one.samples_per_s or 0.0) for one in group),
            knee=float(knee_of(group) or 0),
        )
        for (device,), group in devices.items()
    ]
    sizes = sorted({one.batch_size for group in devices.values() for one in group})
    figures = {
        (device, one.batch_size): short(one.samples_per_s or 0.0)
        for (device,), group in devices.items()
        for one in group
    }
    rows: list[tuple[Node, ...]] = [
        (str(size), *(figures.get((curve.name, size), "-") for curve in lines)) for size in sizes
    ]
    rows.append(("knee", *(f"{curve.knee:.0f}" if curve.knee else "-" for curve in lines)))
    said = "samples/s by batch size"
    listed = table(
        f"{title}: {said}", ("batch", *(curve.name for curve in lines)), rows, figures=[curve.name for curve in lines]
    )
    drawn = plot(lines, f"{title}: {said}, a line for each device", x="batch size", y="samples/s", log=True)
    return _figure(title, said, drawn, listed, len(lines) - len(SHAPES) if len(lines) > len(SHAPES) else 0)


def _losses(result: Result) -> list[tuple[float, float]]:
    """Epoch and loss, where it is a number."""
    known = enumerate(result.losses, 1)
    return [(float(epoch), loss) for epoch, loss in known if loss is not None and math.isfinite(loss)]


def _sampled(points: list[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """At most so many, the first and the last among them."""
    if len(points) <= most:
        return points
    return [points[round(place * (len(points) - 1) / (most - 1))] for place in range(most)]


def _learning(title: str, group: Sequence[Result]) -> Element:
    """Loss by epoch."""
    named = {f"{one.device}, batch {one.batch_size}{' *' if one.on_device else ''}": _losses(one) for one in group}
    lines = [Curve(name=name, points=tuple(_sampled(points, MOST_POINTS))) for name, points in named.items()]
    epochs = sorted({epoch for points in named.values() for epoch, _ in points})
    shown = [epoch for epoch, _ in _sampled([(epoch, 0.0) for epoch in epochs], MOST_ROWS)]
    values = {name: dict(points) for name, points in named.items()}
    rows: list[tuple[Node, ...]] = [
        (f"{epoch:.0f}", *(f"{of[epoch]:.4g}" if epoch in of else "-" for of in values.values())) for epoch in shown
    ]
    listed = table(f"{title}: loss by epoch", ("epoch", *named), rows, figures=list(named))
    drawn = plot(lines, f"{title}: loss by epoch, a line for each training", x="epoch", y="loss", log=False)
    return _figure(title, "loss by epoch", drawn, listed, len(lines) - len(SHAPES) if len(lines) > len(SHAPES) else 0)


def _scaling(title: str, devices: Groups, bench: Bench) -> Element:
    """The best of each device beside all of them together, and how much of their number that is."""
    best = {device: max(one.samples_per_s or 0.0 for one in group) for (device,), group in devices.items()}
    order = sorted(best, key=lambda device: (device == "all", device))
    alone = max(value for device, value in best.items() if device.startswith("gpu:") or device != "all")
    number = number_of_gpus(bench)
    rows: list[Bar] = []
    for device in order:
        gain = speed_up(alone, best[device]) if device == "all" else None
        share = f"{100 * gain / number:.0f}%" if gain is not None and number > 1 else "-"
        said = (short(best[device]), "-" if gain is None else f"{gain:.2f}", share)
        rows.append(Bar(device=device, value=best[device], said=said))
    what = "the best of each device, and of all together"
    listed = table(f"{title}: {what}", ("device", *FIGURES), [(one.device, *one.said) for one in rows], figures=FIGURES)
    return _figure(title, what, _bars(rows, title), listed)


def number_of_gpus(bench: Bench) -> int:
    """How many GPUs `all` is: where those measured alone are all that the environment names, else 0, not known."""
    alone = {one.device for one in bench.results if one.device.startswith("gpu:")}
    named = bench.environment.get("gpus", "").split(", ")
    return len(alone) if len(alone) == len(named) else 0


def _bars(rows: list[Bar], title: str) -> Element:
    most = max(one.value for one in rows) or 1.0
    shapes: list[Element] = []
    for number, one in enumerate(rows):
        y = number * PITCH
        told = [f"{word} {name}" for name, word in zip(FIGURES, one.said, strict=True) if word != "-"]
        shapes += [
            text(NAMES - 8, y + 15, wrapped(one.device, NAMES - 8, most=1)[0], "mono", "end"),
            box(NAMES, y, max(1.0, (END - NAMES) * one.value / most), BAR, f"bar {one.device}"),
            text(NAMES, y + BAR + 14, ", ".join(told), "dim"),
        ]
    return canvas(END, len(rows) * PITCH, f"{title}: samples/s by device", *shapes, class_="plot")
