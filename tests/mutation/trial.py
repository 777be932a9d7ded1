"""Break a healthy machine, examine it, and compare what is named with what was broken."""

from __future__ import annotations

import functools
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from kdoctor.check.collect import collect
from kdoctor.check.diagnose import diagnose
from kdoctor.check.registry import find_probes, find_rules
from kdoctor.commands.check import report_of
from kdoctor.commands.root import open_root
from kdoctor.model.finding import Severity
from tests.mutation.altered import Altered, UnfitError
from tests.mutation.fault import Fault, all_faults, expected
from tests.recorded import NAMES, machine_of

HEALTHY = tuple(  # of which there is nothing to say: another note may come before that of a fault
    name for name in NAMES if machine_of(name).expect.healthy and not machine_of(name).expect.primary
)
PROBES = find_probes().items
RULES = find_rules().items
TIMEOUT_S = 30.0


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One broken machine: what was expected of kdoctor and what it said."""

    machine: str
    faults: tuple[str, ...]
    wanted: tuple[str, ...]
    given: str
    severity: str
    found: tuple[str, ...]
    crashed: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether the primary finding is one of those expected."""
        return self.given in self.wanted


def examine(folder: Path) -> tuple[list[tuple[str, Severity]], tuple[str, ...]]:
    """The findings of a machine in their order with their severities, and the names of what crashed."""
    host, examined = open_root(str(folder), "")
    facts = collect(host, PROBES, {"examined": examined}, timeout_s=TIMEOUT_S)
    report = report_of(facts, diagnose(facts, RULES), RULES, 0.0)
    crashed = [outcome.name for outcome in report.outcomes if outcome.state == "crashed"]
    crashed += [name for name, section in facts.sections.items() if "crashed" in getattr(section, "reason", "")]
    findings = [(finding.name, finding.severity) for finding in report.findings if finding.role != "harmless"]
    return findings, tuple(crashed)


def attempt(machine: str, faults: tuple[Fault, ...]) -> Trial | None:
    """Apply the faults and examine the machine; None where one of them does not exist there."""
    with tempfile.TemporaryDirectory() as folder:
        altered = Altered(machine, Path(folder) / "machine")
        try:
            for item in faults:
                item.apply(altered)
        except UnfitError:
            return None
        findings, crashed = examine(altered.save())
    return Trial(
        machine=machine,
        faults=tuple(item.name for item in faults),
        wanted=faults[0].rule if len(faults) == 1 else expected(*faults),
        given=findings[0][0] if findings else "",
        severity=findings[0][1] if findings else "",
        found=tuple(name for name, _ in findings),
        crashed=crashed,
    )


def trials(faults: tuple[Fault, ...], machines: tuple[str, ...], most: int) -> Iterator[Trial]:
    """The faults together, on at most so many of the machines where all of them exist."""
    fit = (machine for machine in machines if len(faults) == 1 or all(is_fit(machine, item) for item in faults))
    made = (attempt(machine, faults) for machine in fit)
    return itertools.islice((trial for trial in made if trial is not None), most)


def singles(most: int) -> Iterator[Trial]:
    """Every fault alone."""
    for index, item in enumerate(all_faults()):
        yield from trials((item,), machines_for(index), most)


def pairs(most: int) -> Iterator[Trial]:
    """Every two faults together."""
    for index, two in enumerate(itertools.combinations(all_faults(), 2)):
        yield from trials(two, machines_for(index), most)


def machines_for(index: int) -> tuple[str, ...]:
    """The healthy machines, from another one on each time, so that all of them are used."""
    start = (index * 5) % len(HEALTHY)
    return HEALTHY[start:] + HEALTHY[:start]


@functools.cache
def is_fit(machine: str, item: Fault) -> bool:
    """Whether the fault exists on the machine."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            item.apply(Altered(machine, Path(folder) / "machine"))
        except UnfitError:
            return False
    return True
