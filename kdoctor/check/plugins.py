"""Probes and rules of other distributions, each taken in if it is one, and told if it is not.

A plug-in may not take the id of a rule of kdoctor's own (KDnnn), nor any name that is taken; it may read every section
that a probe fills, its own among them. Whatever is wrong with one is a *crashed* outcome of that one alone.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterable, Sequence
from types import FunctionType

import msgspec

from kdoctor.check.registry import Found, Plugins, Probe, kinds_of, parameters_of, section_of
from kdoctor.host.plugins import EntryPoint, Failed, load
from kdoctor.knowledge.taxonomy import taxonomy
from kdoctor.model.facts.base import Section
from kdoctor.model.finding import SEVERITIES, Outcome
from kdoctor.model.report import Plugin
from kdoctor.model.rule import Declared, Rule

IMPORT_S = 5.0
ID = re.compile(r"[A-Z][A-Z0-9]{1,9}-?\d{1,5}")
OWN_ID = re.compile(r"KD-?\d")
NAME = re.compile(r"[a-z][a-z0-9_]*")
GIVEN = "examined"


def take_in(points: Sequence[EntryPoint], probes: Found, rules: Found) -> Plugins:
    """What the entry points lead to; ``probes`` and ``rules`` are kdoctor's own."""
    loaded, lost = _loaded(points)
    own = {probe.section for probe in probes.items} | {GIVEN}
    offered, refused = _each(loaded, "kdoctor.probes", _probe)
    accepted, without = _satisfiable(offered, own)
    known = own | {probe.section for _, probe in accepted}
    judges, unfit = _each(loaded, "kdoctor.rules", _rule)
    fitting, clashing = _without_clash(judges, rules.items, known)
    return Plugins(
        probes=tuple(probe for _, probe in accepted),
        rules=tuple(rule for _, rule in fitting),
        lost=(*lost, *refused, *without, *unfit, *clashing),
        kinds={probe.section: _kind(probe) for _, probe in accepted},
        told=_told(points, [probe for _, probe in accepted], [rule for _, rule in fitting]),
    )


def _loaded(points: Iterable[EntryPoint]) -> tuple[list[tuple[EntryPoint, object]], list[Outcome]]:
    """Import them; after one that hangs, no other of the same distribution is tried."""
    found, lost = [], []
    hung: set[str] = set()
    for point in points:
        if point.trouble or point.distribution in hung:
            lost.append(_lost(point, point.trouble or "not tried: an import from this distribution does not end"))
            continue
        said = load(point, IMPORT_S)
        if isinstance(said, Failed):
            hung |= {point.distribution} if said.late else set()
            lost.append(_lost(point, said.reason))
        else:
            found.append((point, said.value))
    return found, lost


def _lost(point: EntryPoint, reason: str) -> Outcome:
    kind = point.group.rpartition(".")[2].removesuffix("s") or "plug-in"
    name = point.name or point.distribution
    reason = f"the {kind} could not be loaded: {reason}"
    return Outcome(id=name, name=name, state="crashed", reason=reason, distribution=point.distribution)


Taken = typing.TypeVar("Taken", Probe, Rule)


def _each(
    loaded: Iterable[tuple[EntryPoint, object]], group: str, take: Callable[[EntryPoint, object], Taken]
) -> tuple[list[tuple[EntryPoint, Taken]], list[Outcome]]:
    found, lost = [], []
    for point, value in loaded:
        if point.group == group:
            try:
                found.append((point, take(point, value)))
            except Exception as error:  # noqa: BLE001  what another distribution gives may be anything
                lost.append(_lost(point, f"{type(error).__name__}: {error}"))
    return found, lost


def _probe(point: EntryPoint, value: object) -> Probe:
    function = _function(value)
    section = section_of(kinds_of(typing.get_type_hints(function)["return"]))
    if not NAME.fullmatch(section):
        message = f"{section!r} is no name of a section: the module of its class is to be named in lower case"
        raise ValueError(message)
    return Probe(section=section, needs=parameters_of(function), function=function, distribution=point.distribution)


def _function(value: object) -> FunctionType:
    if not isinstance(value, FunctionType):
        message = f"expected a function, got {type(value).__name__}"
        raise TypeError(message)
    return value


