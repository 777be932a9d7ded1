"""Where a finding is, for formats that ask for a file and a line; and what makes it the same finding in the next run.

A finding is on a machine, and rarely in a file of the repository that is looked at. A line of a log that was given by
a relative path is such a file. Anything else is placed at the head of ``ANCHOR``, the file that says what a Python
project needs: reports of one fault must name one place, run after run, or every run closes an alert and opens another.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from kdoctor.model.facts.examined import Examined
from kdoctor.model.facts.symptoms import Symptoms
from kdoctor.model.facts.written import Written
from kdoctor.model.finding import Finding
from kdoctor.model.report import Report

ANCHOR = "pyproject.toml"


class Place(NamedTuple):
    """A file relative to the repository, and a line that counts from 1."""

    path: str
    line: int


def real(report: Report) -> tuple[Finding, ...]:
    """The findings that are no harmless lines."""
    return tuple(finding for finding in report.findings if finding.role != "harmless")


def place_in_log(report: Report, finding: Finding) -> Place | None:
    """The first line of a log or of a judged file that speaks for it; None where that is no file of the repository."""
    symptoms, written = report.facts.sections.get("symptoms"), report.facts.sections.get("written")
    logs = symptoms.files if isinstance(symptoms, Symptoms) else ()
    for item in finding.evidence:
        path, _, number = item.source.rpartition(":")
        if (path in logs or isinstance(written, Written)) and number.isdecimal() and _is_relative(path):
            return Place(path.removeprefix("./"), max(1, int(number)))
    return None


def _is_relative(path: str) -> bool:
    is_elsewhere = path.startswith(("/", "\\")) or path[1:2] == ":" or ".." in path.split("/")
    return path not in ("", "standard input") and not is_elsewhere


def place_of(report: Report, finding: Finding) -> Place:
    """The line of the log, else the head of the anchor."""
    return place_in_log(report, finding) or Place(ANCHOR, 1)


def subject(report: Report) -> str:
    """What was examined, in a few words."""
    symptoms, examined = report.facts.sections.get("symptoms"), report.facts.sections.get("examined")
    if isinstance(symptoms, Symptoms):
        return ", ".join(symptoms.files) or "log"
    written = report.facts.sections.get("written")
    if isinstance(written, Written):
        return ", ".join(file.path for file in written.files)
    return examined.interpreter if isinstance(examined, Examined) and examined.interpreter else "machine"


def fingerprint(finding: Finding) -> str:
    """The same for the same fault in every run, whatever versions and paths its sentences name."""
    said = f"kdoctor {finding.id} {finding.name} {finding.distribution}"
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:32]
