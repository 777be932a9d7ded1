"""What differs between machines that should be alike? Each property against the value that most of them have."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from kdoctor.knowledge.fleet import Property, table
from kdoctor.model.finding import Evidence, Remedy
from kdoctor.model.fleet import FleetFinding, Node, Shared

MAJORITY = 0.5
OTHER_POOL = 0.25  # machines that are so many are a pool of their own, not strays
FEWEST = 3
NAMED = 6
PACKAGES_NAMED = 3
ID = "FLEET"


def differs(identity: str) -> str:
    """The name of the finding that a property differs."""
    return f"{identity.replace('_', '-')}-differs"


def shared(nodes: Sequence[Node]) -> Iterator[Shared]:
    """The values of every property, the most frequent first."""
    for row in table().properties:
        counts = Counter(value for node in nodes if (value := node.values.get(row.id)))
        if counts:
            yield Shared(property=row.id, title=row.title, values=tuple(counts.most_common()))


def differences(nodes: Sequence[Node]) -> Iterator[FleetFinding]:
    """A finding for each property in which a few machines differ from the rest of their kind."""
    for row in table().properties:
        if row.id == "packages":
            yield from _packages(row, nodes)
            continue
        for group in _kinds(row, nodes):
            yield from _strays(row, group)


def _kinds(row: Property, nodes: Sequence[Node]) -> Iterable[list[Node]]:
    """The machines that are compared with each other."""
    known = [node for node in nodes if node.values.get(row.id)]
    if row.within == "all":
        return [known]
    groups: dict[str, list[Node]] = defaultdict(list)
    for node in known:
        groups[node.values.get("gpus", "")].append(node)
    return list(groups.values())


def _strays(row: Property, nodes: Sequence[Node]) -> Iterator[FleetFinding]:
    counts = Counter(node.values[row.id] for node in nodes)
    if len(nodes) < FEWEST or len(counts) == 1:
        return
    usual, number = counts.most_common(1)[0]
    if number <= MAJORITY * len(nodes):
        return
    strays = [node for node in nodes if counts[node.values[row.id]] < max(OTHER_POOL * len(nodes), 2)]
    if not strays:
        return
    others: dict[str, list[str]] = defaultdict(list)
    for node in strays:
        others[node.values[row.id]].append(node.name)
    told = "; ".join(f"{listed(names)}: {value}" for value, names in _ordered(others))
    what = f"{row.title} {usual} on {number} of {len(nodes)} machines; {len(strays)} differ{'s' * (len(strays) == 1)}."
    yield _finding(row, what, tuple(node.name for node in strays), ((told, usual),))


def _packages(row: Property, nodes: Sequence[Node]) -> Iterator[FleetFinding]:
    """One finding for all packages whose version differs, apart from those that have a property of their own."""
    known = [node for node in nodes if node.packages]
    if len(known) < FEWEST:
        return
    kinds = Counter(id(node.packages) for node in known)  # equal ones are the same object
    by_kind = {id(node.packages): node.packages for node in known}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for key, number in kinds.items():
        for name, version in by_kind[key].items():
            counts[name][version] += number
    usual = {
        name: version
        for name, versions in counts.items()
        for version, number in versions.most_common(1)
        if number > MAJORITY * len(known)
    }
    odd = {
        key: [name for name, version in usual.items() if packages.get(name) != version]
        for key, packages in by_kind.items()
        if kinds[key] < max(OTHER_POOL * len(known), 2)
    }
    strays = [node for node in known if odd.get(id(node.packages))]
    if not strays:
        return
    names = Counter(name for node in strays for name in odd[id(node.packages)])
    seen = []
    for name, _ in names.most_common(PACKAGES_NAMED):
        where: dict[str, list[str]] = defaultdict(list)
        for node in strays:
            if node.packages.get(name) != usual[name]:
                where[node.packages.get(name, "not installed")].append(node.name)
        told = "; ".join(f"{listed(found)}: {value}" for value, found in _ordered(where))
        seen.append((f"{name} {told}", f"{name} {usual[name]}"))
    more = f" and {len(names) - PACKAGES_NAMED} more" if len(names) > PACKAGES_NAMED else ""
    first = ", ".join(name for name, _ in names.most_common(PACKAGES_NAMED))
    what = f"{first}{more}: other versions on {len(strays)} of {len(known)} machines."
    yield _finding(row, what, tuple(node.name for node in strays), tuple(seen))


def _finding(row: Property, what: str, nodes: tuple[str, ...], seen: Iterable[tuple[str, str]]) -> FleetFinding:
    evidence = [Evidence(fact="usual", value=usual, source="the majority") for _, usual in seen]
    return FleetFinding(
        id=ID,
        name=differs(row.id),
        cause=None,
        severity="warning" if row.sure else "note",
        confidence="certain",
        role="independent",
        what=what,
        why=row.why,
        remedy=Remedy(text=row.do),
        evidence=(*evidence, *(Evidence(fact="differs", value=told, source="") for told, _ in seen)),
        nodes=nodes,
    )


def _ordered(groups: dict[str, list[str]]) -> list[tuple[str, list[str]]]:
    return sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are.

    >>> listed(["n1", "n2"]), listed([f"n{number}" for number in range(9)])
    ('n1, n2', 'n0, n1, n2, n3, n4, n5 and 3 more')
    """
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
