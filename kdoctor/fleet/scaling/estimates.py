"""What would help, and how much: estimates from what was measured, each of which says that it is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kdoctor.model.scaling import Exchanged, PartName, Scaled

WORTH = 0.01  # of efficiency
BACKWARD = 2 / 3  # of a step: the backward pass computes twice what the forward pass does


def estimates(weak: Scaled, strong: Scaled | None, exchange: Exchanged | None) -> Iterator[str]:
    """Sentences, for weak scaling; none that would gain less than a hundredth."""
    lost: Mapping[PartName, float] = {part.name: part.ms for part in weak.parts}
    seen, alone = lost.get("communication", 0.0), exchange.ms if exchange else 0.0
    larger = _larger(weak, strong, lost)
    found = [
        (f"a batch of {2 * weak.batch_size} for each worker", larger),
        ("gradients exchanged in bfloat16", _less(weak, seen - max(0.0, seen - alone / 2))),
        (
            "an exchange that is hidden behind the backward pass as far as it can be",
            _less(weak, seen - max(0.0, alone - BACKWARD * weak.one_ms)),
        ),
        ("workers of equal speed", _less(weak, lost.get("imbalance", 0.0))),
    ]
    for what, efficiency in found:
        if efficiency - weak.efficiency >= WORTH:
            yield f"Estimate: with {what} the efficiency is about {efficiency:.0%}."


def _less(weak: Scaled, saved_ms: float) -> float:
    """The efficiency if a step took so much less."""
    return weak.ideal_ms / (weak.step_ms - max(0.0, saved_ms))


def _larger(weak: Scaled, strong: Scaled | None, lost: Mapping[PartName, float]) -> float:
    """With twice the batch: what does not depend on it stays, all else grows as one worker's step does."""
    fixed = lost.get("communication", 0.0) + max(0.0, lost["rest"])
    step = 2 * weak.one_ms
    if strong is not None:
        small = next((part.ms for part in strong.parts if part.name == "smaller batch"), 0.0) + strong.ideal_ms
        per_sample = (weak.one_ms - small) / (weak.batch_size - strong.batch_size)
        step = weak.one_ms + max(0.0, per_sample) * weak.batch_size
    return step / (step * (weak.step_ms - fixed) / weak.one_ms + fixed)
