"""Suites and cases as the JUnit XML that build servers read: within junit-10.xsd of Jenkins' xunit plug-in."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kdoctor.render.text import visible

_NO_XML = re.compile("[\ufffe\uffff]")  # the only ones that XML 1.0 forbids and ``visible`` leaves


class Case(NamedTuple):
    """``state``: passed, failure, error or skipped; ``told``: lines for people, ``kind``: of a failure, in a word."""

    group: str
    name: str
    state: str = "passed"
    kind: str = ""
    message: str = ""
    told: tuple[str, ...] = ()
    seconds: float = 0.0


class Suite(NamedTuple):
    """``properties``: what is to be known of the machine."""

    name: str
    cases: tuple[Case, ...]
    seconds: float
    properties: Mapping[str, str]


def document(suites: Sequence[Suite]) -> str:
    """The whole file."""
    root = ET.Element("testsuites", _counts([case for suite in suites for case in suite.cases]))
    del root.attrib["skipped"]  # which the schema has for a suite alone
    for suite in suites:
        element = ET.SubElement(root, "testsuite", {"name": _text(suite.name), **_counts(suite.cases)})
        element.set("time", f"{suite.seconds:.3f}")
        if suite.properties:
            properties = ET.SubElement(element, "properties")
            for name, value in suite.properties.items():
                ET.SubElement(properties, "property", {"name": _text(name), "value": _text(value)})
        for case in suite.cases:
            _add(element, case)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _counts(cases: Sequence[Case]) -> dict[str, str]:
    states = [case.state for case in cases]
    counts = {"tests": len(cases), "failures": states.count("failure"), "errors": states.count("error")}
    return {name: str(number) for name, number in {**counts, "skipped": states.count("skipped")}.items()}


def _add(suite: ET.Element, case: Case) -> None:
    element = ET.SubElement(suite, "testcase", {"classname": _text(case.group), "name": _text(case.name)})
    element.set("time", f"{case.seconds:.3f}")
    told = "\n".join(map(_text, case.told))
    if case.state == "passed":
        if told:
            ET.SubElement(element, "system-out").text = told
        return
    outcome = ET.SubElement(element, case.state, {"type": _text(case.kind), "message": _text(case.message)})
    if told:
        outcome.text = told


def _text(value: str) -> str:
    """On one line, and of characters that XML can hold."""
    return _NO_XML.sub("\ufffd", visible(value))