def _kind(probe: Probe) -> type[Section]:
    kinds = kinds_of(typing.get_type_hints(probe.function)["return"])
    return next(kind for kind in kinds if issubclass(kind, Section))


def _rule(point: EntryPoint, value: object) -> Rule:
    function = _function(value)
    declared = getattr(function, "__kdoctor_rule__", None)
    if not isinstance(declared, Declared):
        message = "the function is not marked with @rule(Declared(...))"
        raise TypeError(message)
    declared = msgspec.convert(msgspec.to_builtins(declared), Declared)
    if OWN_ID.match(declared.id) or not ID.fullmatch(declared.id):
        message = f"id {declared.id!r}: expected capitals and a number such as ABC1; KDnnn is kdoctor's own"
        raise ValueError(message)
    causes = {cause.id for cause in taxonomy().causes}
    if declared.cause and declared.cause not in causes:
        message = f"cause {declared.cause!r} is none of kdoctor's; leave it empty"
        raise ValueError(message)
    if not function.__doc__:
        message = "the rule has no page: its function's docstring is empty"
        raise ValueError(message)
    assert declared.severity in SEVERITIES  # noqa: S101  msgspec has checked it
    return Rule(
        id=declared.id,
        name=function.__name__.replace("_", "-"),
        cause=declared.cause,
        layer=declared.layer,
        severity=declared.severity,
        since=declared.since,
        sources=declared.sources,
        explains=declared.explains,
        explanation=function.__doc__,
        check=function,
        distribution=point.distribution,
    )


def _satisfiable(
    offered: list[tuple[EntryPoint, Probe]], own: set[str]
) -> tuple[list[tuple[EntryPoint, Probe]], list[Outcome]]:
    """Those whose sections are new and whose needs somebody fills; a circle among them is nobody's."""
    accepted: list[tuple[EntryPoint, Probe]] = []
    left: list[tuple[EntryPoint, Probe]] = []
    known, lost = set(own), []
    for point, probe in offered:
        if probe.section in known | {other.section for _, other in left}:
            lost.append(_lost(point, f"section {probe.section} is there already"))
        else:
            left.append((point, probe))
    while ready := [(point, probe) for point, probe in left if _needs(probe.needs) <= known]:
        accepted += ready
        known |= {probe.section for _, probe in ready}
        left = [item for item in left if item not in ready]
    for point, probe in left:
        missing = ", ".join(sorted(_needs(probe.needs) - known))
        lost.append(_lost(point, f"it needs {missing}, which no probe fills, or only one that needs this one"))
    return accepted, lost


def _needs(parameters: typing.Mapping[str, tuple[str, tuple[type, ...]]]) -> set[str]:
    return {section for section, _ in parameters.values()}


def _without_clash(
    offered: list[tuple[EntryPoint, Rule]], own: Sequence[Rule], known: set[str]
) -> tuple[list[tuple[EntryPoint, Rule]], list[Outcome]]:
    fitting: list[tuple[EntryPoint, Rule]] = []
    lost = []
    taken = {word for rule in own for word in (rule.id, rule.name)}
    for point, rule in offered:
        try:
            missing = _needs(parameters_of(rule.check)) - known
        except Exception as error:  # noqa: BLE001  annotations of another distribution
            lost.append(_lost(point, f"{type(error).__name__}: {error}"))
            continue
        clash = taken & {rule.id, rule.name}
        if missing or clash:
            reason = f"it reads {', '.join(sorted(missing))}, which no probe fills" if missing else ""
            lost.append(_lost(point, reason or f"{', '.join(sorted(clash))} is the id or name of another rule"))
            continue
        taken |= {rule.id, rule.name}
        fitting.append((point, rule))
    return fitting, lost


def _told(points: Iterable[EntryPoint], probes: Sequence[Probe], rules: Sequence[Rule]) -> tuple[Plugin, ...]:
    versions = {point.distribution: point.version for point in points}
    return tuple(
        Plugin(
            distribution=name,
            version=version,
            rules=tuple(rule.id for rule in rules if rule.distribution == name),
            sections=tuple(probe.section for probe in probes if probe.distribution == name),
        )
        for name, version in versions.items()
    )
