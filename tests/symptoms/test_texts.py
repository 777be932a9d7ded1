"""Texts in other words than any case: the cause that comes first, and none where nothing is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import tomli

from kdoctor.check.from_text import judge, with_primary
from kdoctor.check.registry import find_rules
from kdoctor.knowledge import signatures
from kdoctor.knowledge.taxonomy import taxonomy
from kdoctor.model.finding import Finding
from kdoctor.symptoms.read import Reader

TEXTS = [
    text
    for path in sorted((Path(__file__).parent / "texts").glob("*.toml"))
    for text in tomli.loads(path.read_text(encoding="utf-8"))["text"]
]


MISMATCH = "Failed to initialize NVML: Driver/library version mismatch\n"


HARMLESS_LINES = [row for row in signatures.signatures() if row.harmless and row.id != "diag-cvd"]


def judged(text: str) -> tuple[Finding, ...]:
    reader = Reader(quick=True)
    reader.read("log", [text.encode()])
    return judge(reader.symptoms(), find_rules().items)


def named(text: dict[str, Any]) -> str:
    words = re.sub(r"\W+", "-", text["says"].strip())[:40]
    return f"{text['cause'] or 'nothing'}-{words}"


def first_of(findings: Iterable[Finding]) -> str | None:
    """The first cause that is no harmless line, "" for none."""
    return next((finding.cause for finding in findings if finding.role != "harmless"), "")


QUOTED = [
    pytest.param(text, marks=[pytest.mark.slow] if number % 4 else [])
    for number, text in enumerate(text for text in TEXTS if text["cause"] and not text.get("missed"))
]


@pytest.mark.parametrize("text", [text for text in TEXTS if not text.get("missed")], ids=named)
def test_the_first_cause_is_the_right_one(text: dict[str, Any]) -> None:
    assert first_of(judged(text["says"])) in {text["cause"], *text.get("accept", ())}


@pytest.mark.parametrize("text", QUOTED, ids=named)
def test_quoted_and_coloured_with_windows_line_ends_it_is_the_same(text: dict[str, Any]) -> None:
    quoted = "".join(f"> \x1b[33m{line}\x1b[0m\r\n" for line in text["says"].splitlines())
    assert first_of(judged(quoted)) in {text["cause"], *text.get("accept", ())}


def test_few_texts_are_known_to_be_misjudged() -> None:
    missed = [text for text in TEXTS if text.get("missed")]
    assert len(missed) < len(TEXTS) / 25  # most of them in prose.toml, where few lines decide
    for text in missed:  # one that is judged rightly by now loses its mark
        assert first_of(judged(text["says"])) not in {text["cause"], *text.get("accept", ())}


@pytest.mark.parametrize("row", HARMLESS_LINES, ids=lambda row: row.id)
def test_a_harmless_line_alone_names_nothing_else(row: signatures.Signature) -> None:
    assert [finding.cause for finding in judged(row.sample) if finding.role != "harmless"] == []


def test_nearly_every_cause_of_the_taxonomy_has_a_text() -> None:
    causes = {cause.id for cause in taxonomy().causes if not cause.benign}
    assert causes - {text["cause"] for text in TEXTS} == set()


def test_there_is_one_primary_and_harmless_lines_come_last() -> None:
    text = (
        "successful NUMA node read from SysFS had negative value (-1)\n"
        "Failed to initialize NVML: Driver/library version mismatch\n"
    )
    roles = [(finding.cause, finding.role) for finding in with_primary(judged(text))]
    assert roles == [("driver-userland-kernel-mismatch", "primary"), ("harmless-warning", "harmless")]


def test_evidence_names_file_and_line() -> None:
    found = judged("first\n\nFailed to initialize NVML: Driver/library version mismatch\n")
    assert [item.source for item in found[0].evidence] == ["log:3"]
    assert found[0].id == "KD104"


def test_a_created_device_rules_out_what_would_keep_the_gpu_away() -> None:
    text = (
        "failed call to cuInit: CUDA_ERROR_NO_DEVICE\nsecond run:\n"
        "Created device /job:localhost/replica:0/task:0/device:GPU:0 with 7000 MB memory\n"
    )
    assert [finding.cause for finding in judged(text) if finding.role != "harmless"] == []


def test_prose_alone_makes_nothing_certain() -> None:
    said = "It says driver/library version mismatch after unattended-upgrades replaced the driver; a reboot helped.\n"
    assert {finding.confidence for finding in judged(said * 3)} <= {"likely", "possible"}


def test_a_line_that_is_printed_again_is_shown_once() -> None:
    found = judged("".join(f"12:00:0{second} {MISMATCH}" for second in range(9)))
    assert [item.source for item in found[0].evidence] == ["log:1"]


def test_a_cause_comes_with_the_versions_that_belong_to_it() -> None:
    found = judged(f"driver version 470.82, python 3.9\n{MISMATCH}")
    assert [(item.fact, item.value, item.source) for item in found[0].evidence[1:]] == [
        ("driver, stated", "470.82", "log:1")
    ]


def test_an_uncertain_cause_comes_with_the_command_that_decides() -> None:
    found = judged("the notebook uses another kernel, No module named 'tensorflow'")
    assert found[0].confidence != "certain"
    assert "To be sure, run `" in found[0].remedy.text


def test_text_without_signs_names_nothing() -> None:
    assert judged("Epoch 1/3\nloss: 0.3\n") == ()


def test_a_sign_late_in_a_long_log_is_found() -> None:
    steps = [f"{step}/9000 [====>.....] - loss: 0.{step}\n" for step in range(9000)]
    found = judged("".join([*steps, "CUDA_ERROR_OUT_OF_MEMORY: out of memory\n", *steps]))
    assert (found[0].cause, found[0].evidence[0].source) == ("gpu-memory-exhausted", "log:9001")
