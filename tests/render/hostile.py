"""Texts that a machine, a log, a recipe or a file may hold to break what shows them, and reports that hold them."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest

from kdoctor.model.report import Report
from kdoctor.model.retold import retold
from tests.recorded import checked

HOSTILE: dict[str, str] = json.loads((Path(__file__).parent / "hostile.json").read_text(encoding="utf-8"))
MACHINE = "ubuntu2404-550-rtx3060-tf221-no-extra"
PLAIN = "harmless"
WORDS = re.compile(
    r"KD\d+|[a-z0-9]+(-[a-z0-9]+)*|NVIDIA|linux|[A-Z]+"
)  # ids and names, which are not read from machines
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
each_text = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)

Document = TypeVar("Document")


def holding(document: Document, text: str) -> Document:
    """The document with ``text`` before and after everything in it that is not one word."""

    def change(said: str) -> str:
        return said if not said or WORDS.fullmatch(said) else f"{text}{said}{text}"

    return retold(document, change)


@cache
def report_with(text: str) -> Report:
    """A report with three findings and facts of every kind, all of them with ``text``."""
    return holding(checked(MACHINE).report, text)


def commands_in(log: str) -> list[str]:
    """The lines that a runner of GitHub Actions takes for commands (actions/runner, ActionCommand.cs)."""
    return [line for line in log.split("\n") if line.strip().startswith("::") or "##[" in line]


def shape(value: object) -> object:
    """JSON without its texts and numbers: what there is, and how many of it."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value).__name__
