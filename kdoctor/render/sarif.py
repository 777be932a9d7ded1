"""The report as SARIF 2.1.0, within what GitHub's code scanning accepts.

Rules are those that fired, each with its page as help. A result is placed as ``places`` says; what is true of the
machine alone is its logical location. Harmless lines are no results. What could not be decided is a notification.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any
from urllib.parse import quote

from kdoctor import rules
from kdoctor.model.finding import Finding, Outcome
from kdoctor.model.report import Report
from kdoctor.render import marked
from kdoctor.render.json import encoded
from kdoctor.render.places import fingerprint, place_of, real, subject
from kdoctor.render.text import NEEDS, visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LONGEST = 1000  # GitHub refuses descriptions of more than 1024 characters
LEVELS = {"undetermined": "note", "crashed": "error"}
PRECISION = {"certain": "very-high", "likely": "high", "possible": "medium"}
PROBLEM = {"error": "error", "warning": "warning", "note": "recommendation"}
Values = dict[str, Any]


def render(report: Report) -> str:
    """One run."""
    found = real(report)
    described = {_rule_id(finding): finding for finding in reversed(found)}
    ids = sorted(described)
    run = {
        "tool": {
            "driver": {
                "name": "kdoctor",
                "version": report.kdoctor,
                "semanticVersion": report.kdoctor,
                "rules": [_rule(identity, described[identity]) for identity in ids],
            }
        },
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [_notification(one) for one in report.outcomes if one.state in LEVELS],
            }
        ],
        "results": [_result(report, finding, ids) for finding in found],
        "columnKind": "unicodeCodePoints",
    }
    return encoded({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _rule_id(finding: Finding) -> str:
    """Lines of a log may speak for a cause that no rule looks for: that has a name only."""
    return finding.id if finding.id.startswith("KD") else f"{finding.id}/{finding.name}"


def _rule(identity: str, finding: Finding) -> Values:
    page, severity = _page(finding), finding.severity
    title = page[0] if page else visible(finding.what)
    paragraphs = page or [visible(finding.what), visible(finding.why), visible(finding.remedy.text)]
    return {
        "id": identity,
        "name": "".join(word.capitalize() for word in finding.name.split("-")),
        "shortDescription": {"text": title[:LONGEST]},
        "fullDescription": {"text": " ".join(paragraphs)[:LONGEST]},
        "help": {
            "text": "\n\n".join(paragraphs),
            "markdown": "\n\n".join(_titled(paragraph) for paragraph in paragraphs),
        },
        "defaultConfiguration": {"level": severity},
        "properties": {
            "precision": PRECISION[finding.confidence],
            "problem.severity": PROBLEM[severity],
            "tags": ["gpu", "keras"],
        },
    }


def _page(finding: Finding) -> list[str]:
    """The paragraphs of the rule's page; none for a rule of a plug-in and for a cause without a rule."""
    start = f"{finding.id.lower()}_"
    names = (found.name for found in pkgutil.iter_modules(rules.__path__) if found.name.startswith(start))
    name = "" if finding.distribution else next(names, "")
    text = importlib.import_module(f"{rules.__name__}.{name}").__doc__ if name else ""
    return [" ".join(part.split()) for part in (text or "").split("\n\n") if part.strip()]


def _titled(paragraph: str) -> str:
    title, sign, rest = paragraph.partition(": ")
    is_titled = bool(sign) and title in ("What it means", "Why it matters", "What to do")
    return f"**{title}:** {marked.prose(rest)}" if is_titled else marked.prose(paragraph)


def _result(report: Report, finding: Finding, ids: list[str]) -> Values:
    identity, place = _rule_id(finding), place_of(report, finding)
    told = [finding.what, finding.why, finding.remedy.text + NEEDS[finding.remedy.safety], *finding.remedy.commands]
    if finding.remedy.recipe:
        told.append(f"kdoctor fix --recipe {finding.remedy.recipe}")
    return {
        "ruleId": identity,
        "ruleIndex": ids.index(identity),
        "level": finding.severity,
        "message": {"text": "\n".join(map(_message, filter(None, told)))},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(place.path)},
                    "region": {"startLine": place.line},
                },
                "logicalLocations": [{"fullyQualifiedName": visible(subject(report)), "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint(finding)}:1"},
        "properties": {
            "confidence": finding.confidence,
            "role": finding.role,
            "evidence": [{"fact": one.fact, "value": one.value, "source": one.source} for one in finding.evidence],
        },
    }


def _message(text: str) -> str:
    r"""Text in which no bracket is a link (SARIF 2.1.0, 3.11.6).

    >>> print(_message("[a](b)"))
    \[a\](b)
    """
    return visible(text).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _notification(outcome: Outcome) -> Values:
    return {
        "level": LEVELS[outcome.state],
        "message": {"text": _message(f"{outcome.id} {outcome.name}: {outcome.state}: {outcome.reason}")},
    }
