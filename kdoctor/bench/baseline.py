"""What a comparison with a baseline means: its verdicts, its text, and why a baseline is refused.

Input: what `bench.compare` found; output: verdicts beside those of the run itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kdoctor.bench.compare import Change, Comparison, Unlike
from kdoctor.model.bench import Bench, Verdict
from kdoctor.model.trouble import Trouble


def verdicts_of(comparison: Comparison, *, fail_below: float | None = None) -> tuple[Verdict, ...]:
    """An error for each that is below ``fail_below`` of the baseline's speed and clearly slower; else a warning.

    A change that noise hides is a note, so that a gate does not pass in silence what it could not see; one that the
    baseline has and that is gone now is an error where there is a limit.
    """
    said = [_versions_differ(comparison.versions)] if comparison.versions else []
    for change in comparison.changes:
        if change.outcome == "slower":
            said.append(_slower(change, fail_below))
        elif change.outcome == "unclear":
            said.append(_unclear(change))
    gate = fail_below is not None
    return (*said, *(_gone(one) if gate and one.gone else _not_compared(one) for one in comparison.unlike))


def _gone(one: Unlike) -> Verdict:
    return Verdict(
        name="baseline-missing",
        severity="error",
        what=f"{one.name}: in the baseline, and not measured now.",
        why="A gate does not pass what it did not see: the device may be gone.",
        do="Measure it too; if it is left out on purpose, make a baseline with the same command.",
    )


def _slower(change: Change, fail_below: float | None) -> Verdict:
    below = fail_below is not None and change.speed < fail_below
    limit = f" At least {fail_below:.0%} was asked for." if below else ""
    return Verdict(
        name="below-baseline" if below else "slower-than-baseline",
        severity="error" if below else "warning",
        what=f"{change.name}: {change.speed:.0%} of the baseline's speed.",
        why=f"The noise of both explains up to {change.detectable:.0%}.{limit}",
        do=f"Measure again on a quiet machine; if it stays, {_cause(change)}.",
        evidence=(*_figures(change), f"smallest change told: {change.detectable:.1%}"),
    )


def _cause(change: Change) -> str:
    if change.versions:
        return f"it came with the change of versions ({', '.join(change.versions)})"
    return "look for what changed since the baseline"


def _versions_differ(versions: Sequence[str]) -> Verdict:
    return Verdict(
        name="baseline-versions",
        severity="warning",
        what=f"{differing(versions)}.",
        why="The machine is the same, so speeds are compared all the same: a change may be that of the versions.",
        do="To see a change of the machine alone, make a baseline with these versions: `kdoctor bench --format json`.",
        evidence=tuple(versions),
    )


def differing(versions: Sequence[str]) -> str:
    """One line.

    >>> differing(["keras 3.10.0 -> 3.12.0", "tensorflow 2.19.0 -> 2.20.0"])
    'versions differ: keras 3.10.0 -> 3.12.0, tensorflow 2.19.0 -> 2.20.0'
    """
    return f"versions differ: {', '.join(versions)}"


def _unclear(change: Change) -> Verdict:
    return Verdict(
        name="baseline-unclear",
        severity="note",
        what=f"{change.name}: too noisy to be compared with the baseline.",
        why=f"Only a change beyond {change.detectable:.0%} could be told from noise.",
        do="Measure longer, on a quiet machine.",
        evidence=_figures(change),
    )


def _figures(change: Change) -> tuple[str, ...]:
    speed = f"speed now by then: {change.speed:.3f}"
    return (speed,) if change.pace is None else (speed, f"of a plain matrix product: {change.pace:.3f}")


def _not_compared(one: Unlike) -> Verdict:
    return Verdict(
        name="baseline-unclear" if one.spoiled else "baseline-unlike",
        severity="note" if one.spoiled else "warning",
        what=f"{one.name}: not compared with the baseline.",
        why=" ".join(one.reasons),
        do="Measure again on a quiet machine." if one.spoiled else "Make a baseline with the same command, here.",
    )


def refusal(comparison: Comparison, source: str) -> Trouble:
    """Why nothing of the baseline ``source`` can be compared."""
    reasons = list(dict.fromkeys(reason for one in comparison.unlike for reason in one.reasons))
    said = " ".join(reasons[:3]) or "Both documents hold no result."
    hint = "Make a baseline with the same command on the same machine: `kdoctor bench --format json`."
    return Trouble("baseline-unlike", f"{source} measured other things: {said}", hint=hint)


def read(content: bytes, source: str) -> Bench:
    """A document of `kdoctor bench --format json`."""
    hint = "Make one with `kdoctor bench --format json > baseline.json`."
    try:
        return msgspec.json.decode(content, type=Bench)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Trouble("baseline-unreadable", f"{source} is no document of kdoctor bench: {error}", hint=hint) from error


def text(comparison: Comparison) -> Sequence[str]:
    """What differs, then one line for each result."""
    lines = [differing(comparison.versions)] if comparison.versions else []
    lines += [
        f"{change.name}: {change.speed:.0%} of the baseline's speed, {change.outcome}"
        f" (told from {change.detectable:.0%} on)"
        for change in comparison.changes
    ]
    return [*lines, *(f"{one.name}: not compared. {' '.join(one.reasons)}" for one in comparison.unlike)]
