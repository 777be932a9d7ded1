"""Facts that no machine has: those of a recorded one, with sections and fields of others, odd values and gaps.

Everything that a decoder accepts may come from outside (a facts file, a recording), so every rule must bear it.
"""

from __future__ import annotations

import functools
import itertools
import json
from typing import Any

import msgspec
from hypothesis import strategies as some

from kdoctor.check.registry import find_rules, parameters_of
from kdoctor.model.codec import convert_section, section_kinds, to_builtins
from kdoctor.model.facts.base import Facts
from kdoctor.model.rule import Rule
from tests.recorded import NAMES, checked

GONE = {"state": "absent", "looked": []}
UNKNOWN = {"state": "unknown", "reason": "gave no result in 20 s"}
ODD: tuple[Any, ...] = (
    None,
    "",
    0,
    -1,
    10**18,
    "1",
    "0.0",
    "-1",
    "odd \N{SNOWMAN} text",
    "9" * 40,
    [],
    {},
    True,
    False,
)
KINDS = section_kinds()


@functools.cache
def plain(name: str) -> dict[str, Any]:
    """The sections of a machine as JSON has them."""
    found: dict[str, Any] = to_builtins(checked(name).report.facts)["sections"]
    return found


@functools.cache
def seen() -> dict[str, tuple[Any, ...]]:
    """The values of each field, by its name, on any machine."""
    values: dict[str, dict[str, Any]] = {}

    def take(item: Any) -> None:  # noqa: ANN401  JSON
        if isinstance(item, list):
            for part in item:
                take(part)
        if isinstance(item, dict):
            for key, value in item.items():
                values.setdefault(key, {})[json.dumps(value, sort_keys=True)] = value
                take(value)

    for name in NAMES:
        take(list(plain(name).values()))
    return {key: tuple(found.values()) for key, found in values.items()}


def places(item: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401  JSON
    """Every container in a value and a key of it, outermost first."""
    pairs: list[tuple[Any, Any]]
    if isinstance(item, dict):
        pairs = [(item, key) for key in item]
    elif isinstance(item, list):
        pairs = [(item, index) for index in range(len(item))]
    else:
        return []
    return pairs + [place for container, key in pairs for place in places(container[key])]


@some.composite
def changed(draw: some.DrawFn, section: Any) -> Any:  # noqa: ANN401  JSON
    """One value in a section replaced."""
    found = json.loads(json.dumps(section))
    inside = [(container, key) for container, key in places(found) if key != "state"]
    if inside:
        container, key = draw(some.sampled_from(inside))
        known = seen().get(str(key), ())
        container[key] = draw(some.sampled_from(known) | some.sampled_from(ODD) if known else some.sampled_from(ODD))
    return found


@functools.cache
def fired_on() -> dict[str, tuple[str, ...]]:
    """Rule to the machines on which it fires."""
    found: dict[str, tuple[str, ...]] = {}
    for name in NAMES:
        for finding in checked(name).report.findings:
            found[finding.name] = (*found.get(finding.name, ()), name)
    return found


@functools.cache
def of_one_cause() -> tuple[tuple[Rule, Rule], ...]:
    """Every two rules that share a cause, both ways round."""
    pairs = itertools.permutations(find_rules().items, 2)
    return tuple((one, other) for one, other in pairs if one.cause and one.cause == other.cause)


@some.composite
def grafted_facts(draw: some.DrawFn) -> Facts:
    """A machine on which a rule fires, with what another rule of the same cause reads where that one fires."""
    one, other = draw(some.sampled_from(of_one_cause()))
    base = checked(draw(some.sampled_from(fired_on()[one.name]))).report.facts
    there = checked(draw(some.sampled_from(fired_on()[other.name]))).report.facts.sections
    read = sorted({section for section, _ in parameters_of(other.check).values()} & set(there))
    taken = draw(some.sets(some.sampled_from(read), min_size=1))
    return msgspec.structs.replace(base, sections={**base.sections, **{name: there[name] for name in taken}})


@some.composite
def crossed_facts(draw: some.DrawFn) -> Facts:
    """A document that could have been recorded."""
    base = checked(draw(some.sampled_from(NAMES))).report.facts
    sections = dict(base.sections)
    for name in draw(some.lists(some.sampled_from(sorted(sections)), max_size=8)):
        other = plain(draw(some.sampled_from(NAMES)))[name]
        value = draw(some.sampled_from((GONE, UNKNOWN, other)) | changed(to_builtins(sections[name])) | changed(other))
        try:
            sections[name] = convert_section(KINDS[name], value)
        except msgspec.ValidationError:
            continue
    return msgspec.structs.replace(base, sections=sections)
