"""Workers that train one model together: what each is asked, what it says, and what came of all of them.

*Weak* scaling: every worker keeps the batch, so that the ideal step takes as long as one worker's. *Strong*: they share
one batch, so that the ideal step takes one worker's time divided by their number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, Union

import msgspec

from kdoctor.model.bench import Verdict
from kdoctor.model.recipe import Backend

SCALING_SCHEMA = 1
Kind = Literal["apart", "together", "alone"]
Failure = Literal["refused", "left", "error", "crashed", "timeout", "lost"]
PartName = Literal["communication", "input", "imbalance", "smaller batch", "shared machine", "rest"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What one worker is asked.

    ``device``: ``cpu``, or ``gpu:N`` as the backend counts. ``address`` and ``port``: where worker 0 listens; ``word``
    keeps strangers out. ``cores``: the processors to keep to, none: all. ``batch_size``: of one worker, 0: the
    workload's own. ``seconds``: to train for, about, without what is compiled.
    """

    workload: str
    backend: Backend
    device: str
    rank: int
    world: int
    address: str
    port: int
    word: str
    threads: int
    cores: tuple[int, ...] = ()
    batch_size: int = 0
    seconds: float
    seed: int = 0
    data: str = ""


class Phase(msgspec.Struct, frozen=True, kw_only=True, tag="phase", tag_field="event"):
    """What comes next, in words."""

    phase: str


class Alive(msgspec.Struct, frozen=True, kw_only=True, tag="alive", tag_field="event"):
    """There is life."""


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready", tag_field="event"):
    """The workers have met; ``device`` in the backend's words."""

    versions: Mapping[str, str]
    device: str


class Checked(msgspec.Struct, frozen=True, kw_only=True, tag="checked", tag_field="event"):
    """Losses of the first steps together, and those of one worker on the same samples."""

    losses: tuple[float | None, ...]
    expected: tuple[float | None, ...]


class Built(msgspec.Struct, frozen=True, kw_only=True, tag="built", tag_field="event"):
    """``part``: a worker's share of the batch in strong scaling; ``reference``: the worker that trains alone."""

    batch_size: int
    part: int
    parameters: int
    reference: int
    data: str
    route: str


class Steps(msgspec.Struct, frozen=True, kw_only=True, tag="steps", tag_field="event"):
    """Some steps of one kind: seconds of waiting for the batch, seconds in all, seconds of processors."""

    kind: Kind
    batch_size: int
    round: int
    waits: tuple[float, ...]
    seconds: tuple[float, ...]
    cpu_s: tuple[float, ...]


class Exchange(msgspec.Struct, frozen=True, kw_only=True, tag="exchange", tag_field="event"):
    """Seconds of summing so many bytes over the workers, several times."""

    bytes: int
    seconds: tuple[float, ...]


class Link(msgspec.Struct, frozen=True, kw_only=True, tag="link", tag_field="event"):
    """From worker to worker on another machine, by plain TCP: bytes a second (0: none) and a round trip's seconds."""

    first: int
    second: int
    per_s: float
    trip_s: float
    trouble: str = ""


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed", tag_field="event"):
    """It could not go on; ``left``: because another worker was gone."""

    kind: Failure
    detail: str


class End(msgspec.Struct, frozen=True, kw_only=True, tag="end", tag_field="event"):
    """It has said all."""


Event: TypeAlias = Union[Phase, Alive, Ready, Checked, Built, Steps, Exchange, Link, Failed, End]  # noqa: UP007  an alias on Python 3.10


class Worked(msgspec.Struct, frozen=True, kw_only=True):
    """All that one worker said; ``name``: of its machine. ``failed`` None where it came to its end."""

    name: str
    rank: int
    device: str
    threads: int
    events: tuple[Event, ...] = ()
    failed: Failed | None = None


class WorkerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One worker in the document; ``step_ms``: training apart with the whole batch, None where it was not reached."""

    rank: int
    name: str
    device: str
    threads: int
    step_ms: float | None = None
    failed: str = ""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Where a part of the step goes: milliseconds, and the share of the whole step."""

    name: PartName
    ms: float
    share: float


class Scaled(msgspec.Struct, frozen=True, kw_only=True):
    """One way to scale. ``batch_size``: of each worker.

    ``ideal_ms``: the step if nothing were lost; with the parts it adds up to ``step_ms``. ``rest`` among them is what
    nothing measured explains; below 0, what is counted elsewhere was partly hidden.
    """

    kind: Literal["weak", "strong"]
    batch_size: int
    one_ms: float
    ideal_ms: float
    step_ms: float
    speed_up: float
    efficiency: float
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()


class Exchanged(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange of gradients by itself."""

    bytes: int
    ms: float
    per_s: float


class Scaling(msgspec.Struct, frozen=True, kw_only=True):
    """The document of `kdoctor fleet bench --workers N --format json`."""

    schema: int
    kdoctor: str
    environment: Mapping[str, str]
    workload: str
    backend: Backend
    route: str
    data: str
    parameters: int
    workers: tuple[WorkerRow, ...]
    scaled: tuple[Scaled, ...]
    exchange: Exchanged | None
    links: tuple[Link, ...]
    losses: tuple[float | None, ...]
    expected_losses: tuple[float | None, ...]
    verdicts: tuple[Verdict, ...]
    exit_reason: str
    seconds: float
