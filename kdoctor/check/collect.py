"""Run every probe, each with a time limit, side by side, none able to end the run.

A probe starts as soon as the sections that it needs are there. It runs in a thread of its own that nobody waits
for beyond its deadline; files on a dead network mount, a driver that hangs or a bug in the probe each leave one
Unknown section, with the reason.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping

import msgspec

from kdoctor.check.registry import Broken, Probe, arguments
from kdoctor.host import Host
from kdoctor.model.facts.base import SCHEMA, Absent, Answered, Facts, Section, Unknown, section_name


class Progress(msgspec.Struct, frozen=True):
    """How far collecting is: sections done, sections in all, and those still running."""

    done: int
    total: int
    running: tuple[str, ...]


Watch = Callable[[Progress], None]


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
    """One collection in progress."""

    def __init__(
        self, host: Host, probes: dict[str, Probe], sections: dict[str, Answered], timeout_s: float, watch: Watch
    ) -> None:
        self.host = host
        self.waiting = {name: probe for name, probe in probes.items() if name not in sections}
        self.sections = sections
        self.timeout_s = timeout_s
        self.watch = watch
        self.running: dict[str, float] = {}
        self.results: queue.Queue[tuple[str, Answered]] = queue.Queue()
        self.total = len(self.waiting)

    def finish(self) -> None:
        """Start what can start, take what has ended, give up what is late; until nothing is left."""
        while self.waiting or self.running:
            self._start_ready()
            done = self.total - len(self.waiting) - len(self.running)
            self.watch(Progress(done, self.total, tuple(self.running)))
            if not self.running:
                continue
            try:
                name, section = self.results.get(timeout=0.1)
            except queue.Empty:
                self._give_up_late()
                continue
            if name in self.running:
                del self.running[name]
                self.sections[name] = section

    def _start_ready(self) -> None:
        unfinished = set(self.waiting) | set(self.running)
        for name, probe in list(self.waiting.items()):
            if any(need in unfinished for need, _ in probe.needs.values()):
                continue
            del self.waiting[name]
            taken = arguments(probe.needs, self.sections)
            if isinstance(taken, (Absent, Unknown)):
                self.sections[name] = taken
                self._start_ready()
                return
            self.running[name] = time.monotonic() + self.timeout_s
            threading.Thread(target=self._measure, args=(name, probe, taken), daemon=True).start()

    def _measure(self, name: str, probe: Probe, taken: Mapping[str, Answered]) -> None:
        try:
            section = probe.function(self.host, **taken)
            if not _is_section(section, name):
                section = Unknown(reason=f"the probe returned {type(section).__name__}, which is no {name}")
        except Exception as error:  # noqa: BLE001  one probe that raises is one unknown section
            section = Unknown(reason=f"the probe crashed: {type(error).__name__}: {error}")
        self.results.put((name, section))

    def _give_up_late(self) -> None:
        now = time.monotonic()
        for name in [name for name, deadline in self.running.items() if deadline < now]:
            del self.running[name]
            self.sections[name] = Unknown(reason=f"gave no result in {self.timeout_s:g} s")
