"""What a rule is: a documented function of facts, with the metadata that ranking and pages need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kdoctor.model.finding import Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

SERIES = {  # what the first digit of an id says
    "1": "Driver",
    "2": "CUDA libraries and the loader",
    "3": "Framework build",
    "4": "Python environment",
    "5": "Container, WSL, cluster",
    "6": "Run-time settings",
    "7": "Speed",
    "8": "What was required or expected",
    "9": "kdoctor itself",
}


class Source(msgspec.Struct, frozen=True):
    """Where a rule's knowledge comes from, and the day it was read (ISO date)."""

    what: str
    read: str


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as the engine sees it.

    ``cause``: the taxonomy id that it is a case of, "" where none fits. ``layer``: its place in the order of
    roots (knowledge/ranking.toml). ``explains``: names of rules whose findings are consequences of this one.
    ``distribution``: whose plug-in it is, "" for kdoctor's own.
    """

    id: str
    name: str
    cause: str
    layer: str
    severity: Severity
    since: str
    sources: tuple[Source, ...]
    explains: tuple[str, ...]
    explanation: str
    check: Callable[..., Verdict]
    distribution: str = ""


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """The metadata that a rule's decorator carries."""

    id: str
    cause: str
    layer: str
    severity: Severity
    since: str
    sources: tuple[Source, ...]
    explains: tuple[str, ...] = ()


def rule(declared: Declared) -> Callable[[Callable[..., Verdict]], Callable[..., Verdict]]:
    """Mark the one function of a rule's module as the rule."""

    def mark(check: Callable[..., Verdict]) -> Callable[..., Verdict]:
        check.__kdoctor_rule__ = declared  # type: ignore[attr-defined]  # a function attribute, read by the registry
        return check

    return mark
