"""Several devices that are slower than one, and whether the input or the exchange of weights is to blame."""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.bench.pairs import Pair, pairs
from kdoctor.bench.runs import Measured
from kdoctor.bench.words import between, times
from kdoctor.model.bench import Verdict

INPUT = "the input: the CPU cannot prepare batches as fast as the devices take them."
EXCHANGE = "synchronising weights: a small model spends its time there, not computing."
OTHER = "neither the input nor the exchange of weights, as far as it was measured."


def judge(measured: Measured) -> Iterator[Verdict]:
    """For each pair in which one device does more samples a second."""
    for pair in pairs(measured):
        if pair.speed_up < 1 and between(pair.one, pair.many).clear:
            yield _verdict(pair)


def _verdict(pair: Pair) -> Verdict:
    share = pair.split
    parts = {"input": share.input or 0.0, "exchange": share.communication or 0.0, "other": share.rest}
    largest = max(parts, key=lambda name: parts[name])
    causes = {"input": INPUT, "exchange": EXCHANGE, "other": OTHER}
    actions = {
        "input": "Prefetch and cache the input, prepare it in parallel, or put it on the devices beforehand.",
        "exchange": "Give each device a larger batch, or train a model this small on one device.",
        "other": "Give each device a larger batch; measure again with the data on the devices.",
    }
    result = pair.many.result
    return Verdict(
        name="several-devices-slower",
        severity="warning",
        what=f"{result.workload} on {result.backend}: {pair.several} train slower than one ({times(pair.speed_up)}).",
        why=f"Of each step {parts[largest]:.0%} goes to {causes[largest]}",
        do=actions[largest],
        evidence=pair.evidence(),
    )
