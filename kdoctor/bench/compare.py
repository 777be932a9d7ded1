"""Two documents of `kdoctor bench`: what became slower or faster, and what cannot be compared.

Input: an earlier document (a baseline) and a later one; output: a change for each result that both have and that
measured the same thing, and a reason for each that has no such partner. Machine, device, model, data, precision and
route must be the same; versions may differ, which is said: whether an upgrade made training slower is a good question.
A change is told only beyond the noise of both. A CPU whose plain matrix product became slower too, as that of a shared
machine does from one minute to the next, tells only what goes beyond that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from kdoctor.bench.runs import good, label, place
from kdoctor.measure.difference import FLOOR, Difference, difference
from kdoctor.model.bench import Bench, Result

IDENTITY = ("workload", "backend", "device", "mode", "precision", "batch_size", "epochs", "on_device", "rate")
SAME = ("device_name", "parameters", "data", "route")
BACKENDS = frozenset(("tensorflow", "jax", "jaxlib", "torch"))
OF_BACKEND = {"tensorflow": ("tensorflow",), "jax": ("jax", "jaxlib"), "torch": ("torch",)}
MACHINE = ("cpu", "cores", "gpus")
NO_MATTER = frozenset(("kdoctor", "date", "prefix", "interpreter", "host"))

UNCLEAR = 0.15  # a change that would matter

Outcome = Literal["slower", "faster", "same", "unclear"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """``speed``: samples a second now by then (0.85: 15 % fewer). ``detectable``: the least change that would be told.

    ``outcome`` unclear: noise hides even a change that would matter. ``versions``: those that differ, e.g.
    ("tensorflow 2.19.0 -> 2.20.0",). ``pace``: the speed of the device's plain matrix product now by then, None where
    it was not measured both times.
    """

    name: str
    speed: float
    detectable: float
    outcome: Outcome
    versions: tuple[str, ...] = ()
    pace: float | None = None


class Unlike(msgspec.Struct, frozen=True, kw_only=True):
    """A result without a partner, and what differs or is missing; ``spoiled``: alike, but one of them is of no use.

    ``gone``: the baseline has it, and of its workload only others were measured now, as where a GPU is lost.
    """

    name: str
    reasons: tuple[str, ...]
    spoiled: bool = False
    gone: bool = False


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All results of both documents; ``versions``: those that differ between any two that are alike."""

    changes: tuple[Change, ...]
    unlike: tuple[Unlike, ...]
    versions: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether there is not one change to tell of, and not for noise alone."""
        return not self.changes and not any(one.spoiled for one in self.unlike)


def compare(before: Bench, after: Bench) -> Comparison:
    """Every result of the later document, then those that only the earlier one has; those that look alike in order."""
    changes, unlike, versions = [], [], dict[str, None]()
    earlier: dict[tuple[object, ...], list[Result]] = {}
    for result in before.results:
        earlier.setdefault(identity(result), []).append(result)
    for result in after.results:
        same = earlier.get(identity(result))
        old = same.pop(0) if same else None
        reasons = _missing(result, before) if old is None else tuple(_reasons(old, result, before, after))
        spoiled = () if old is None or reasons else tuple(_spoiled(old, result))
        differ = () if old is None or reasons else _versions(result, before.environment, after.environment)
        versions.update(dict.fromkeys(differ))
        if old is None or reasons or spoiled:
            unlike.append(Unlike(name=label(result), reasons=reasons or spoiled, spoiled=bool(spoiled)))
        else:
            changes.append(_change(old, result, differ, _pace(result, before, after)))
    alone = [old for same in earlier.values() for old in same]
    measured = {result.workload for result in after.results}
    unlike += [
        Unlike(name=label(old), reasons=("It is in the baseline only.",), gone=old.workload in measured)
        for old in alone
    ]
    return Comparison(changes=tuple(changes), unlike=tuple(unlike), versions=tuple(versions))


def identity(result: Result) -> tuple[object, ...]:
    """What two results must share to be looked at together."""
    return tuple(getattr(result, field) for field in IDENTITY)


def _missing(result: Result, before: Bench) -> tuple[str, ...]:
    """How the nearest result of the baseline differs."""
    same = [old for old in before.results if old.workload == result.workload]
    if not same:
        return (f"The baseline has no `{result.workload}`.",)

    def differing(old: Result) -> list[str]:
        return [field for field in IDENTITY if getattr(old, field) != getattr(result, field)]

    nearest = min(same, key=lambda old: len(differing(old)))
    if not differing(nearest):
        return ("The baseline has fewer of these.",)
    return tuple(_differs(field, getattr(nearest, field), getattr(result, field)) for field in differing(nearest))


def _differs(field: str, old: object, new: object) -> str:
    return f"{field.replace('_', ' ')}: {old or 'none'} in the baseline, {new or 'none'} now."


def _reasons(old: Result, new: Result, before: Bench, after: Bench) -> Iterator[str]:
    """Why these two must not be compared; none: they may."""
    for field in SAME:
        was, is_ = getattr(old, field), getattr(new, field)
        if (plain(was) != plain(is_)) if field == "route" else was != is_:
            yield _differs(field, was, is_)
    for name in MACHINE:
        was, is_ = before.environment.get(name, ""), after.environment.get(name, "")
        if was != is_:
            yield _differs(name, was, is_)


def plain(route: str) -> str:
    """A route without its numbers: how many steps a chunk holds is measured anew each time.

    >>> plain("fit(tf.data, steps_per_execution=16)")
    'fit(tf.data, steps_per_execution=N)'
    """
    return re.sub(r"\d+", "N", route)


def _spoiled(old: Result, new: Result) -> Iterator[str]:
    """Why one of two that are alike is of no use."""
    for result, when in ((old, "in the baseline"), (new, "now")):
        if not good(result):
            few = result.status == "ok"
            yield f"It was {'timed too seldom' if few else result.status} {when}."


def _versions(result: Result, before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """What differs beside the machine; versions of other backends do not matter to this result."""
    others = BACKENDS - set(OF_BACKEND[result.backend])
    names = sorted((before.keys() | after.keys()) - others - NO_MATTER - set(MACHINE))
    both = ((name, before.get(name, ""), after.get(name, "")) for name in names)
    return tuple(f"{name} {was or 'none'} -> {is_ or 'none'}" for name, was, is_ in both if was != is_)


def _pace(result: Result, before: Bench, after: Bench) -> float | None:
    peaks = [document.peaks.get(place(result), {}).get("matmul_float32", 0.0) for document in (before, after)]
    return peaks[1] / peaks[0] if all(peak > 0 for peak in peaks) else None


def _change(old: Result, new: Result, versions: tuple[str, ...], pace: float | None) -> Change:
    moved = abs(1 - pace) if pace is not None and new.device == "cpu" else 0.0
    found = difference(old.raw, new.raw, floor=FLOOR + moved)
    return Change(
        name=label(new),
        speed=1 / found.ratio,
        detectable=found.detectable,
        outcome=_outcome(found),
        versions=versions,
        pace=pace,
    )


def _outcome(found: Difference) -> Outcome:
    if found.clear:
        return "slower" if found.ratio > 1 else "faster"
    return "unclear" if found.detectable > UNCLEAR else "same"
