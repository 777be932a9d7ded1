"""Order findings: roots first, consequences nested under their root, harmless lines last.

Roots are ordered by severity, then by what makes another's remedy useless, then by layer (hardware before
driver before libraries before settings), then by confidence. The order is data: ``knowledge/ranking.toml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from kdoctor.knowledge.ranking import Ranking
from kdoctor.model.finding import CONFIDENCES, SEVERITIES, Finding
from kdoctor.model.rule import Rule

NONE: Mapping[str, str] = {}


def rank(
    findings: Iterable[Finding], rules: Iterable[Rule], ranking: Ranking, layers: Mapping[str, str] = NONE
) -> tuple[Finding, ...]:
    """The findings in order, with their roles: exactly one primary unless all are harmless.

    ``layers``: name to layer of findings that no rule made. Of several findings of one rule the first of the input
    stays the first; consequences stand under that one.
    """
    by_name = {rule.name: rule for rule in rules}
    layers = {**{rule.name: rule.layer for rule in by_name.values()}, **layers}
    all_findings = tuple(findings)
    harmless = [finding for finding in all_findings if finding.role == "harmless"]
    serious = _sorted([finding for finding in all_findings if finding.role != "harmless"], layers, ranking)
    ids = {finding.name: finding.id for finding in serious}
    parents = _parents(serious, by_name)
    roots = _sorted([finding for finding in serious if finding.name not in parents], layers, ranking)
    ordered: list[Finding] = []
    seen: set[str] = set()
    for index, root in enumerate(roots):
        role = "primary" if index == 0 else "independent"
        ordered.append(msgspec.structs.replace(root, role=role))
        under = [item for item in serious if item.name in parents and _root_of(item.name, parents) == root.name]
        ordered += [
            msgspec.structs.replace(finding, role="consequence", consequence_of=ids[parents[finding.name]])
            for finding in (_sorted(under, layers, ranking) if root.name not in seen else ())
        ]
        seen.add(root.name)
    return (*ordered, *_sorted(harmless, layers, ranking))


def _parents(serious: Iterable[Finding], rules: Mapping[str, Rule]) -> dict[str, str]:
    """Finding name to the name of the finding that explains it: of several the one that is ranked first.

    ``serious`` is in ranked order. A weaker finding explains no stronger one.
    """
    parents: dict[str, str] = {}
    strongest: dict[str, int] = {}
    for finding in serious:
        strongest.setdefault(finding.name, SEVERITIES.index(finding.severity))
    for name, severity in strongest.items():
        for explained in rules[name].explains if name in rules else ():
            other = strongest.get(explained)
            if other is None or explained in parents or _root_of(name, parents) == explained:
                continue
            if severity <= other:
                parents[explained] = name
    return parents


def _root_of(name: str, parents: Mapping[str, str]) -> str:
    while name in parents:
        name = parents[name]
    return name


def _sorted(findings: list[Finding], layers: Mapping[str, str], ranking: Ranking) -> list[Finding]:
    names = {finding.name for finding in findings}

    def key(finding: Finding) -> tuple[int, int, int, int, str]:
        named = layers.get(finding.name)
        layer = ranking.layers.index(named) if named in ranking.layers else len(ranking.layers)
        useless = sum(1 for row in ranking.before if finding.name in row.then and row.first in names)
        return (
            SEVERITIES.index(finding.severity),
            useless,
            layer,
            CONFIDENCES.index(finding.confidence),
            finding.id,
        )

    return sorted(findings, key=key)
