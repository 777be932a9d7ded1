"""One device and several: which runs belong together, and where the time of the several goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from kdoctor.bench.runs import Measured, Run, grouped
from kdoctor.bench.words import lasting, speed
from kdoctor.measure.scaling import Split, split


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """``weak``: each device has the batch of the one; otherwise they share it. ``on_device``: the input was there."""

    one: Run
    many: Run
    weak: bool
    on_device: Run | None

    @property
    def speed_up(self) -> float:
        """Samples a second of the several against the one."""
        return self.many.per_s / self.one.per_s

    @property
    def several(self) -> str:
        """The several, in words."""
        return f"{self.many.devices} {'GPUs' if self.many.on_gpu else 'logical CPU devices'}"

    @property
    def ideal_s(self) -> float:
        """The step if nothing were lost; logical devices of one CPU share its cores, which one device has alone."""
        alone = self.one.step_s * self.many.result.batch_size / self.one.result.batch_size
        return alone / self.many.devices if self.many.on_gpu else alone

    @property
    def split(self) -> Split:
        """Where the step of the several loses its time."""
        inside = None if self.on_device is None else self.on_device.step_s
        exchange = self.many.checks.get("communication_s")
        return split(self.ideal_s, self.many.step_s, on_device_s=inside, communication_s=exchange)

    def evidence(self) -> tuple[str, ...]:
        """The figures behind it."""
        rows = [(f"{self.one.result.device}", self.one), (self.several, self.many)]
        if self.on_device is not None:
            rows.append((f"{self.several}, data on the devices", self.on_device))
        said = [
            f"{name}, batch {run.result.batch_size}: {speed(run.per_s)}, {lasting(run.step_s)} a step"
            for name, run in rows
        ]
        exchange = self.many.checks.get("communication_s")
        return (*said, f"exchanging the gradients alone: {lasting(exchange)} a step") if exchange else tuple(said)


def pairs(measured: Measured) -> Iterator[Pair]:
    """Several devices against one of the same kind in the same training."""
    for group in grouped(measured.good(), "workload", "backend", "mode", "precision").values():
        ones = [run for run in group if run.result.device != "all" and not run.result.on_device]
        several = [run for run in group if run.result.device == "all" and run.devices > 1]
        for many in (run for run in several if not run.result.on_device):
            found = _partner([run for run in ones if run.on_gpu == many.on_gpu], many)
            if found is not None:
                batch = many.result.batch_size
                inside = [run for run in several if run.result.on_device and run.result.batch_size == batch]
                weak = found.result.batch_size != batch
                yield Pair(one=found, many=many, weak=weak, on_device=inside[0] if inside else None)


def _partner(ones: Sequence[Run], many: Run) -> Run | None:
    """The first single device with the batch that each of the several has, else with the same batch."""
    batch = many.result.batch_size
    weak = [run for run in ones if run.result.batch_size * many.devices == batch]
    strong = [run for run in ones if run.result.batch_size == batch]
    return next(iter([*weak, *strong]), None)
