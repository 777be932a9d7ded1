"""A change in place for people: the finding, the difference, what became of it; and the records that undo reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kdoctor.model.finding import Finding
from kdoctor.render.fix import rows
from kdoctor.render.text import visible

MOST_PATHS = 10
FAMILY_NAMES = {
    "ubuntu": "Ubuntu (apt)",
    "debian": "Debian (apt)",
    "fedora": "Fedora (dnf)",
    "rhel": "RHEL (dnf)",
    "arch": "Arch (pacman)",
    "opensuse": "openSUSE (zypper)",
}


def found(finding: Finding) -> str:
    """The finding as the first rows."""
    return rows([("found", f"{finding.id} {finding.name}: {finding.what}"), ("why", finding.why)])


def change(title: str, shown: str, commands: Iterable[Iterable[str]]) -> str:
    """What would be done, as a difference and commands."""
    lines = [*(f"    {visible(line)}" for line in shown.splitlines())]
    lines += [f"    $ {visible(' '.join(words))}" for words in commands]
    return rows([("change", f"{title}:")]) + "\n".join(lines) + "\n"


def by_hand(finding: Finding, why: str, commands: Mapping[str, tuple[str, ...]]) -> str:
    """What the user has to do."""
    text = rows([("not done", f"kdoctor does not change this itself: {why}."), ("do", finding.remedy.text)])
    text += "".join(f"{line}\n" for line in _typed(commands))
    if finding.remedy.recipe:
        text += rows([("or", "Make an environment that fits this machine:")])
        text += f"              kdoctor fix --recipe {visible(finding.remedy.recipe)}\n"
    return text


def _typed(commands: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for name, some in commands.items():
        if name:
            yield f"          {FAMILY_NAMES.get(name, name)}:"
        yield from (f"              {visible(command)}" for command in some)


def outcome(finding: Finding, identity: str, then: str, after: str | None, *, gone: bool) -> str:
    """What became of it."""
    pairs = [("done", f"{finding.id} is gone." if gone else f"It is done, but {finding.id} is still found.")]
    pairs.append(("now", f"{after} is the primary cause." if after else "Nothing else is found."))
    if then:
        pairs.append(("next", then))
    pairs.append(("undo", f"`kdoctor undo {identity}` puts everything back."))
    return "\n" + rows(pairs)


def paths(title: str, some: tuple[str, ...]) -> str:
    """What undoing touches."""
    lines = [f"    {visible(path)}" for path in some[:MOST_PATHS]]
    lines += [f"    and {len(some) - MOST_PATHS} more"] if len(some) > MOST_PATHS else []
    number = f"{len(some)} path{'' if len(some) == 1 else 's'}"
    return rows([("undo", f"{title}: {number}")]) + "".join(f"{line}\n" for line in lines)


def records(items: Iterable[tuple[str, str, str, str, str]]) -> str:
    """One line for each record: number, time, state, rule, title."""
    lines = [f"{one:>4}  {since}  {stage:<8}  {rule:<5}  {title}" for one, since, stage, rule, title in items]
    return "".join(f"{visible(line)}\n" for line in lines)
