"""What is known of a cell beyond its result: values that the document does not carry and that verdicts read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from kdoctor.bench.disturbance import QUIET, Disturbance
from kdoctor.model.bench import Cell, Result

Ending = Literal["ended", "crashed", "timeout", "interrupted"]
FEWEST_CHUNKS = 5


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """How a child ended and what was seen beside it.

    ``ending``: "ended" where it said so itself. ``detail``: of a crash or time limit, a line. ``device_name``: the
    product, e.g. "NVIDIA A100-SXM4-40GB". ``devices``: how many train together for ``all``; ``peaks_of_one``:
    what one of them reached, as the document has it. ``beside``: by the index of the cell in the request, what
    disturbed it.
    """

    ending: Ending = "ended"
    detail: str = ""
    device_name: str = ""
    devices: int = 1
    beside: Mapping[int, Disturbance] = {}
    peaks_of_one: Mapping[str, float] = {}


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A cell and its result.

    ``cpu_ratio``: processors that the child kept busy. ``checks``: the workload's own, among them
    ``communication_s`` where exchanging the gradients was timed alone. ``tf32``: float32 products are rounded to it.
    """

    cell: Cell
    result: Result
    first_step_s: float = 0.0
    cpu_ratio: float | None = None
    checks: Mapping[str, float] = {}
    tf32: bool | None = None
    devices: int = 1
    beside: Disturbance = QUIET

    @property
    def on_gpu(self) -> bool:
        """Whether GPUs trained, one or several; several logical devices of a CPU have no name of a product."""
        device = self.result.device
        return device.startswith("gpu") or (device == "all" and bool(self.result.device_name))

    @property
    def step_s(self) -> float:
        """Median seconds a step; only of a run that is ``good``."""
        assert self.result.step_ms is not None  # noqa: S101  good() says so
        return self.result.step_ms.median / 1000

    @property
    def per_s(self) -> float:
        """Samples a second, of a run that is ``good``."""
        assert self.result.samples_per_s is not None  # noqa: S101  good() says so
        return self.result.samples_per_s


class Unused(msgspec.Struct, frozen=True, kw_only=True):
    """GPUs of the machine of which a backend lists none; ``trouble``: what went wrong when it was asked."""

    backend: str
    gpus: tuple[str, ...]
    trouble: str = ""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """All that verdicts judge; ``peaks`` as in the document: by ``place``, then by kind and precision.

    ``reserved``: by place, the memory in bytes of a GPU that its backend was not told to reserve bit by bit.
    """

    runs: tuple[Run, ...]
    peaks: Mapping[str, Mapping[str, float]] = {}
    unused: tuple[Unused, ...] = ()
    reserved: Mapping[str, int] = {}

    def good(self) -> tuple[Run, ...]:
        """The runs from which a verdict on speed may be drawn: right, quiet, and timed often enough."""
        return tuple(run for run in self.runs if good(run.result))


def good(result: Result) -> bool:
    """Whether its speed may be judged."""
    timed = result.step_ms is not None and result.step_ms.median > 0 and result.samples_per_s is not None
    return result.status == "ok" and timed and len(result.raw) >= FEWEST_CHUNKS


def place(result: Result | Cell) -> str:
    """Backend and device, as `peaks` has them: "jax gpu:0"."""
    return f"{result.backend} {result.device}"


def label(result: Result) -> str:
    """A cell in a sentence: "lenet on tensorflow gpu:0, batch 64, mixed_bfloat16"; what is usual is left out.

    >>> from kdoctor.bench.results import empty
    >>> label(empty(Cell(workload="lenet", backend="jax", device="cpu", batch_size=64)))
    'lenet on jax cpu, batch 64'
    """
    parts = [f"{result.workload} on {result.backend} {result.device}"]
    if result.batch_size:
        parts.append(f"batch {result.batch_size}")
    if result.precision != "float32":
        parts.append(result.precision)
    if result.mode != "public":
        parts.append(f"mode {result.mode}")
    if result.on_device:
        parts.append("data on the device")
    if result.rate:
        parts.append(f"rate {result.rate:g}")
    return ", ".join(parts)


def grouped(runs: Sequence[Run], *fields: str) -> dict[tuple[object, ...], list[Run]]:
    """Runs that agree in these fields of their results, in the order in which they come."""
    groups: dict[tuple[object, ...], list[Run]] = {}
    for run in runs:
        groups.setdefault(tuple(getattr(run.result, field) for field in fields), []).append(run)
    return groups
