"""What the numbers mean: one file for each verdict, each with ``judge(measured)``; a file is enough, none is listed."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable

from kdoctor.bench.runs import Measured
from kdoctor.model.bench import Verdict

Judge = Callable[[Measured], Iterable[Verdict]]
ORDER = {"error": 0, "warning": 1, "note": 2}


def judges() -> dict[str, Judge]:
    """The functions, by the name of their file."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}").judge for name in names}


def verdicts(measured: Measured) -> tuple[Verdict, ...]:
    """All that can be said, the gravest first."""
    said = [verdict for judge in judges().values() for verdict in judge(measured)]
    return tuple(sorted(said, key=lambda verdict: ORDER[verdict.severity]))
