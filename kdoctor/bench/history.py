"""What is kept of each run of `kdoctor bench`, a line of JSON, and the list that shows them.

Reading and writing files is for the caller; raw series are not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from kdoctor.bench.runs import label
from kdoctor.model.bench import Bench, Status

SCHEMA = 1
NAMED = ("keras", "tensorflow", "jax", "torch", "driver")


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One result: ``name`` as reports have it."""

    name: str
    status: Status
    device_name: str = ""
    step_ms: float | None = None
    samples_per_s: float | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One run; ``when``: the time of its start, as ISO 8601 has it, e.g. 2026-11-21T10:15:00Z."""

    schema: int
    when: str
    facts_digest: str
    environment: Mapping[str, str]
    results: tuple[Kept, ...]
    seconds: float
    exit_reason: str


def entry(bench: Bench, when: str) -> Entry:
    """What is kept of a document."""
    kept = [
        Kept(
            name=label(result),
            status=result.status,
            device_name=result.device_name,
            step_ms=None if result.step_ms is None else round(result.step_ms.median, 6),
            samples_per_s=None if result.samples_per_s is None else round(result.samples_per_s, 3),
        )
        for result in bench.results
    ]
    return Entry(
        schema=SCHEMA,
        when=when,
        facts_digest=bench.facts_digest,
        environment=bench.environment,
        results=tuple(kept),
        seconds=bench.seconds,
        exit_reason=bench.exit_reason,
    )


def encoded(one: Entry) -> bytes:
    """A line of the history file."""
    return msgspec.json.encode(one) + b"\n"


def decoded(content: bytes) -> tuple[Entry, ...]:
    """The entries of a history file; lines that are torn or of a newer kdoctor are left out."""
    found = []
    for line in content.splitlines():
        try:
            one = msgspec.json.decode(line, type=Entry)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        if one.schema <= SCHEMA:
            found.append(one)
    return tuple(found)


def listed(entries: Sequence[Entry]) -> Iterable[str]:
    """Lines for people: a head for each run, the newest last, and its results below."""
    if not entries:
        return ["No run of kdoctor bench is kept for this user."]
    lines = []
    for one in entries:
        versions = ", ".join(f"{name} {one.environment[name]}" for name in NAMED if one.environment.get(name))
        lines.append(f"{one.when}  {versions or 'no versions known'}  ({one.seconds:.0f} s)")
        lines += [f"  {_kept(result)}" for result in one.results]
    return lines


def _kept(result: Kept) -> str:
    if result.step_ms is None or result.samples_per_s is None:
        return f"{result.name}: {result.status}"
    return f"{result.name}: {result.step_ms:.4g} ms a step, {result.samples_per_s:.4g} samples/s, {result.status}"
