"""Which causes does a text speak for? Each sign has a weight for a cause; several of them add up.

Weights are added as chances are: two signs of 0.5 make 0.75. Combinations of signs add theirs and rule causes out; what
remains below ``LEAST`` is not named, but for the best one above ``HINT`` where the text tells of trouble. The causes
that remain are rivals, of which the best supported comes first. A finding bears the id of the rule of the same name,
TEXT where there is none. Lines that are known to be harmless come last, and only they where all works.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from kdoctor.check.marks import holds, marks_of
from kdoctor.knowledge import clues, signatures
from kdoctor.knowledge.taxonomy import taxonomy
from kdoctor.model.facts.symptoms import Alike, Line, Symptoms
from kdoctor.model.finding import Confidence, Evidence, Finding, Remedy
from kdoctor.model.rule import Rule

LEAST = 0.34
HINT = 0.2  # enough where the text tells of trouble and nothing speaks louder
LIKELY, CERTAIN = 0.6, 0.94
CALM = ("benign-question", "works-said", "no-gpu-wanted")
SHOWN = 4
TROUBLE = ("failure", "trouble")
ALONE = 0.24  # where the text tells of trouble, enough of a likeness where no sign speaks for the cause
WORDS = 0.8  # of a certain likeness in words, beside signs
IN_WORDS = "No line decides; reports in such words mostly tell of this."
LABELS = {
    "tensorflow": "TensorFlow", "keras": "Keras", "jax": "JAX", "torch": "PyTorch", "python": "Python",
    "numpy": "NumPy", "cuda": "CUDA", "cudnn": "cuDNN", "driver-cuda": "driver's CUDA version", "gpu": "GPU",
    "capability": "compute capability", "target": "code for", "torch-cuda": "PyTorch's CUDA",
}  # fmt: skip
HARMLESS = "harmless-warning"
ONE = "A line looks like trouble and is none."
TEXT = "LOG"
_DIGITS = str.maketrans("", "", "0123456789")  # times differ where a line is printed again


class Support(msgspec.Struct):
    """What speaks for a cause: its weight, the lines, and in words what several of them together mean.

    ``signs``: how many signs do; without any it is only told in the words of such reports.
    """

    weight: float = 0.0
    lines: list[Line] = msgspec.field(default_factory=list)
    reasons: list[str] = msgspec.field(default_factory=list)
    signs: int = 0

    def add(self, weight: float, lines: Iterable[Line], reason: str = "") -> None:
        """One more sign."""
        self.weigh(weight)
        self.signs += 1
        self.lines += lines
        if reason:
            self.reasons.append(reason)

    def weigh(self, weight: float) -> None:
        """Add a weight as chances are added."""
        self.weight = 1 - (1 - self.weight) * (1 - weight)

    def told_alike(self, alike: Alike) -> None:
        """Reports of this cause are told in such words."""
        self.weigh(alike.share * WORDS)
        if not self.signs:
            self.lines += alike.lines
            self.reasons.append(IN_WORDS)


def judge(symptoms: Symptoms, rules: Iterable[Rule]) -> tuple[Finding, ...]:
    """Findings in order, all of them still independent: the best supported cause first, harmless lines last."""
    ids = {rule.name: rule.id for rule in rules}
    printed = _printed(symptoms)
    scores = score(symptoms)
    seen = {item.id for item in symptoms.seen}
    calm = not seen.isdisjoint(CALM)
    least = HINT if "failure" in seen and not calm else LEAST
    in_words = ALONE if not seen.isdisjoint(TROUBLE) and not calm else 1.0
    enough = [
        (found.weight, cause) for cause, found in scores.items() if found.weight >= (least if found.signs else in_words)
    ]
    ranked = sorted(enough, reverse=True)
    named = [item for item in ranked if item[0] >= LEAST] or ranked[:1]
    findings = [
        _finding(cause, scores[cause], _stated(cause, symptoms), ids.get(cause, TEXT), printed) for _, cause in named
    ]
    harmless = _harmless(symptoms)
    return (*findings, harmless) if harmless is not None else tuple(findings)


def with_primary(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The same, the first the primary one unless all are harmless."""
    if not findings or findings[0].role == "harmless":
        return tuple(findings)
    return msgspec.structs.replace(findings[0], role="primary"), *findings[1:]


