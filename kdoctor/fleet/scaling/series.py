"""The timed steps of all workers, put together.

Steps of one kind and batch are in the order in which they were measured, round after round; the workers measured the
same number of them at the same time, so that step by step they can be compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from typing import TypeVar

import msgspec

from kdoctor.measure.stats import median
from kdoctor.model.scaling import Built, Checked, Exchange, Kind, Link, Ready, Steps, Worked

Said = TypeVar("Said", Ready, Checked, Built)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Steps of one worker: seconds of waiting for the batch, in all, and of processors, a value for each step."""

    waits: tuple[float, ...] = ()
    seconds: tuple[float, ...] = ()
    cpu_s: tuple[float, ...] = ()

    @property
    def step_s(self) -> float:
        """The median."""
        return median(self.seconds)


class Series:
    """What the workers measured, by number of the worker."""

    def __init__(self, workers: Sequence[Worked]) -> None:
        """In the order of their numbers."""
        self.workers = workers
        self.built = first(workers, Built)
        self.checked = first(workers, Checked)
        self._rows: dict[tuple[str, int], dict[int, Row]] = defaultdict(dict)
        for worker in workers:
            for event in worker.events:
                if isinstance(event, Steps):
                    before = self._rows[event.kind, event.batch_size].get(worker.rank, Row())
                    self._rows[event.kind, event.batch_size][worker.rank] = Row(
                        waits=before.waits + event.waits,
                        seconds=before.seconds + event.seconds,
                        cpu_s=before.cpu_s + event.cpu_s,
                    )

    def rows(self, kind: Kind, batch_size: int) -> dict[int, Row]:
        """Of every worker that measured it."""
        return {rank: row for rank, row in self._rows.get((kind, batch_size), {}).items() if row.seconds}

    def alone(self, batch_size: int) -> Row | None:
        """Of the reference worker."""
        return next(iter(self.rows("alone", batch_size).values()), None)

    def is_complete(self, batch_size: int) -> bool:
        """Whether every worker measured every kind, and none lost a round."""
        apart, together = self.rows("apart", batch_size), self.rows("together", batch_size)
        counts = {len(row.seconds) for row in (*apart.values(), *together.values())}
        return len(apart) == len(together) == len(self.workers) and len(counts) == 1 and bool(self.alone(batch_size))

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Those of all workers."""
        return tuple(event for event in self._events() if isinstance(event, Exchange))

    @property
    def links(self) -> tuple[Link, ...]:
        """Those between machines, the slowest first."""
        found = (event for event in self._events() if isinstance(event, Link))
        return tuple(sorted(found, key=lambda link: link.per_s))

    def _events(self) -> chain[object]:
        return chain.from_iterable(worker.events for worker in self.workers)


def first(workers: Sequence[Worked], kind: type[Said]) -> Said | None:
    """The first event of a kind that any of them said."""
    return next((event for worker in workers for event in worker.events if isinstance(event, kind)), None)


def slowest_of_each(rows: dict[int, Row]) -> list[float]:
    """Seconds of the slowest worker, step by step: so long a synchronous step takes without any exchange."""
    return [max(some) for some in zip(*(row.seconds for row in rows.values()), strict=True)]


def middle(rows: dict[int, Row]) -> Row:
    """The worker in the middle; of two, the faster, so that one slow worker is not half the measure of itself."""
    ordered = sorted(rows.values(), key=lambda row: row.step_s)
    return ordered[(len(ordered) - 1) // 2]
