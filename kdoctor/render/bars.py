"""Small plots for a terminal, of plain ASCII: throughput by device and batch, learning curves, several devices.

Lines of (text, style) pieces as in ``render.text``: a pipe gets them without colour.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from kdoctor.measure.knee import knee
from kdoctor.model.bench import Result
from kdoctor.render.text import MAX_WIDTH, MIN_WIDTH, Line, visible

HEIGHT = 8
FEWEST_LOSSES = 2
Key = tuple[str, ...]


def plots(results: Sequence[Result], *, width: int = 80) -> Iterator[Line]:
    """All three kinds, where there is something to draw; results that failed or are noisy are left out."""
    width = max(MIN_WIDTH, min(width, MAX_WIDTH))
    for (title, *_), group in curves(steady(results), training).items():
        devices = curves(group, lambda one: (one.device,))
        if any(len({one.batch_size for one in same}) > 1 for same in devices.values()):
            yield from _throughput(title, devices, width)
        if ("all",) in devices and len(devices) > 1:
            yield from _scaling(title, devices, width)
    for result in results:
        if result.status == "ok" and len(result.losses) >= FEWEST_LOSSES:
            yield from _learning(result, width)


def curves(results: Sequence[Result], key: Callable[[Result], Key]) -> dict[Key, list[Result]]:
    """Results that belong on one curve, by rising batch."""
    found: dict[Key, list[Result]] = {}
    for result in sorted(results, key=lambda one: one.batch_size):
        found.setdefault(key(result), []).append(result)
    return found


def steady(results: Sequence[Result]) -> list[Result]:
    """Those that a plot may show: neither failed nor noisy, and fed as in real training."""
    return [one for one in results if one.status == "ok" and one.samples_per_s and not one.on_device]


def training(result: Result) -> Key:
    """What was trained on what, and how where that is not the usual way."""
    usual = result.mode == "public" and result.precision == "float32"
    more = "" if usual else f", {result.mode}, {result.precision}"
    return (f"{result.workload} on {result.backend}{more}",)


def knee_of(group: Sequence[Result]) -> int | None:
    """The batch at the knee of one device's curve, None where it has none within what was measured."""
    found = knee([(one.batch_size, one.step_ms.median) for one in group if one.step_ms is not None])
    return found.batch if found is not None and found.place == "within" else None


def _throughput(title: str, devices: dict[Key, list[Result]], width: int) -> Iterator[Line]:
    yield ((f"{visible(title)}: samples/s by batch", "bold"),)
    most = max(one.samples_per_s or 0.0 for group in devices.values() for one in group)
    for (device,), group in devices.items():
        turn = knee_of(group)
        marked = next((one for one in group if turn is not None and one.batch_size >= turn), None)
        for number, one in enumerate(group):
            mark = f" knee: batch {turn}" if one is marked else ""
            head = f"  {device if number == 0 else '':<6} {one.batch_size:>6} {one.samples_per_s or 0.0:>9.4g} "
            yield _bar(head, (one.samples_per_s or 0.0) / most, width, mark)
    yield ()


def _bar(head: str, share: float, width: int, mark: str) -> Line:
    room = width - len(head) - 20
    return ((visible(head), ""), ("#" * max(1, round(share * room)), "cyan"), (mark, "bold"))


def _scaling(title: str, devices: dict[Key, list[Result]], width: int) -> Iterator[Line]:
    """The best of each device beside all of them together."""
    yield ((f"{visible(title)}: the best of each device, and of all together", "bold"),)
    best = [max(group, key=lambda one: one.samples_per_s or 0.0) for group in devices.values()]
    most = max(one.samples_per_s or 0.0 for one in best)
    for one in sorted(best, key=lambda one: (one.device == "all", one.device)):
        head = f"  {one.device:<6} {one.batch_size:>6} {one.samples_per_s or 0.0:>9.4g} "
        yield _bar(head, (one.samples_per_s or 0.0) / most, width, "")
    yield ()


def _learning(result: Result, width: int) -> Iterator[Line]:
    """Loss by epoch."""
    losses = [loss for loss in result.losses if loss is not None and math.isfinite(loss)]
    title = f"{result.workload} on {result.backend} {result.device}, batch {result.batch_size}: loss by epoch"
    yield ((visible(title), "bold"),)
    low, high = min(losses), max(losses)
    columns = min(len(losses), width - 12)
    sampled = [losses[round(place * (len(losses) - 1) / max(1, columns - 1))] for place in range(columns)]
    rows = [round((HEIGHT - 1) * (high - loss) / (high - low)) if high > low else 0 for loss in sampled]
    for number in range(HEIGHT):
        value = high - (high - low) * number / (HEIGHT - 1)
        marks = "".join("*" if row == number else " " for row in rows).rstrip()
        yield ((f"  {value:>8.4g} |", "dim"), (marks, "cyan"))
    yield (("           " + "-" * columns, "dim"),)
    yield ()
