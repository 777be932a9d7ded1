"""One report of many: the machines' own findings by kind, what differs between them, and those that did not answer."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from kdoctor import __version__
from kdoctor.check.rank import rank
from kdoctor.check.registry import find_rules
from kdoctor.fleet.differ import ID, differences, differs, listed, shared
from kdoctor.fleet.node import Reader
from kdoctor.fleet.stragglers import BENCH, SLOW, speeds, stragglers
from kdoctor.knowledge.fleet import table
from kdoctor.knowledge.ranking import ranking
from kdoctor.model.finding import CONFIDENCES, SEVERITIES, Evidence, Remedy
from kdoctor.model.fleet import FLEET_SCHEMA, Answer, FleetFinding, FleetReport, Node, NodeFinding, Row
from kdoctor.model.rule import Rule

WORDINGS = 3
LONGEST_NAME = 253  # of a host, RFC 1035
_NUMBER = re.compile(r"(\d+)")


def merge(answers: Iterable[Answer]) -> FleetReport:
    """The report on all machines; takes one answer after the other and keeps little of each."""
    reader = Reader()
    nodes = sorted(named_apart(map(reader.node, answers)), key=lambda node: in_order(node.name))
    there = [node for node in nodes if node.lost is None]
    rules = find_rules().items
    found = [*_own(there, rules), *differences(there), *stragglers(there), *_lost(nodes)]
    layers = {**{differs(row.id): row.layer for row in table().properties}, SLOW: "speed"}
    ranked = [item for item in rank(found, rules, ranking(), layers) if isinstance(item, FleetFinding)]
    return FleetReport(
        schema=FLEET_SCHEMA,
        kdoctor=__version__,
        primary=ranked[0] if ranked and ranked[0].role == "primary" else None,
        findings=tuple(ranked),
        shared=(*shared(there), *speeds(there)),
        map=tuple(_rows(nodes, ranked)),
        answered=len(there),
    )


def named_apart(nodes: Iterable[Node]) -> Iterator[Node]:
    """Each node with a name of its own, cut to what a host may be called: a second one of a name is NAME#2."""
    times: Counter[str] = Counter()
    for node in nodes:
        name = node.name[:LONGEST_NAME]
        times[name] += 1
        again = times[name]
        yield msgspec.structs.replace(node, name=name if again == 1 else f"{name}#{again}")


def in_order(name: str) -> tuple[tuple[int, str], ...]:
    """A key that puts n2 before n10."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in _NUMBER.split(name))


def _own(nodes: Sequence[Node], rules: Iterable[Rule]) -> Iterator[FleetFinding]:
    """The findings of the machines' own reports, one for each rule; consequences are left to the single reports."""
    explanations = {rule.name: rule for rule in rules}
    by_name: dict[str, list[tuple[str, NodeFinding]]] = defaultdict(list)
    for node in nodes:
        for finding in node.findings:
            if finding.role in {"primary", "independent"}:
                by_name[finding.name].append((node.name, finding))
    for name, items in by_name.items():
        yield _grouped(items, len(nodes), explanations.get(name))


def _grouped(items: Sequence[tuple[str, NodeFinding]], of: int, rule: Rule | None) -> FleetFinding:
    worst = min((finding for _, finding in items), key=lambda finding: SEVERITIES.index(finding.severity))
    surest = min((finding.confidence for _, finding in items), key=CONFIDENCES.index)
    wordings: dict[str, list[str]] = defaultdict(list)
    for node, finding in items:
        wordings[finding.what].append(node)
    ordered = sorted(wordings.items(), key=lambda item: -len(item[1]))
    title = rule.explanation.strip().partition("\n")[0] if rule is not None else worst.what
    where = "every machine" if len(items) == of else f"{len(items)} of {of} machines"
    seen = [Evidence(fact=listed(nodes), value=what, source="") for what, nodes in ordered[:WORDINGS]]
    if len(ordered) > WORDINGS:
        seen.append(Evidence(fact="and", value=f"{len(ordered) - WORDINGS} other wordings", source=""))
    first = items[0][0]
    return FleetFinding(
        id=worst.id,
        name=worst.name,
        cause=worst.cause,
        severity=worst.severity,
        confidence=surest,
        role="independent",
        what=f"On {where}: {title}",
        why="It is what `kdoctor bench` found there."
        if worst.id == BENCH
        else f"`kdoctor explain {worst.id}` says what it means.",
        remedy=Remedy(text=f"The report of each machine has its own remedy; the first is {first}."),
        evidence=tuple(seen),
        nodes=tuple(node for node, _ in items),
    )


def _lost(nodes: Sequence[Node]) -> Iterator[FleetFinding]:
    """The machines without a report, by how they were lost."""
    for row in table().losses:
        lost = [node for node in nodes if node.lost == row.id]
        if not lost:
            continue
        said = Counter(node.said for node in lost if node.said)
        yield FleetFinding(
            id=ID,
            name=f"node-{row.id}",
            cause=None,
            severity="error",
            confidence="certain",
            role="independent",
            what=f"{len(lost)} of {len(nodes)} machines {row.title}: {listed([node.name for node in lost])}.",
            why=row.why,
            remedy=Remedy(text=row.do),
            evidence=tuple(Evidence(fact="said", value=text, source="") for text, _ in said.most_common(WORDINGS)),
            nodes=tuple(node.name for node in lost),
        )


def _rows(nodes: Sequence[Node], findings: Sequence[FleetFinding]) -> Iterator[Row]:
    differs: dict[str, list[str]] = defaultdict(list)
    for finding in findings:
        if finding.name.endswith("-differs"):
            for name in finding.nodes:
                differs[name].append(finding.name.removesuffix("-differs"))
    for node in nodes:
        own = [item for item in node.findings if item.role in {"primary", "independent"}]
        worst = min((item.severity for item in own), key=SEVERITIES.index, default="ok")
        primary = next((item.name for item in own if item.role == "primary"), "")
        state = "lost" if node.lost else worst
        yield Row(name=node.name, state=state, primary=node.lost or primary, differs=tuple(differs[node.name]))  # type: ignore[arg-type]  # a severity, or ok
