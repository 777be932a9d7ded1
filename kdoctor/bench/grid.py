"""Results as text files: the grid of batch sizes and epochs, and a table of everything as CSV.

The grid has the columns *batch size, epochs, loss, accuracy, time (seconds)*, one file for each workload, backend,
device, mode and precision, in the order of batch sizes and epochs.
"""

from __future__ import annotations

from collections.abc import Sequence

from kdoctor.model.bench import Result

HEADER = "batch size, epochs, loss, accuracy, time (seconds)"
COLUMNS = (
    "workload", "backend", "device", "device_name", "mode", "precision", "batch_size", "epochs", "steps", "loss",
    "accuracy", "time_s", "compile_s", "samples_per_s", "percent_of_peak", "parameters", "memory_bytes", "route",
    "on_device", "rate", "data", "status",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")
STEP_COLUMNS = ("median", "mad", "p10", "p90", "min")


def grids(results: Sequence[Result]) -> dict[str, str]:
    """File name to content."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        on_device = "-on-device" if result.on_device else ""
        device = result.device.replace(":", "")
        name = f"{result.workload}-{result.backend}-{device}-{result.mode}-{result.precision}{on_device}.txt"
        groups.setdefault(name, []).append(result)
    return {name: grid(group) for name, group in groups.items()}


def grid(results: Sequence[Result]) -> str:
    """One file; a cell that did not end rightly has its status where the loss would be.

    >>> print(grid([]), end="")
    batch size, epochs, loss, accuracy, time (seconds)
    """
    ordered = sorted(results, key=lambda result: (result.batch_size, result.epochs))
    return "\n".join([HEADER, *map(_row, ordered)]) + "\n"


def _row(result: Result) -> str:
    if result.status in ("ok", "noisy", "wrong"):
        loss, accuracy = _number(result.loss, 4), _number(result.accuracy, 4)
    else:
        loss, accuracy = result.status, "-"
    return f"{result.batch_size}, {result.epochs}, {loss}, {accuracy}, {result.time_s:.2f}"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def csv(results: Sequence[Result]) -> str:
    """All results, one a line, with a header; empty where there is no value."""
    header = [*COLUMNS, *(f"step_ms_{name}" for name in STEP_COLUMNS)]
    rows = [header]
    for result in results:
        values = [getattr(result, name) for name in COLUMNS]
        values += [None if result.step_ms is None else getattr(result.step_ms, name) for name in STEP_COLUMNS]
        rows.append([_cell(value) for value in values])
    return "".join(",".join(row) + "\r\n" for row in rows)


def _cell(value: object) -> str:
    """Quoted as RFC 4180 has it; a text that a spreadsheet would take for a formula begins with an apostrophe.

    >>> _cell('a "b", c'), _cell(True), _cell(None), _cell(-0.1), _cell("=1+1")
    ('"a ""b"", c"', 'true', '', '-0.1', "'=1+1")
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    shown = f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else str(value)
    return '"' + shown.replace('"', '""') + '"' if any(sign in shown for sign in ',"\r\n') else shown