def _printed(symptoms: Symptoms) -> frozenset[tuple[str, int]]:
    """The lines that a program printed, as file and number: what people say makes nothing certain."""
    programs = {row.id for row in signatures.signatures()}
    return frozenset((line.file, line.number) for seen in symptoms.seen if seen.id in programs for line in seen.lines)


def score(symptoms: Symptoms) -> dict[str, Support]:
    """Cause to what speaks for it; what is ruled out is left out."""
    scores: dict[str, Support] = {}
    names = {row.id: row.names for row in signatures.signatures()} | {row.id: row.names for row in clues.clues()}
    for seen in symptoms.seen:
        for cause, weight in names.get(seen.id, {}).items():
            scores.setdefault(cause, Support()).add(weight, seen.lines)
    marks = marks_of(symptoms)
    dropped: set[str] = set()
    for combination in clues.table().combinations:
        lines = _applies(combination, marks, symptoms)
        if lines is not None:
            for cause, weight in combination.names.items():
                scores.setdefault(cause, Support()).add(weight, lines, combination.why)
            dropped.update(clues.table().no_gpu if "*" in combination.drops else combination.drops)
    calm_words = max((alike.share for alike in symptoms.alike if not alike.cause), default=0.0)
    for alike in symptoms.alike:
        if alike.cause and (alike.cause in scores or alike.share > calm_words):
            scores.setdefault(alike.cause, Support()).told_alike(alike)
    benign = {cause.id for cause in taxonomy().causes if cause.benign}
    calm = max((found.weight for cause, found in scores.items() if cause in benign), default=0.0)
    return {
        cause: found
        for cause, found in scores.items()
        if cause not in dropped and cause not in benign and found.weight > calm
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


def _finding(
    cause: str, support: Support, stated: tuple[Evidence, ...], rule: str, printed: frozenset[tuple[str, int]]
) -> Finding:
    row = clues.told(cause)
    by_place = {(line.file, line.number): line for line in support.lines}
    apart = {
        line.text.translate(_DIGITS): line for _, line in sorted(by_place.items(), reverse=True)
    }  # the first of each
    sure = support.weight >= CERTAIN and not printed.isdisjoint(by_place)
    confidence: Confidence = "certain" if sure else "likely" if support.weight >= LIKELY else "possible"
    do = f"To be sure, run `{row.decide}`. {row.do}" if row.decide and not sure else row.do
    return Finding(
        id=rule,
        name=cause,
        cause=cause,
        severity="warning" if row.severity == "error" and not support.signs else row.severity,
        confidence=confidence,
        role="independent",
        what=row.what,
        why=" ".join((*support.reasons[:1], row.why)),
        remedy=Remedy(text=do, commands=row.commands, safety=row.safety),
        evidence=(*(line_evidence(line) for line in sorted(apart.values(), key=_place)[:SHOWN]), *stated),
    )


def _stated(cause: str, symptoms: Symptoms) -> tuple[Evidence, ...]:
    """The versions in the text that belong to a cause, the first two of each kind."""
    return tuple(
        Evidence(fact=f"{LABELS.get(of, of)}, stated", value=item.value, source=f"{item.line.file}:{item.line.number}")
        for of in clues.told(cause).values
        for item in [item for item in symptoms.stated if item.of == of][:2]
    )


def _place(line: Line) -> tuple[str, int]:
    return line.file, line.number


def line_evidence(line: Line) -> Evidence:
    """A line of a text, and where it stands."""
    return Evidence(fact="line", value=line.text.strip(), source=f"{line.file}:{line.number}")


def _harmless(symptoms: Symptoms) -> Finding | None:
    rows = {row.id: row for row in signatures.signatures() if row.harmless}
    seen = [item for item in symptoms.seen if item.id in rows]
    if not seen:
        return None
    lines = [line for item in seen for line in item.lines[:1]]
    reasons = " ".join(dict.fromkeys(rows[item.id].cause for item in seen[:SHOWN]))
    return Finding(
        id=TEXT,
        name=HARMLESS,
        cause=HARMLESS,
        severity="note",
        confidence="certain",
        role="harmless",
        what=f"Lines of {len(seen)} kinds look like trouble and are none." if len(seen) > 1 else ONE,
        why=reasons,
        remedy=Remedy(text="Nothing needs to be done about them."),
        evidence=tuple(line_evidence(line) for line in lines),
    )
