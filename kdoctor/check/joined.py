"""What a log says about then and what the machine shows now, as one report.

The machine decides: a cause that both show is as certain as it gets; one that the machine rules out may have been put
right since, or the log is of another machine; of one that the machine cannot judge, the log's word is all there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from kdoctor.check.from_text import TEXT, line_evidence
from kdoctor.check.rank import rank
from kdoctor.knowledge.ranking import ranking
from kdoctor.model.facts.base import Absent, Facts
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.symptoms import Symptoms
from kdoctor.model.finding import CONFIDENCES, Finding, Outcome, Remedy
from kdoctor.model.report import Report
from kdoctor.model.rule import Rule

OTHER = "log-of-other-versions"
SHORT = 3  # a GPU's name is longer: "4.1" is in many a version


def join(
    now: Report, then: Sequence[Finding], symptoms: Symptoms, rules: Iterable[Rule], *, fresh: bool = False
) -> Report:
    """The machine's report with what the log's findings add.

    ``then``: in order, the best supported cause first. ``fresh``: the log was written here and just now.
    """
    here = {finding.cause: finding for finding in now.findings if finding.cause and finding.role != "harmless"}
    told = [finding for finding in then if finding.role != "harmless"]
    both: dict[str | None, Finding] = {
        finding.cause: _both(here[finding.cause], finding) for finding in told if finding.cause in here
    }
    findings = [both.get(finding.cause, finding) for finding in now.findings]
    if not both and told:
        outcome = next((outcome for outcome in now.outcomes if outcome.name == told[0].name), None)
        findings.append(_just_now(told[0], outcome) if fresh else _then(told[0], outcome))
    findings += [finding for finding in then if finding.role == "harmless"]
    findings += () if fresh else _other(now.facts, symptoms)
    ranked = rank(findings, rules, ranking())
    return msgspec.structs.replace(
        now,
        findings=ranked,
        primary=ranked[0] if ranked and ranked[0].role == "primary" else None,
        facts=msgspec.structs.replace(now.facts, sections={**now.facts.sections, "symptoms": symptoms}),
    )


def _both(now: Finding, then: Finding) -> Finding:
    better = CONFIDENCES[max(0, CONFIDENCES.index(now.confidence) - 1)]
    return msgspec.structs.replace(
        now, confidence=better, evidence=now.evidence + then.evidence, why=f"{now.why} The log shows it too.".strip()
    )


def _then(finding: Finding, outcome: Outcome | None) -> Finding:
    """The log's first cause where the machine does not show it; ``outcome``: that of the rule for this cause."""
    if outcome is None or outcome.state != "clear":
        return finding
    since = "If the log is of this machine, it has been put right since: run the command again and see."
    return msgspec.structs.replace(
        finding,
        severity="warning" if finding.severity == "error" else finding.severity,
        confidence="possible",
        why=f"{finding.why} So it was when the log was written; this machine does not show it now: {outcome.reason}",
        remedy=msgspec.structs.replace(finding.remedy, text=f"{since} If it fails again: {finding.remedy.text}"),
    )


def _just_now(finding: Finding, outcome: Outcome | None) -> Finding:
    """The same of a log that was written just now: what printed it saw it, whatever is seen beside it."""
    if outcome is None or outcome.state != "clear":
        return finding
    beside = f"kdoctor, which has other settings or looks at another environment, sees {outcome.reason}."
    return msgspec.structs.replace(finding, why=f"{finding.why} So the command saw it; {beside}")


def _other(facts: Facts, symptoms: Symptoms) -> Iterator[Finding]:
    """A note where the log names other versions than are here."""
    named, found, lines = [], [], []
    for of, here in _here(facts).items():
        stated = [item for item in symptoms.stated if item.of == of]
        if stated and not any(_same(item.value, name) for item in stated for name in here):
            named.append(f"{of} {' and '.join(dict.fromkeys(item.value for item in stated))}")
            found.append(f"{of} {' and '.join(here)}" if here else f"no {of}")
            lines.append(stated[0].line)
    if not named:
        return
    yield Finding(
        id=TEXT,
        name=OTHER,
        cause=None,
        severity="note",
        confidence="certain",
        role="independent",
        what=f"The log names {', '.join(named)}; here is {', '.join(found)}.",
        why="It is of another machine, or of this one before a change: what it says need not be so any more.",
        remedy=Remedy(text="Run the command that failed again, and give kdoctor what it prints now."),
        evidence=tuple(map(line_evidence, lines)),
    )


def _here(facts: Facts) -> dict[str, tuple[str, ...]]:
    """What a text may name, and what of it is here: () for nothing; left out where that is unknown."""
    sections = facts.sections
    here: dict[str, tuple[str, ...]] = {}
    driver, nvml, gpus = sections.get("driver"), sections.get("nvml"), sections.get("gpus")
    release = (driver.release if isinstance(driver, Driver) else None) or (
        nvml.driver_release if isinstance(nvml, Nvml) else None
    )
    if release is not None or (isinstance(driver, Absent) and isinstance(nvml, Absent)):
        here["driver"] = (str(release),) if release is not None else ()
    if isinstance(gpus, (Gpus, Absent)):
        here["gpu"] = tuple(gpu.name for gpu in gpus.nvidia) if isinstance(gpus, Gpus) else ()
    frameworks, keras = sections.get("frameworks"), sections.get("keras")
    if isinstance(frameworks, Frameworks):
        here |= {build.framework: (build.version,) for build in frameworks.builds}
    if isinstance(keras, Keras) and keras.version:
        here["keras"] = (str(keras.version),)
    return here


def _same(stated: str, here: str) -> bool:
    """Whether a version is the other or the other cut short (535 and 535.183.01), or a GPU's name is in the other."""
    if f"{here}.".startswith(f"{stated}.") or f"{stated}.".startswith(f"{here}."):
        return True
    return here.startswith(f"{stated}+") or (len(stated) > SHORT and stated.lower() in here.lower())
