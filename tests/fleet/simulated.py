"""What workers say that train together, simulated: their speeds, their exchange, their links."""

from __future__ import annotations

import random

import msgspec

from kdoctor.model.scaling import (
    Built,
    Checked,
    End,
    Event,
    Exchange,
    Failed,
    Kind,
    Link,
    Ready,
    Steps,
    Worked,
)

BYTES = 53_200_132
ROUNDS, STEPS = 6, 10


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """``speeds``: seconds a step with the whole batch, of each worker; ``exchange_s``: of the gradients, alone.

    ``hidden``: the share of it that is behind computing. ``divided``: how much longer a sample takes in half a batch.
    ``crowded``: how much longer a step takes while the others train. ``waits``: for the batch, of each worker.
    ``jitter``: relative, of a step. ``links``: bytes a second of the pairs, in their order; ``trip_s``: a round trip.
    """

    speeds: tuple[float, ...] = (1.0, 1.0)
    exchange_s: float = 0.1
    hidden: float = 0.0
    divided: float = 0.1
    crowded: float = 0.0
    waits: tuple[float, ...] = ()
    busy: tuple[float, ...] = ()
    jitter: float = 0.005
    links: tuple[float, ...] = ()
    trip_s: float = 0.0002
    losses: tuple[float | None, ...] = (0.7, 0.6)
    expected: tuple[float | None, ...] = (0.7, 0.6)
    failed: tuple[tuple[int, Failed], ...] = ()
    batch: int = 16
    seed: int = 0

    @property
    def world(self) -> int:
        """How many there are."""
        return len(self.speeds)

    def workers(self) -> list[Worked]:
        """All of them."""
        draw = random.Random(self.seed)  # noqa: S311  noise
        part = self.batch // self.world
        order = sorted(range(self.world), key=lambda rank: self.speeds[rank])
        reference = order[(self.world - 1) // 2]
        said: list[list[Event]] = [[Ready(versions={"torch": "2.10"}, device="cpu")] for _ in self.speeds]
        said[0].append(Checked(losses=self.losses, expected=self.expected))
        built = Built(
            batch_size=self.batch,
            part=part,
            parameters=BYTES // 4,
            reference=reference,
            data="made up",
            route="made up",
        )
        for events in said:
            events.append(built)
        for number in range(ROUNDS):
            for size in (part, self.batch):
                self._round(said, draw, number, size, reference)
            for events in said:
                times = tuple(self.exchange_s * draw.gauss(1, self.jitter) for _ in range(5))
                events.append(Exchange(bytes=BYTES, seconds=times))
        for number, per_s in enumerate(self.links):
            pair = (number, (number + 1) % self.world)
            said[number].append(Link(first=pair[0], second=pair[1], per_s=per_s, trip_s=self.trip_s))
        lost = dict(self.failed)
        return [
            Worked(
                name=f"n{rank}",
                rank=rank,
                device="cpu",
                threads=1,
                events=(*events[: 3 if rank in lost else None], *(() if rank in lost else (End(),))),
                failed=lost.get(rank),
            )
            for rank, events in enumerate(said)
        ]

    def own(self, rank: int, size: int) -> float:
        """Seconds of a step of one worker by itself."""
        share = size / self.batch
        return self.speeds[rank] * share * (1 + (self.divided if share < 1 else 0.0))

    def _round(self, said: list[list[Event]], draw: random.Random, number: int, size: int, reference: int) -> None:
        def drawn(rank: int, *, crowded: bool) -> list[float]:
            times = self.own(rank, size) * (1 + (self.crowded if crowded else 0.0))
            return [times * draw.gauss(1, self.jitter) for _ in range(STEPS)]

        apart = [drawn(rank, crowded=True) for rank in range(self.world)]
        again = [drawn(rank, crowded=True) for rank in range(self.world)]
        seen = self.exchange_s * (1 - self.hidden)
        step = [max(some) + seen * draw.gauss(1, self.jitter) for some in zip(*again, strict=True)]
        for rank, events in enumerate(said):
            events.append(self._steps("apart", size, number, rank, apart[rank]))
            events.append(self._steps("together", size, number, rank, step))
        said[reference].append(self._steps("alone", size, number, reference, drawn(reference, crowded=False)))

    def _steps(self, kind: Kind, size: int, number: int, rank: int, seconds: list[float]) -> Steps:
        waits = self.waits[rank] if self.waits else 0.0001
        busy = self.busy[rank] if self.busy else 1.0
        return Steps(
            kind=kind,
            batch_size=size,
            round=number,
            waits=(waits,) * len(seconds),
            seconds=tuple(seconds),
            cpu_s=tuple(busy * value for value in seconds),
        )
