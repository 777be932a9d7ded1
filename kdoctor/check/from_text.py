"""Which causes does a text speak for? Each sign has a weight for a cause; several of them add up.

Weights are added as chances are: two signs of 0.5 make 0.75. Combinations of signs add theirs and rule causes out; what
remains below ``LEAST`` is not named. Lines that are known to be harmless come last, and only they where all works.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from kdoctor.check.marks import holds, marks_of
from kdoctor.knowledge import clues, signatures
from kdoctor.knowledge.taxonomy import taxonomy
from kdoctor.model.facts.symptoms import Line, Symptoms
from kdoctor.model.finding import Confidence, Evidence, Finding, Remedy
from kdoctor.model.rule import Rule

LEAST = 0.34
HINT = 0.2  # enough where the text tells of trouble and nothing speaks louder
LIKELY, CERTAIN = 0.6, 0.94
CALM = ("benign-question", "works-said", "no-gpu-wanted")
SHOWN = 4
HARMLESS = "harmless-warning"
Scores = dict[str, tuple[float, list[tuple[str, Line]]]]


def judge(symptoms: Symptoms, rules: Iterable[Rule]) -> tuple[Finding, ...]:
    """Findings in order: the best supported cause first, harmless lines last."""
    ids = {rule.cause: rule.id for rule in reversed(tuple(rules))}
    scores = score(symptoms)
    seen = {item.id for item in symptoms.seen}
    least = HINT if "trouble" in seen and seen.isdisjoint(CALM) else LEAST
    ranked = sorted(((weight, cause) for cause, (weight, _) in scores.items() if weight >= least), reverse=True)
    named = [item for item in ranked if item[0] >= LEAST] or ranked[:1]
    findings = [_finding(cause, weight, scores[cause][1], ids) for weight, cause in named]
    for index, finding in enumerate(findings):
        findings[index] = _with_role(finding, first=index == 0)
    harmless = _harmless(symptoms)
    return (*findings, harmless) if harmless is not None else tuple(findings)


def score(symptoms: Symptoms) -> Scores:
    """Cause to its weight and the lines that speak for it; what is ruled out is left out."""
    scores: Scores = {}
    names = {row.id: row.names for row in signatures.signatures()} | {row.id: row.names for row in clues.clues()}
    for seen in symptoms.seen:
        _add(scores, names.get(seen.id, {}), seen.id, seen.lines)
    marks = marks_of(symptoms)
    dropped: set[str] = set()
    for combination in clues.table().combinations:
        lines = _applies(combination, marks, symptoms)
        if lines is not None:
            _add(scores, combination.names, combination.why, lines)
            dropped.update(clues.table().no_gpu if "*" in combination.drops else combination.drops)
    benign = {cause.id for cause in taxonomy().causes if cause.benign}
    calm = max((weight for cause, (weight, _) in scores.items() if cause in benign), default=0.0)
    return {
        cause: (weight, lines)
        for cause, (weight, lines) in scores.items()
        if cause not in dropped and cause not in benign and weight > calm
    }


def _applies(
    row: clues.Combination, marks: Mapping[str, tuple[Line, ...]], symptoms: Symptoms
) -> tuple[Line, ...] | None:
    lines: tuple[Line, ...] = ()
    if any(holds(sign, marks, symptoms) is not None for sign in row.none):
        return None
    for sign in row.all:
        found = holds(sign, marks, symptoms)
        if found is None:
            return None
        lines += found[:2]
    if row.any:
        some = [found for sign in row.any if (found := holds(sign, marks, symptoms)) is not None]
        if not some:
            return None
        lines += some[0][:2]
    return lines


def _add(scores: Scores, names: Mapping[str, float], why: str, lines: Iterable[Line]) -> None:
    for cause, weight in names.items():
        before, known = scores.get(cause, (0.0, []))
        scores[cause] = (1 - (1 - before) * (1 - weight), [*known, *((why, line) for line in lines)])


def _finding(cause: str, weight: float, lines: list[tuple[str, Line]], ids: Mapping[str, str]) -> Finding:
    row = clues.told(cause)
    known = taxonomy().get(cause)
    what = known.what if known is not None else cause
    by_line = {(line.file, line.number): (why, line) for why, line in lines}
    confidence: Confidence = "certain" if weight >= CERTAIN else "likely" if weight >= LIKELY else "possible"
    do = row.do if row is not None else ""
    if row is not None and row.decide and confidence != "certain":
        do = f"To be sure, run `{row.decide}`. {do}"
    return Finding(
        id=ids.get(cause, "LOG"),
        name=cause,
        cause=cause,
        severity=row.severity if row is not None else "warning",
        confidence=confidence,
        role="independent",
        what=what,
        why=row.why if row is not None else "",
        remedy=Remedy(text=do, commands=row.commands if row else (), safety=row.safety if row else "safe"),
        evidence=tuple(_evidence(line) for _, line in sorted(by_line.values(), key=_place)[:SHOWN]),
    )


def _place(item: tuple[str, Line]) -> tuple[str, int]:
    return item[1].file, item[1].number


def _evidence(line: Line) -> Evidence:
    return Evidence(fact="line", value=line.text.strip(), source=f"{line.file}:{line.number}")


def _with_role(finding: Finding, *, first: bool) -> Finding:
    return msgspec.structs.replace(finding, role="primary" if first else "independent")


def _harmless(symptoms: Symptoms) -> Finding | None:
    rows = {row.id: row for row in signatures.signatures() if row.harmless}
    seen = [item for item in symptoms.seen if item.id in rows]
    if not seen:
        return None
    lines = [line for item in seen for line in item.lines[:1]]
    reasons = " ".join(dict.fromkeys(rows[item.id].cause for item in seen[:SHOWN]))
    return Finding(
        id="LOG",
        name=HARMLESS,
        cause=HARMLESS,
        severity="note",
        confidence="certain",
        role="harmless",
        what=f"Lines of {len(seen)} kind{'s' if len(seen) > 1 else ''} look like trouble and are none.",
        why=reasons,
        remedy=Remedy(text="Nothing needs to be done about them."),
        evidence=tuple(_evidence(line) for line in lines),
    )
