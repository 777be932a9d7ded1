"""Training that was measured: what is asked of a child, what it says line by line, and what becomes of it.

A *cell* is one workload in one mode, precision and batch size on one device of one backend. A child runs the cells of
one device, one after the other, and prints an event as JSON on a line for each thing that happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, Union

import msgspec

from kdoctor.model.recipe import Backend

Mode = Literal["public", "documented", "limit"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
Status = Literal["ok", "wrong", "noisy", "oom", "crashed", "timeout", "skipped", "interrupted"]
MODES: tuple[Mode, ...] = ("public", "documented", "limit")
PRECISIONS: tuple[Precision, ...] = ("float32", "mixed_bfloat16", "mixed_float16")
STATUSES: tuple[Status, ...] = ("ok", "wrong", "noisy", "oom", "crashed", "timeout", "skipped", "interrupted")


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to measure.

    ``device``: ``cpu``, ``gpu:N`` as the backend counts them, or ``all`` for data-parallel training on every GPU (or
    every logical CPU device where there is no GPU). ``epochs`` 0: as many steps as the time needs. ``rate`` 0: the
    workload's own learning rate. ``chunks`` and ``seconds``: measure at least so many chunks and so long.
    ``data``: a file or folder of the user's, "" for Keras's cache or a seeded generator; ``download``: fill that cache
    first. ``on_device``: the data lie on the device
    before the clock starts, to tell an input bottleneck. ``full``: with everything that the workload does in a long
    run (augmentation, schedule, learning curve).
    """

    workload: str
    backend: Backend
    device: str
    mode: Mode = "public"
    precision: Precision = "float32"
    batch_size: int = 0
    epochs: int = 0
    rate: float = 0.0
    seed: int = 0
    chunks: int = 20
    seconds: float = 3.0
    data: str = ""
    download: bool = False
    on_device: bool = False
    full: bool = False


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a child is asked: the cells of one device, in order; ``peaks``: also measure what the device can do."""

    backend: Backend
    device: str
    cells: tuple[Cell, ...]
    peaks: bool = True


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready", tag_field="event"):
    """The backend is imported. ``devices``: in its own words; ``tf32``: whether float32 products are rounded to it."""

    versions: Mapping[str, str]
    devices: tuple[str, ...]
    import_s: float
    tf32: bool | None = None


class Phase(msgspec.Struct, frozen=True, kw_only=True, tag="phase", tag_field="event"):
    """What the child is about to do with a cell (index into the request); ``batch_size``: as it is, 0 if not told."""

    cell: int
    phase: Literal["downloading", "building", "compiling", "warming", "measuring", "evaluating"]
    batch_size: int = 0


class Chunk(msgspec.Struct, frozen=True, kw_only=True, tag="chunk", tag_field="event"):
    """A timed run of steps, ended by reading a value back from the device.

    ``cpu_s``: of the whole child. ``loss``: None where it is no finite number.
    """

    cell: int
    steps: int
    seconds: float
    cpu_s: float
    loss: float | None


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done", tag_field="event"):
    """A cell has ended by itself.

    ``first_losses``: of the first steps from the seed, to be compared between devices and backends. ``losses``: one
    an epoch where epochs were asked for. ``accuracy``: on data that it was not trained on, None for a regression.
    ``checks``: what the workload itself found right or wrong, e.g. {"weight": 0.4967, "expected_weight": 0.4968}.
    ``flops_per_sample``: analytic, forward and backward. ``data``: what it was trained on. ``first_step_s``: compile
    and first step together. ``detail``: of what went wrong, one line. A loss that is no finite number is None.
    """

    cell: int
    status: Literal["ok", "oom", "failed", "skipped"]
    batch_size: int = 0
    steps: int = 0
    loss: float | None = None
    accuracy: float | None = None
    first_losses: tuple[float | None, ...] = ()
    losses: tuple[float | None, ...] = ()
    checks: Mapping[str, float | None] = {}
    parameters: int = 0
    flops_per_sample: float = 0.0
    first_step_s: float = 0.0
    memory_bytes: int = 0
    route: str = ""
    data: str = ""
    detail: str = ""


class Peak(msgspec.Struct, frozen=True, kw_only=True, tag="peak", tag_field="event"):
    """What the device reached in a test of its own: ``matmul`` in FLOP/s, ``copy`` in bytes/s."""

    kind: Literal["matmul", "copy"]
    precision: Precision
    per_second: float


class End(msgspec.Struct, frozen=True, kw_only=True, tag="end", tag_field="event"):
    """The child has done all that it was asked."""


Event: TypeAlias = Union[Ready, Phase, Chunk, Done, Peak, End]  # noqa: UP007  an alias on Python 3.10


class StepMs(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds a step, over chunks."""

    median: float
    mad: float
    p10: float
    p90: float
    min: float


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One cell in the document of `kdoctor bench --format json`; CONTRACT fixes the names, every key is always there.

    ``percent_of_peak``: of the matmul measured on the same device in the same run, None where there is none.
    ``rate``: the learning rate where it is not the workload's own. ``raw``: seconds a step of every chunk.
    ``notes``: why a status is what it is, in sentences.
    """

    workload: str
    backend: Backend
    device: str
    mode: Mode
    precision: Precision
    batch_size: int
    epochs: int
    steps: int
    loss: float | None
    accuracy: float | None
    time_s: float
    compile_s: float
    step_ms: StepMs | None
    samples_per_s: float | None
    percent_of_peak: float | None
    data: str
    status: Status
    device_name: str = ""
    first_losses: tuple[float | None, ...] = ()
    losses: tuple[float | None, ...] = ()
    parameters: int = 0
    memory_bytes: int = 0
    route: str = ""
    on_device: bool = False
    rate: float = 0.0
    raw: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the numbers mean. ``severity`` error: a device fails or computes wrongly, or is below the baseline."""

    name: str
    severity: Literal["error", "warning", "note"]
    what: str
    why: str
    do: str
    evidence: tuple[str, ...] = ()


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """The document of `kdoctor bench --format json`."""

    schema: int
    environment: Mapping[str, str]
    facts_digest: str
    results: tuple[Result, ...]
    verdicts: tuple[Verdict, ...]
    seconds: float
    exit_reason: str
    peaks: Mapping[str, Mapping[str, float]] = {}
