"""Have the cells of one device trained by children of the examined environment, and keep all that they say.

A child that dies or hangs costs the cell that it was at: another goes on with what is left. Nothing survives kdoctor:
every child is tethered to it. Beside them another child watches the GPUs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

import msgspec

from kdoctor.bench.cells import is_cpu
from kdoctor.bench.disturbance import Disturbance
from kdoctor.bench.gpus import joined
from kdoctor.bench.results import run_of
from kdoctor.bench.runs import Ending, Heard
from kdoctor.host.gpu_watch import GpuWatch
from kdoctor.host.live import INSIDE, LiveHost
from kdoctor.host.stream import Ended, converse
from kdoctor.host.watch import Sample, sample
from kdoctor.host.worker import tethered
from kdoctor.model.bench import Cell, Chunk, Done, Event, Phase, Ready, Request, Result

TIMEOUT_S = 1800.0
MAX_EVENTS = 200_000
_ENDINGS: dict[str, Ending] = {"ended": "ended", "idle": "timeout", "slow": "timeout"}

Hear = Callable[[Cell, Event | Result], None]  # each event of a cell, and at its end what became of it


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    """What one child was responsible for, what it said, and how it ended."""

    request: Request
    events: tuple[Event, ...]
    heard: Heard

    @property
    def ready(self) -> Ready | None:
        """What it said of its backend, None where it did not come so far."""
        return next((event for event in self.events if isinstance(event, Ready)), None)

    @property
    def is_interrupted(self) -> bool:
        """Whether the user stopped it."""
        return self.heard.ending == "interrupted"


def measure(
    host: LiveHost, request: Request, hear: Hear, *, timeout_s: float = TIMEOUT_S, gpus: Sequence[str] = ()
) -> tuple[Talk, ...]:
    """The cells by as many children as it takes. A Ctrl-C keeps what there is.

    ``timeout_s``: for one cell. ``gpus``: the UUIDs of those that the device stands for, as far as they are known.
    """
    with contextlib.closing(GpuWatch(gpus, host.environ)) as watch:
        return _talks(host, request, hear, timeout_s, watch)


def _talks(host: LiveHost, request: Request, hear: Hear, timeout_s: float, watch: GpuWatch) -> tuple[Talk, ...]:
    talks: list[Talk] = []
    while True:
        talk, current = _talk(host, request, _Scribe(request, hear, watch), timeout_s)
        is_last = talk.heard.ending in ("ended", "interrupted") or talk.ready is None
        rest = request.cells[current + 1 :]
        if is_last or not rest:
            return (*talks, talk)
        own = msgspec.structs.replace(request, cells=request.cells[: current + 1])
        talks.append(msgspec.structs.replace(talk, request=own))
        request = msgspec.structs.replace(request, cells=rest, peaks=False)


def _talk(host: LiveHost, request: Request, scribe: _Scribe, timeout_s: float) -> tuple[Talk, int]:
    """One child, and the cell at which it stopped."""
    argv = tethered(host.examined, str(INSIDE / "train.py"))
    environ = {**host.environ, "KERAS_BACKEND": request.backend, "PYTHONDONTWRITEBYTECODE": "1"}
    asked = msgspec.json.encode(request)
    try:
        ended = converse(argv, asked, environ=environ, on_line=scribe.line, idle_s=timeout_s, piece_s=timeout_s)
        ending = _ENDINGS.get(ended.why, "crashed")
    except KeyboardInterrupt:
        ended, ending = Ended(why="ended"), "interrupted"
    heard = scribe.heard(ending, ended.detail)
    scribe.close(heard)
    return Talk(request=request, events=tuple(scribe.events), heard=heard), scribe.current


class _Scribe:
    """Writes down the events of one child. ``current``: the cell that it is at."""

    def __init__(self, request: Request, hear: Hear, watch: GpuWatch) -> None:
        self.request, self.hear, self.watch = request, hear, watch
        self.events: list[Event] = []
        self.current = 0
        self.device_name, self.devices = "", 1
        self.beside: dict[int, Disturbance] = {}
        self._before: Sample | None = None
        self._last: Sample | None = None
        self._own_s = 0.0

    def line(self, line: bytes) -> bool:
        """Take an event; whether a new piece of work begins. A line that is none is noise."""
        try:
            event = msgspec.json.decode(line, type=Event)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        if len(self.events) >= MAX_EVENTS:
            return False
        if isinstance(event, Ready):
            self._of_backend(event)
        elif isinstance(event, (Phase, Chunk, Done)):
            if not 0 <= event.cell < len(self.request.cells):
                return False
            self._of_cell(event)
        self.events.append(event)
        if isinstance(event, Done):
            self._tell_end(event.cell, self.heard("ended"))
        return not isinstance(event, Chunk)

    def heard(self, ending: Ending, detail: str = "") -> Heard:
        """All that was seen beside the events."""
        return Heard(
            ending=ending,
            detail=detail,
            device_name=self.device_name,
            devices=self.devices,
            beside=self.beside,
        )

    def close(self, heard: Heard) -> None:
        """The child has ended; say what became of a cell that it was still at."""
        done = {event.cell for event in self.events if isinstance(event, Done)}
        if self.request.cells and self.current not in done:
            self._tell_end(self.current, heard)

    def _tell_end(self, index: int, heard: Heard) -> None:
        self.hear(self.request.cells[index], run_of(self.request, index, self.events, heard).result)

    def _of_backend(self, event: Ready) -> None:
        others = tuple(name for name in event.devices if not is_cpu(name))
        if self.request.device == "all":
            self.devices = len(others) or len(event.devices)
        self.device_name = ", ".join(others) if self.request.device != "cpu" else ""

    def _of_cell(self, event: Phase | Chunk | Done) -> None:
        self.current = event.cell
        self.watch.read()
        if isinstance(event, Phase) and event.phase == "measuring":
            self._before, self._last, self._own_s = sample(), None, 0.0
        elif isinstance(event, Chunk):
            self._last, self._own_s = sample(), self._own_s + event.cpu_s
        elif self._before and self._last:  # what comes after the last chunk is not measured
            samples = self.watch.between(self._before.at, self._last.at)
            self.beside[event.cell] = joined(beside(self._before, self._last, self._own_s), samples, self.watch.own)
            self._before = None
        self.hear(self.request.cells[event.cell], event)


def beside(before: Sample, after: Sample, own_s: float) -> Disturbance:
    """How much of the cores others took meanwhile; ``own_s``: what the child itself took."""
    room = (after.at - before.at) * before.cores
    if room <= 0:
        return Disturbance()
    others = max(0.0, after.busy_s - before.busy_s - own_s)
    return Disturbance(load_per_core=min(1.0, others / room), steal=max(0.0, after.steal_s - before.steal_s) / room)
