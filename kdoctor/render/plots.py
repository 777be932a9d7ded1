"""Pictures of a document, PNG or SVG: throughput by batch with the knee, learning curves, several devices.

Matplotlib draws them where it is installed (`pip install "keras-doctor[plots]"`); it is imported when a picture is
asked for, and never shows a window.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Sequence
from typing import Any, Literal

from kdoctor.model.bench import Bench, Result
from kdoctor.model.trouble import Trouble
from kdoctor.render.bars import FEWEST_LOSSES, curves, knee_of, steady

Kind = Literal["png", "svg"]
INCHES, DPI = 5.0, 120


def picture(bench: Bench, kind: Kind) -> bytes:
    """One picture with a panel for each kind of plot that has something to show."""
    figures = _matplotlib("matplotlib.figure")
    panels = [panel for panel in (_throughput, _learning, _scaling) if panel(bench.results, None)]
    if not panels:
        hint = "Measure several batch sizes (`--batch-size 1,10,100`), epochs, or several devices."
        raise Trouble("nothing-to-draw", "no result has a curve to draw", hint=hint)
    figure = figures.Figure(figsize=(INCHES * len(panels), INCHES), dpi=DPI, layout="constrained")
    for number, panel in enumerate(panels, 1):
        panel(bench.results, figure.add_subplot(1, len(panels), number))
    _matplotlib("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind)
    return buffer.getvalue()


def refuse_without_matplotlib() -> None:
    """Raise Trouble where no picture can be drawn."""
    _matplotlib("matplotlib.figure")


def _matplotlib(name: str) -> Any:  # noqa: ANN401  a module of a library that need not be installed
    try:
        return importlib.import_module(name)
    except ImportError as error:
        hint = 'Install it: `pip install "keras-doctor[plots]"`; `--format text` draws small plots without it.'
        message = f"pictures need matplotlib, and it is not here: {error}"
        raise Trouble("plots-need-matplotlib", message, hint=hint) from error


def _named(one: Result) -> tuple[str]:
    more = "" if one.mode == "public" and one.precision == "float32" else f", {one.mode}, {one.precision}"
    return (f"{one.workload}, {one.backend} {one.device}{more}",)


def _throughput(results: Sequence[Result], axes: Any) -> bool:  # noqa: ANN401  matplotlib's
    """Samples a second by batch size; a vertical line at each knee. Without axes: whether there is any."""
    lines = {name: group for (name,), group in curves(steady(results), _named).items() if len(group) > 1}
    if axes is None or not lines:
        return bool(lines)
    for name, group in lines.items():
        (drawn,) = axes.plot([one.batch_size for one in group], [one.samples_per_s for one in group], "o-", label=name)
        turn = knee_of(group)
        if turn is not None:
            axes.axvline(turn, color=drawn.get_color(), linestyle=":", linewidth=1)
    axes.set(xscale="log", yscale="log", xlabel="batch size", ylabel="samples/s", title="throughput (dotted: knee)")
    sizes = sorted({one.batch_size for group in lines.values() for one in group})
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.legend(fontsize="small")
    return True


def _learning(results: Sequence[Result], axes: Any) -> bool:  # noqa: ANN401  matplotlib's
    """Loss by epoch."""
    lines = [one for one in results if one.status == "ok" and len(one.losses) >= FEWEST_LOSSES]
    if axes is None or not lines:
        return bool(lines)
    for one in lines:
        axes.plot(range(1, len(one.losses) + 1), one.losses, ".-", label=f"{_named(one)[0]}, batch {one.batch_size}")
    axes.set(xlabel="epoch", ylabel="loss", title="learning")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(fontsize="small")
    return True


def _scaling(results: Sequence[Result], axes: Any) -> bool:  # noqa: ANN401  matplotlib's
    """The best of each device beside all together."""
    groups = curves(steady(results), lambda one: (one.workload, one.backend))
    groups = {name: group for name, group in groups.items() if {"all"} < {one.device for one in group}}
    if axes is None or not groups:
        return bool(groups)
    for (workload, backend), group in groups.items():
        devices = curves(group, lambda one: (one.device,))
        best = {device: max(one.samples_per_s or 0.0 for one in same) for (device,), same in devices.items()}
        names = sorted(best, key=lambda device: (device == "all", device))
        axes.bar([f"{workload}\n{backend}\n{name}" for name in names], [best[name] for name in names])
    axes.set(ylabel="samples/s", title="several devices")
    axes.tick_params(axis="x", labelsize="small")
    return True
