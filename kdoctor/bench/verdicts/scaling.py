"""Scaling efficiency of several devices, and what keeps it from 100 %."""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.bench.pairs import Pair, pairs
from kdoctor.bench.runs import Measured
from kdoctor.bench.words import times
from kdoctor.model.bench import Verdict

LOW, HIGH = 0.7, 0.95


def judge(measured: Measured) -> Iterator[Verdict]:
    """For each pair in which several devices are at least as fast as one."""
    for pair in pairs(measured):
        if pair.speed_up >= 1:
            yield _verdict(pair)


def _verdict(pair: Pair) -> Verdict:
    share, result = pair.split, pair.many.result
    kind = f"{'weak' if pair.weak else 'strong'} scaling efficiency" if pair.many.on_gpu else "of the cores' speed"
    what = (
        f"{result.workload} on {result.backend}: {pair.several} train {times(pair.speed_up)} as fast as one;"
        f" {kind} {share.efficiency:.0%}."
    )
    return Verdict(
        name="scaling-efficiency",
        severity="warning" if share.efficiency < LOW else "note",
        what=what,
        why=_why(pair),
        do=_do(pair),
        evidence=pair.evidence(),
    )


def _why(pair: Pair) -> str:
    share = pair.split
    if share.efficiency >= HIGH:
        return "Hardly anything of a step is lost."
    parts = []
    if share.communication is not None:
        parts.append(f"{share.communication:.0%} exchange of gradients")
    if share.input is not None:
        parts.append(f"{share.input:.0%} input")
    parts.append(f"{share.rest:.0%} {'the rest' if parts else 'not told apart'}")
    return f"Of each step is lost: {', '.join(parts)}."


def _do(pair: Pair) -> str:
    share = pair.split
    if share.efficiency >= HIGH:
        return "Nothing: this scales."
    if (share.input or 0.0) >= max(share.communication or 0.0, share.rest):
        return "Prefetch and cache the input, or prepare it in parallel."
    if (share.communication or 0.0) >= share.rest:
        return "Give each device a larger batch, so that gradients are exchanged less often; use NVLink where it is."
    return "Give each device a larger batch: a divided batch leaves each device too little to do."
