"""What the figures of workers that trained together mean: the answer to "why not 100 %?", and who is to blame."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from kdoctor.bench.words import lasting, times
from kdoctor.fleet.scaling.estimates import estimates
from kdoctor.fleet.scaling.series import Row, Series, middle
from kdoctor.fleet.scaling.split import MS
from kdoctor.measure.difference import difference
from kdoctor.measure.stats import SIGMA, SMALLEST_SIGMA, mad, median
from kdoctor.model.bench import Verdict
from kdoctor.model.scaling import Exchanged, Failure, Link, Part, PartName, Scaled, Worked

AGREE, AGREE_ON_GPU = 1e-3, 5e-3  # relative; TF32 keeps 10 bits
LOW, HIGH, SAID = 0.7, 0.95, 0.01
DEVIATIONS, MATTERS = 3.0, 0.1
FEWEST_FOR_DEVIATION = 4
CAUSES: tuple[Failure, ...] = ("crashed", "lost", "refused", "error", "timeout", "left")  # the later follow the earlier
SATURATED = 0.5  # of what plain TCP carries: then the link limits the exchange
FAR_BELOW = 0.5  # of the fastest link
FAR_S = 0.001  # a round trip within a building takes a tenth of it
COUNTS, WAITED_FOR = 0.05, 0.1  # of a step: less of it, and less of the exchange, is nobody's trouble
IN_ANY_CASE = 0.3  # so large a share no noise makes
WORDS: dict[PartName, str] = {
    "communication": "exchange of gradients",
    "input": "waiting for input",
    "imbalance": "waiting for the slowest worker",
    "smaller batch": "a smaller batch for each worker",
    "shared machine": "workers on one machine that slow each other down",
    "rest": "not explained by what was measured",
}
ACTIONS: dict[PartName, str] = {
    "communication": "Exchange less often, or less, or over a faster link.",
    "input": "Prefetch and cache the input, or prepare it in parallel; give each worker its own storage.",
    "imbalance": "Find out what holds the slowest worker back; synchronous training goes at its pace.",
    "smaller batch": "Give each worker a larger batch: a divided batch leaves it too little to do at once.",
    "shared machine": "Give each worker processors and memory of its own: fewer workers on each machine.",
    "rest": "Measure again with nothing else running.",
}


def verdicts(series: Series, scaled: Sequence[Scaled], exchange: Exchanged | None) -> Iterator[Verdict]:
    """The worst first."""
    yield from _lost(series.workers)
    yield from _losses(series)
    blamed = [_stragglers(series), _links(series, scaled, exchange)]
    for found in reversed(blamed) if _share(scaled, "communication") > _share(scaled, "imbalance") else blamed:
        yield from found
    for one in scaled:
        strong = next((other for other in scaled if other.kind == "strong"), None)
        yield _unsteady(one) if one.notes else _efficiency(series, one, strong, exchange)


def parts_in_words(parts: Sequence[Part]) -> str:
    """Those that count, the largest first: "9% exchange of gradients, 5% waiting for the slowest worker"."""
    counted = sorted((part for part in parts if part.share >= SAID), key=lambda part: -part.share)
    return ", ".join(f"{part.share:.0%} {WORDS[part.name]}" for part in counted)


def _share(scaled: Sequence[Scaled], name: PartName) -> float:
    """The most that a part takes of a step."""
    return max((part.share for one in scaled for part in one.parts if part.name == name), default=0.0)


def _lost(workers: Sequence[Worked]) -> Iterator[Verdict]:
    failed = [worker for worker in workers if worker.failed]
    if not failed:
        return
    worst = min((worker.failed.kind for worker in failed if worker.failed), key=CAUSES.index)
    causes = [worker for worker in failed if worker.failed and worker.failed.kind == worst]
    names = ", ".join(f"{worker.rank} on {worker.name}" for worker in causes)
    yield Verdict(
        name="worker-lost",
        severity="error",
        what=f"{len(causes)} of {len(workers)} workers did not come to the end: {names}.",
        why="Workers that train together cannot go on without one of them.",
        do="Mend what that worker said; then measure again.",
        evidence=tuple(
            f"worker {worker.rank} on {worker.name}: {worker.failed.detail}" for worker in causes if worker.failed
        ),
    )


def _losses(series: Series) -> Iterator[Verdict]:
    checked = series.checked
    if checked is None:
        return
    allowed = AGREE_ON_GPU if any(worker.device.startswith("gpu") for worker in series.workers) else AGREE
    for number, (found, expected) in enumerate(zip(checked.losses, checked.expected, strict=False), 1):
        apart = math.inf if found is None or expected is None else abs(found - expected) / max(abs(expected), 1e-9)
        if apart > allowed:
            yield Verdict(
                name="losses-differ",
                severity="error",
                what=f"Together the loss of step {number} is {found}; one worker has {expected} on the same samples.",
                why=f"They are {apart:.1e} apart, {allowed:.0e} is allowed: gradients are not averaged as they should.",
                do="Do not train on these workers together; run `kdoctor bench` on each of them first.",
            )
            return


def _stragglers(series: Series) -> Iterator[Verdict]:
    if series.built is None or not series.is_complete(series.built.batch_size):
        return
    rows = series.rows("apart", series.built.batch_size)
    usual = middle(rows)
    medians = [row.step_s for row in rows.values()]
    sigma = max(SIGMA * mad(medians), SMALLEST_SIGMA * usual.step_s) if len(rows) >= FEWEST_FOR_DEVIATION else 0.0
    limit = usual.step_s + max(DEVIATIONS * sigma, MATTERS * usual.step_s)
    slow = [
        (series.workers[rank], row)
        for rank, row in rows.items()
        if row.step_s > limit and difference(usual.seconds, row.seconds).clear
    ]
    for worker, row in sorted(slow, key=lambda item: -item[1].step_s):
        yield Verdict(
            name="straggler",
            severity="warning",
            what=f"Worker {worker.rank} on {worker.name} is slow: a step of its own takes "
            f"{times(row.step_s / usual.step_s)} as long as the usual worker's.",
            why=f"{_held_back(row, usual)} Synchronous training goes at the pace of its slowest worker.",
            do="See what else runs on that machine, and its heat and clocks; or leave it out.",
            evidence=(f"{lasting(row.step_s)} a step of its own, usual are {lasting(usual.step_s)}",),
        )


def _held_back(row: Row, usual: Row) -> str:
    """Whether its time goes to input, to a slower processor, or to others that use its processors."""
    more = row.step_s - usual.step_s
    if median(row.waits) - median(usual.waits) > more / 2:
        return f"It waits for its input {lasting(median(row.waits))} a step."
    computing = median(row.cpu_s) - median(usual.cpu_s)
    if computing > more / 2:
        return "It computes longer for the same: its processor is slower, or others use its caches and memory."
    return "It computes no longer than the others, but does not get its processors all the time: others use them."


def _links(series: Series, scaled: Sequence[Scaled], exchange: Exchanged | None) -> Iterator[Verdict]:
    """A link that carries far less than others, that the exchange fills, or that is far; only where that counts."""
    shares = [(part.share, one) for one in scaled for part in one.parts if part.name == "communication"]
    share = max((share for share, one in shares if not one.notes or share >= IN_ANY_CASE), default=0.0)
    links = [link for link in series.links if not link.trouble]
    if share < WAITED_FOR or exchange is None or not links:
        return
    found = _slow_link(series, links, exchange)
    if found:
        yield Verdict(
            name="slow-link",
            severity="warning",
            what=found,
            why=f"The exchange takes up to {share:.0%} of a step; alone it takes {lasting(exchange.ms / MS)}.",
            do="Use a faster network between these machines, or exchange less: a larger batch, gradients in bfloat16.",
            evidence=tuple(
                f"plain TCP {_between(series, link)}: {rate(link.per_s)}, {lasting(link.trip_s)} a round trip"
                for link in links[:4]
            ),
        )


def _slow_link(series: Series, links: Sequence[Link], exchange: Exchanged) -> str:
    """Which is slow, and why one can say so; links are in order, the slowest first."""
    world = len(series.workers)
    slowest, fastest, farthest = links[0], links[-1], max(links, key=lambda link: link.trip_s)
    needed = 2 * (world - 1) / world * exchange.per_s  # what a ring sends over each link
    slow = [link for link in links if link.per_s < FAR_BELOW * fastest.per_s]
    carries = f"slow: {rate(slowest.per_s)}"
    common = set.intersection(*({link.first, link.second} for link in slow)) if len(slow) > 1 else set()
    if len(common) == 1:
        return f"The links of {series.workers[common.pop()].name} are {carries}, others {rate(fastest.per_s)}."
    if slow:
        return f"The link {_between(series, slowest)} is {carries}, others {rate(fastest.per_s)}."
    if needed > SATURATED * slowest.per_s:
        return f"The link {_between(series, slowest)} is {carries}, and the exchange of gradients fills it."
    if farthest.trip_s >= FAR_S:
        trip = lasting(farthest.trip_s)
        return (
            f"The link {_between(series, farthest)} is long: a round trip takes {trip}, and each exchange has several."
        )
    return ""


def _between(series: Series, link: Link) -> str:
    first, second = (series.workers[number] for number in (link.first, link.second))
    return f"between {first.name} and {second.name}"


def _unsteady(one: Scaled) -> Verdict:
    return Verdict(
        name="noisy",
        severity="note",
        what=f"{one.kind.capitalize()} scaling was measured on machines whose speed moved: no verdict is drawn.",
        why=" ".join(one.notes),
        do="Measure again with nothing else running, or for longer: `--seconds 120`.",
    )


def _efficiency(series: Series, one: Scaled, strong: Scaled | None, exchange: Exchanged | None) -> Verdict:
    world = len(series.workers)
    lost = [part for part in one.parts if part.name != "rest" or part.share >= COUNTS]
    largest = max(lost, key=lambda part: part.share, default=None)
    why = parts_in_words(one.parts)
    advice = ["Nothing: this scales."] if one.efficiency >= HIGH or largest is None else [ACTIONS[largest.name]]
    if one.kind == "weak" and one.efficiency < HIGH:
        advice += estimates(one, strong, exchange)
    evidence = [f"one worker: {lasting(one.one_ms / MS)} a step; {world} together: {lasting(one.step_ms / MS)}"]
    if exchange is not None:
        alone = f"{size(exchange.bytes)} in {lasting(exchange.ms / MS)}, {rate(exchange.per_s)}"
        evidence.append(f"the exchange of gradients alone: {alone}{_hidden(one, exchange)}")
    return Verdict(
        name=f"{one.kind}-scaling",
        severity="warning" if one.efficiency < LOW else "note",
        what=f"{world} workers train {times(one.speed_up)} as fast as one: {one.kind} scaling efficiency "
        f"{one.efficiency:.0%}, batch {one.batch_size} each.",
        why=f"Of each step is lost: {why}." if why else "Hardly anything of a step is lost.",
        do=" ".join(advice),
        evidence=tuple(evidence),
    )


def _hidden(one: Scaled, exchange: Exchanged) -> str:
    seen = next((part.ms for part in one.parts if part.name == "communication"), 0.0)
    hidden = exchange.ms - seen
    return f"; {lasting(hidden / MS)} of it behind computing" if hidden > COUNTS * exchange.ms else ""


def size(count: float) -> str:
    """Bytes as networks count them.

    >>> size(53200132), size(246824)
    ('53.2 MB', '0.247 MB')
    """
    return f"{count / 1e6:.3g} MB"


def rate(per_s: float) -> str:
    """Bytes a second, and bits as links are sold.

    >>> rate(25e6), rate(1.25e9)
    ('25 MB/s (0.2 Gbit/s)', '1250 MB/s (10 Gbit/s)')
    """
    mega = per_s / 1e6
    shown = f"{mega:.0f}" if mega >= 10 else f"{mega:.2g}"  # noqa: PLR2004  two digits are enough
    return f"{shown} MB/s ({8 * per_s / 1e9:.2g} Gbit/s)"
