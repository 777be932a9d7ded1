"""The machine or the environment is no longer as it was in the report that is expected.

What it means: `kdoctor check --expect FILE` compares with an earlier report, and a group of its facts differs: the
driver, the GPUs, the CUDA libraries, a framework, packages, variables. What changes by itself, such as temperatures,
free memory and process numbers, is not compared.

Why it matters: where training worked then and does not now, or is slower, the change is the first thing to look at. On
a build machine it tells of an update that nobody meant.

What to do: undo the change if it is not meant; if it is, make the expected report anew.
"""

from kdoctor.model.facts.drift import Changed, Drift
from kdoctor.model.finding import Clear, Evidence, Found, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

SHOWN = 12
NONE = "not there"


@rule(
    Declared(
        id="KD803",
        cause="",
        layer="required",
        severity="warning",
        since="0.1.0",
        sources=(Source("The earlier report that the user gave", "2026-11-22"),),
    )
)
def drifted_from_expected(drift: Drift) -> Verdict:
    """The changes of one group, the most important first."""
    if not drift.changes:
        return Undetermined(f"{drift.group}: {drift.unknown}") if drift.unknown else Clear(f"{drift.group}: as then")
    first, more = drift.changes[0], len(drift.changes) - 1
    rest = f" (and {more} more)" if more else ""
    return Found(
        what=f"{_cut(f'{first.label}: {_then_now(first)}', 90 - len(rest))}{rest}.",
        why=f"{drift.group}: not as in {_cut(drift.expected, 60)}, with which this is to agree.",
        remedy=Remedy(
            text="Undo the change if it was not meant. If it was, make the expected report anew.",
            commands=("kdoctor check --format json > expected.json",),
        ),
        evidence=tuple(Evidence(item.label, _then_now(item), "") for item in drift.changes[:SHOWN])
        + ((Evidence("more", f"{more + 1 - SHOWN} other changes", ""),) if more >= SHOWN else ())
        + ((Evidence("not compared", drift.unknown, ""),) if drift.unknown else ()),
    )


def _then_now(item: Changed) -> str:
    return f"{item.before or NONE} -> {item.after or NONE}"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
