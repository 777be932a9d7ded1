"""Metrics in the text format that Prometheus reads (version 0.0.4), for the textfile collector of the node exporter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from kdoctor.render.text import visible

Labels = Mapping[str, str]


class Metric(NamedTuple):
    """A gauge; ``samples``: labels and value. ``name`` and ``about`` are kdoctor's own words."""

    name: str
    about: str
    samples: tuple[tuple[Labels, float], ...]


def exposition(metrics: Iterable[Metric]) -> str:
    """The whole file; a metric without samples is left out."""
    return "".join(f"{line}\n" for metric in metrics if metric.samples for line in _lines(metric))


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.about}"
    yield f"# TYPE {metric.name} gauge"
    for labels, value in metric.samples:
        listed = ",".join(f'{name}="{_label(text)}"' for name, text in labels.items())
        yield f"{metric.name}{{{listed}}} {value:.10g}" if listed else f"{metric.name} {value:.10g}"


def _label(text: str) -> str:
    r"""As the format wants it; a line break is an escape already.

    >>> print(_label('a"b'), _label("c\\d"))
    a\"b c\\d
    """
    return visible(text).replace("\\", "\\\\").replace('"', '\\"')
