"""What a rule may say, and what becomes of it in a report."""

from typing import Literal, TypeAlias, Union

import msgspec

Severity = Literal["error", "warning", "note"]
Confidence = Literal["certain", "likely", "possible"]
Role = Literal["primary", "consequence", "independent", "harmless"]
Safety = Literal["safe", "changes-environment", "needs-root"]
State = Literal["fired", "clear", "not-applicable", "undetermined", "crashed"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
CONFIDENCES: tuple[Confidence, ...] = ("certain", "likely", "possible")


class Evidence(msgspec.Struct, frozen=True):
    """A fact that was seen: its name, its value, and the path, command, variable or log line it was read from."""

    fact: str
    value: str
    source: str


class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    """What to do: one sentence, then commands to copy, in order; ``recipe``: an environment that avoids the fault."""

    text: str
    commands: tuple[str, ...] = ()
    recipe: str = ""
    safety: Safety = "safe"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's verdict that the fault is there.

    ``what``: the values observed (at most 100 columns); ``why``: the requirement and its effect. ``severity``
    replaces the rule's own where the facts make it weaker or stronger.
    """

    what: str
    why: str
    remedy: Remedy
    evidence: tuple[Evidence, ...]
    confidence: Confidence = "certain"
    severity: Severity | None = None


class Clear(msgspec.Struct, frozen=True):
    """The fault is not there; ``reason`` says what was seen instead."""

    reason: str


class NotApplicable(msgspec.Struct, frozen=True):
    """The question does not arise here."""

    reason: str


class Undetermined(msgspec.Struct, frozen=True):
    """The facts do not suffice; ``reason`` says what is missing."""

    reason: str


Verdict: TypeAlias = Union[Found, Clear, NotApplicable, Undetermined]  # noqa: UP007  read at run time on 3.10


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A fired rule in a report. ``cause``: the taxonomy's id, None where there is none.

    ``consequence_of``: the id of the finding that explains this one, "" for a root. ``distribution``: whose plug-in
    the rule is, "" for kdoctor's own.
    """

    id: str
    name: str
    cause: str | None
    severity: Severity
    confidence: Confidence
    role: Role
    what: str
    why: str
    remedy: Remedy
    evidence: tuple[Evidence, ...]
    consequence_of: str = ""
    distribution: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one rule ended; ``reason`` is "" for a fired one, ``distribution`` "" for one of kdoctor's own."""

    id: str
    name: str
    state: State
    reason: str = ""
    distribution: str = ""
