"""The words of reports, as a second opinion: of short texts only, never alone certain, learned from the texts here."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from kdoctor.check.from_text import judge
from kdoctor.check.registry import find_rules
from kdoctor.knowledge import words
from kdoctor.knowledge.taxonomy import taxonomy
from kdoctor.model.facts.symptoms import Line, Symptoms
from kdoctor.symptoms.read import Reader
from kdoctor.symptoms.words import MOST_BYTES, Words, shares_of, terms

TREE = Path(__file__).resolve().parents[2]
REPORT = """Title: keras never uses my graphics card
I installed tensorflow with pip from requirements.txt on Windows 10. The training runs, but only on the processor, and
the task manager shows nothing for the GPU. nvidia-smi shows the card. There is no error message at all.
"""


def read(text: str) -> Symptoms:
    reader = Reader(quick=True)
    reader.read("log", [text.encode()])
    return reader.symptoms()


def test_terms_are_words_and_pairs_without_times_and_addresses() -> None:
    found = list(terms("2021-10-13 11:23:23.95: Failed at 0x7fff, libcudart.so.10.0 missing"))
    assert found[:4] == ["failed", "at", "libcudart.so.10.0", "missing"]
    assert "at libcudart.so.10.0" in found


def test_shares_of_all_causes_make_one() -> None:
    table = words.table()
    shares = shares_of(Counter(terms(REPORT)), table)
    assert len(shares) == len(table.causes)
    assert sum(shares) == pytest.approx(1.0)


def test_the_causes_are_those_of_the_taxonomy_and_none() -> None:
    known = {cause.id for cause in taxonomy().causes if not cause.benign}
    assert set(words.table().causes) == {*known, ""}


def test_a_short_text_is_like_some_reports_and_a_long_log_like_none() -> None:
    assert read(REPORT).alike
    step = "1/9 [====>....] - loss: 0.5\n"
    assert read(REPORT + step * (MOST_BYTES // len(step) + 1)).alike == ()


@pytest.mark.parametrize("text", ["", "Epoch 1/3\nloss: 0.5", REPORT * MOST_BYTES], ids=["empty", "few words", "long"])
def test_the_table_is_not_loaded_for_what_is_no_report(text: str) -> None:
    def load() -> words.WordTable:
        pytest.fail("the table was loaded")

    taken = Words()
    taken.take([Line(file="log", number=1, text=text)] if text else [], len(text))
    assert taken.alike(load) == ()


def test_likeness_alone_is_a_possible_warning_with_the_lines_that_tell() -> None:
    said = "Title: after every suspend the card is gone until I reboot\nkeras falls back to the processor\n"
    findings = judge(read(f"{said}{REPORT}"), find_rules().items)
    alone = [finding for finding in findings if "reports in such words" in finding.why]
    assert all((finding.confidence, finding.severity) == ("possible", "warning") for finding in alone)
    assert all(finding.evidence for finding in alone)


def test_the_table_is_that_of_the_texts() -> None:
    command = [sys.executable, str(TREE / "scripts/learn-words"), "--check"]
    ran = subprocess.run(command, cwd=TREE, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
