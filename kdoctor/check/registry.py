"""Find every probe and rule: a file in the package is enough, there is no list to edit."""

from __future__ import annotations

import importlib
import pkgutil
import typing
from collections.abc import Callable, Mapping
from types import ModuleType, UnionType
from typing import Any, Union

import msgspec

from kdoctor import probes, rules
from kdoctor.host import Host
from kdoctor.model.facts.base import Absent, Answered, Section, Unknown, section_name
from kdoctor.model.finding import Outcome
from kdoctor.model.report import Plugin
from kdoctor.model.rule import Declared, Rule


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """A probe as the engine sees it: the section it fills and, by parameter, the sections it needs.

    ``distribution``: whose plug-in it is, "" for kdoctor's own.
    """

    section: str
    needs: Mapping[str, tuple[str, tuple[type, ...]]]
    function: Callable[..., Answered]
    distribution: str = ""


class Broken(msgspec.Struct, frozen=True):
    """A module that could not be taken in; its outcome is *crashed*."""

    module: str
    reason: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Everything discovered."""

    items: tuple[Any, ...]
    broken: tuple[Broken, ...]


class Plugins(msgspec.Struct, frozen=True, kw_only=True):
    """Probes and rules of other distributions, and the outcomes of those that could not be taken in.

    ``kinds``: the class of each of their sections by its name.
    """

    probes: tuple[Probe, ...] = ()
    rules: tuple[Rule, ...] = ()
    lost: tuple[Outcome, ...] = ()
    kinds: Mapping[str, type[Section]] = {}
    told: tuple[Plugin, ...] = ()


def kinds_of(annotation: object) -> tuple[type, ...]:
    """The classes in an annotation such as ``Driver | Absent``."""
    if typing.get_origin(annotation) in (Union, UnionType):
        return tuple(kind for kind in typing.get_args(annotation) if isinstance(kind, type))
    return (annotation,) if isinstance(annotation, type) else ()


def section_of(kinds: tuple[type, ...]) -> str:
    """The name of the one section among the classes; raises TypeError where there is not exactly one."""
    names = [section_name(kind) for kind in kinds if issubclass(kind, Section)]
    if len(names) != 1:
        message = f"expected one fact section, found {names or 'none'}"
        raise TypeError(message)
    return names[0]


def parameters_of(function: Callable[..., Any]) -> dict[str, tuple[str, tuple[type, ...]]]:
    """Parameter name to (section, accepted kinds), without the Host."""
    hints = typing.get_type_hints(function)
    hints.pop("return", None)
    needs = {}
    for name, annotation in hints.items():
        if annotation is not Host:
            kinds = kinds_of(annotation)
            needs[name] = (section_of(kinds), kinds)
    return needs


def _probe_of(module: ModuleType) -> Probe:
    function = module.probe
    section = section_of(kinds_of(typing.get_type_hints(function)["return"]))
    return Probe(section=section, needs=parameters_of(function), function=function)


def rule_of(module: ModuleType) -> Rule:
    """The rule in a module; raises TypeError or AttributeError where there is none."""
    name = module.__name__.rpartition(".")[2].partition("_")[2]
    check = getattr(module, name)
    declared: Declared = check.__kdoctor_rule__
    return Rule(
        id=declared.id,
        name=name.replace("_", "-"),
        cause=declared.cause,
        layer=declared.layer,
        severity=declared.severity,
        since=declared.since,
        sources=declared.sources,
        explains=declared.explains,
        explanation=module.__doc__ or "",
        check=check,
    )


def _discover(package: ModuleType, take: Callable[[ModuleType], object]) -> Found:
    items, broken = [], []
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        name = f"{package.__name__}.{module.name}"
        try:
            items.append(take(importlib.import_module(name)))
        except Exception as error:  # noqa: BLE001  a plug-in that fails to load is an outcome, not the end
            broken.append(Broken(module.name, f"{type(error).__name__}: {error}"))
    return Found(items=tuple(items), broken=tuple(broken))


def find_probes(package: ModuleType = probes) -> Found:
    """Every probe of the package."""
    return _discover(package, _probe_of)


def find_rules(package: ModuleType = rules) -> Found:
    """Every rule of the package, by id."""
    return _discover(package, rule_of)


def arguments(
    needs: Mapping[str, tuple[str, tuple[type, ...]]], sections: Mapping[str, Answered]
) -> dict[str, Answered] | Absent | Unknown:
    """The sections for a function's parameters, or which of them stops it: Unknown before Absent."""
    taken: dict[str, Answered] = {}
    stop: Absent | Unknown | None = None
    for parameter, (name, kinds) in needs.items():
        section = sections.get(name, Unknown(reason="not recorded"))
        if isinstance(section, kinds):
            taken[parameter] = section
        elif isinstance(section, Unknown):
            stop = Unknown(reason=f"needs {name}: {section.reason}")
        elif isinstance(section, Absent) and stop is None:
            stop = Absent(looked=(f"there is no {name.replace('_', ' ')}",))
        elif stop is None:
            stop = Absent(looked=(f"{name.replace('_', ' ')} is there",))
    return taken if stop is None else stop
