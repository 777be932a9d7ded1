"""Run every probe, each with a time limit, side by side, none able to end the run.

A probe starts as soon as the sections that it needs are there, in a thread that nobody waits for beyond the deadline:
files on a dead network mount, a driver that hangs or a bug in the probe each leave one Unknown section, with the
reason. Most probes read a few files and end within a millisecond, and threads that take turns cost more than that; so
another thread is started only when those at work have not ended a probe for a moment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import msgspec

from kdoctor.check.registry import Broken, Probe, arguments
from kdoctor.host import Host
from kdoctor.model.codec import convert_section, to_builtins
from kdoctor.model.facts.base import SCHEMA, Absent, Answered, Facts, Section, Unknown, section_name
from kdoctor.model.trace import trace


class Progress(msgspec.Struct, frozen=True):
    """How far collecting is: sections done, sections in all, and those still running."""

    done: int
    total: int
    running: tuple[str, ...]


Watch = Callable[[Progress], None]
PATIENCE_S = 0.01


def collect(
    host: Host,
    probes: tuple[Probe, ...],
    given: Mapping[str, Answered],
    *,
    timeout_s: float,
    broken: tuple[Broken, ...] = (),
    watch: Watch = lambda _: None,
) -> Facts:
    """All sections: the ``given`` ones and one per probe. Raises ValueError for a cycle among probes."""
    started = time.monotonic()
    run = _Run(host, {probe.section: probe for probe in probes}, dict(given), timeout_s, watch)
    for module in broken:
        run.sections[module.module] = Unknown(reason=f"the probe could not be loaded: {module.reason}")
    _refuse_cycles(run.waiting)
    run.finish()
    seconds = round(time.monotonic() - started, 3)
    return Facts(schema=SCHEMA, origin=host.origin, sections=dict(sorted(run.sections.items())), seconds=seconds)


def _is_section(value: object, name: str) -> bool:
    """Whether a probe's result is what it declares; a plug-in is not checked by our types."""
    return isinstance(value, (Absent, Unknown)) or (isinstance(value, Section) and section_name(type(value)) == name)


def _outcome(section: Answered) -> str:
    return f"unknown ({section.reason})" if isinstance(section, Unknown) else type(section).__name__


def _refuse_cycles(probes: Mapping[str, Probe]) -> None:
    left = {name: {need for need, _ in probe.needs.values()} & set(probes) for name, probe in probes.items()}
    while left:
        free = [name for name, needs in left.items() if not needs & set(left)]
        if not free:
            message = f"probes need each other in a circle: {', '.join(sorted(left))}"
            raise ValueError(message)
        for name in free:
            del left[name]


class _Run:
    """One collection in progress; whoever changes its tables holds the lock."""

    def __init__(
        self, host: Host, probes: dict[str, Probe], sections: dict[str, Answered], timeout_s: float, watch: Watch
    ) -> None:
        self.host = host
        self.waiting = {name: probe for name, probe in probes.items() if name not in sections}
        self.sections = sections
        self.timeout_s = timeout_s
        self.watch = watch
        self.ready: list[tuple[str, Probe, Mapping[str, Answered]]] = []
        self.started: dict[str, float] = {}
        self.total = len(self.waiting)
        self.lock = threading.Lock()
        self.finished = threading.Event()

    def finish(self) -> None:
        """Look after the workers until every section is there: give up what is late, help where one is slow."""
        with self.lock:
            self._find_ready()
        taken = -1
        while not self.finished.wait(PATIENCE_S if taken >= 0 else 0):
            with self.lock:
                self._give_up_late()
                stuck = bool(self.ready) and taken == self._taken()
                taken = self._taken()
                left = len(self.waiting) + len(self.ready) + len(self.started)
                progress = Progress(self.total - left, self.total, tuple(self.started))
            if stuck or not self.started:
                threading.Thread(target=self._work, daemon=True).start()
            self.watch(progress)

    def _taken(self) -> int:
        """A number that changes whenever a probe is started."""
        return len(self.waiting) + len(self.ready)

    def _find_ready(self) -> None:
        unfinished = {*self.waiting, *self.started, *(name for name, _, _ in self.ready)}
        for name, probe in list(self.waiting.items()):
            if any(need in unfinished for need, _ in probe.needs.values()):
                continue
            del self.waiting[name]
            taken = arguments(probe.needs, self.sections)
            if isinstance(taken, (Absent, Unknown)):
                self.sections[name] = taken
                self._find_ready()
                return
            self.ready.append((name, probe, taken))
        if not (self.waiting or self.ready or self.started):
            self.finished.set()

    def _work(self) -> None:
        """Run ready probes one after the other until none is ready."""
        while True:
            with self.lock:
                if not self.ready:
                    return
                name, probe, taken = self.ready.pop(0)
                self.started[name] = time.monotonic()
            begun = time.monotonic()
            section = self._measure(name, probe, taken)
            trace(__name__, "probe %s: %s in %.3f s", name, _outcome(section), time.monotonic() - begun)
            with self.lock:
                if self.started.pop(name, None) is not None:
                    self.sections[name] = section
                    self._find_ready()

    def _measure(self, name: str, probe: Probe, taken: Mapping[str, Answered]) -> Answered:
        try:
            section = probe.function(self.host, **taken)
            if probe.distribution and _is_section(section, name):  # every value has to be of its type
                kind = type(section) if isinstance(section, Section) else Section
                section = convert_section(kind, to_builtins(section))
        except (Exception, SystemExit) as error:  # noqa: BLE001  one probe that raises is one unknown section
            return Unknown(reason=f"the probe crashed: {type(error).__name__}: {error}")
        if not _is_section(section, name):
            return Unknown(reason=f"the probe returned {type(section).__name__}, which is no {name}")
        return section

    def _give_up_late(self) -> None:
        now = time.monotonic()
        for name in [name for name, start in self.started.items() if start + self.timeout_s < now]:
            del self.started[name]
            trace(__name__, "probe %s: given up after %g s", name, self.timeout_s)
            self.sections[name] = Unknown(reason=f"gave no result in {self.timeout_s:g} s")
            self._find_ready()
