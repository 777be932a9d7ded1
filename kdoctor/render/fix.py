"""A plan for people, and what became of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from kdoctor.model.plan import Environment, Outcome, Plan
from kdoctor.render.text import visible

WIDTH = 80
COLUMN = 10
MEBI = 1 << 20


def plan_text(plan: Plan) -> str:
    """The whole plan."""
    by_conda = plan.method == "conda"
    python = f" ({plan.python})" if plan.python else ""
    pairs = [
        *block("recipe", (f"{plan.recipe}: {plan.title}",)),
        *block("because", (plan.why,)),
        *block("not met", plan.unmet),
        *block("target", (plan.target,)),
        *block("python", () if by_conda else (f"{plan.version}{python}",)),
        *block("channels", plan.channels),
        *block("note", plan.notes),
        *block("for", (settings_of(plan.machine, " "),) if plan.machine else ()),
        *block("asks for", plan.specs),
        *block("installs", (packages_of(plan),) if plan.packages else ()),
        *block("problem", (plan.problem,) if plan.problem else ()),
        *block("works", plan.relaxations),
        *block("sets", (f"{settings_of(plan.settings)} (when activated)",) if plan.settings else ()),
    ]
    if plan.fits and not plan.problem:
        first = "build aside, install" if by_conda else "resolve, lock with hashes, build aside, install"
        in_place = f"{plan.client} installs it there, prove; unless it is proved, it is removed"
        pairs.append(("steps", in_place if plan.client else f"{first}, prove, put in place"))
        pairs.append(("proves", "kdoctor's rules, the imports, the devices, the linear regression"))
    return rows(pairs)


def why_not(plan: Plan) -> str:
    """Why a plan is not carried out, in a line."""
    return " ".join((plan.problem or "; ".join(plan.unmet) or "there is no solution").split())


def packages_of(plan: Plan) -> str:
    """Every package of a solution."""
    size = max(1, round(plan.download_bytes / MEBI))
    return f"{len(plan.packages)} packages, {size} MiB where none is in the cache: {', '.join(plan.packages)}"


def outcome_text(outcome: Outcome) -> str:
    """What was proved, and how to use it."""
    pairs = block("proved", tuple(f"{one.name}: {one.said}" for one in outcome.proofs))
    if outcome.gpu == "not-here":
        pairs.append(("GPU", "none could be used here: everything else is proved"))
    pairs.append(("ready", f"{len(outcome.packages)} packages in {outcome.plan.target}"))
    command = f"{'use it':<{COLUMN}}{visible(outcome.activate)}\n"  # whole, to be copied
    return f"\n{rows(pairs)}{command}"


def made_text(environments: Sequence[Environment]) -> str:
    """Those that kdoctor made, one below the other."""
    if not environments:
        return "kdoctor has made no environment for this user.\n"
    pairs = []
    for one in environments:
        how = f"{one.recipe}, by {one.method}" if one.recipe else "its record cannot be read"
        pairs += [(one.name, ""), ("", one.prefix), ("", how)]
    return "\n".join(visible(name or f"{'':<{COLUMN}}{text}") for name, text in pairs) + "\n"


def block(label: str, texts: Iterable[str]) -> list[tuple[str, str]]:
    """One text a row, the label before the first."""
    return [("" if number else label, text) for number, text in enumerate(texts)]


def rows(pairs: Iterable[tuple[str, str]]) -> str:
    """Label and text; a text longer than the line goes on below itself, words longer than a line stay whole."""
    lines = []
    for label, text in pairs:
        parts = textwrap.wrap(visible(text), WIDTH - COLUMN, break_long_words=False, break_on_hyphens=False) or [""]
        lines += [f"{label if number == 0 else '':<{COLUMN}}{part}".rstrip() for number, part in enumerate(parts)]
    return "\n".join(lines) + "\n"


def settings_of(settings: Mapping[str, str], sign: str = "=") -> str:
    """Variables as one line."""
    return ", ".join(f"{name}{sign}{value}" for name, value in settings.items())
