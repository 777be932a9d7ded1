"""`kdoctor fleet merge`, as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fleet.planted import HEALTHY, TREE, fleet, report
from tests.fleet.planted import answers as planted_answers


def kdoctor(*arguments: str, given: bytes = b"", cwd: Path = TREE) -> subprocess.CompletedProcess[bytes]:
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONPATH": str(TREE), "COLUMNS": "80"}
    command = [sys.executable, "-m", "kdoctor", "fleet", "merge", *arguments]
    return subprocess.run(command, input=given, cwd=cwd, env=environ, capture_output=True, timeout=60, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    names, planted = fleet(12, {"driver-differs": 1, "node-garbage": 1})
    for answer in planted_answers(names, planted):
        (tmp_path / f"{answer.node}.json").write_bytes(answer.report)
    return tmp_path


def test_a_folder_of_reports_is_one_document_and_exit_1(folder: Path) -> None:
    ran = kdoctor(str(folder), "--format", "json")
    merged = json.loads(ran.stdout)
    assert (ran.returncode, len(merged["map"]), merged["answered"]) == (1, 12, 11)
    assert {finding["name"] for finding in merged["findings"]} == {"driver-differs", "node-garbage"}
    assert merged["primary"]["name"] == "node-garbage"


def test_people_see_what_differs_and_a_map(folder: Path) -> None:
    text = kdoctor(str(folder)).stdout.decode()
    assert "driver release 550.127.05 on 10 of 11 machines; 1 differs." in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80
    assert "12 machines: 1 without a report, 1 unlike the others." in text


def test_several_formats_at_once_as_a_check_gives_them(folder: Path) -> None:
    page, text = folder / "new/fleet.html", folder / "fleet.txt"
    ran = kdoctor(str(folder), "--format", "json", "--format", f"html={page}", "--format", f"text={text}")
    assert (ran.returncode, json.loads(ran.stdout)["answered"], ran.stderr) == (1, 11, b"")
    assert "<h1>1 of 12 machines" in page.read_text()
    assert text.read_bytes() == kdoctor(str(folder)).stdout
    assert kdoctor(str(folder), "--format", "html").stdout.decode() == page.read_text()


def test_warnings_alone_are_not_nothing(tmp_path: Path) -> None:
    told = json.loads(report(HEALTHY))
    finding = {"id": "KD508", "name": "job-without-gpu", "cause": None, "severity": "warning", "confidence": "likely"}
    words = {"role": "primary", "what": "What.", "why": "Why.", "remedy": {"text": "Do."}, "evidence": []}
    told["findings"], told["primary"] = [finding | words], finding | words
    (tmp_path / "a.json").write_text(json.dumps(told), encoding="utf-8")
    assert kdoctor(str(tmp_path)).stdout.decode().splitlines()[-1] == "1 machine: 1 with a warning."


def test_only_differences_are_warnings(folder: Path) -> None:
    for path in folder.iterdir():
        if len(path.read_bytes()) < 2000:
            path.unlink()
    assert kdoctor(str(folder)).returncode == 0
    assert kdoctor(str(folder), "--fail-on", "warning").returncode == 1


def test_files_have_names_and_expected_machines_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(report(HEALTHY))
    (tmp_path / "names").write_text("a  # the first\nmaster\nb\n", encoding="utf-8")
    ran = kdoctor("a.json", "master=a.json", "--nodes", "names", "--format", "json", cwd=tmp_path)
    merged = json.loads(ran.stdout)
    assert [(row["name"], row["state"]) for row in merged["map"]] == [("a", "ok"), ("b", "lost"), ("master", "ok")]


def test_a_stream_may_be_indented_or_a_line_each() -> None:
    line = json.dumps({"node": "n7", "report": json.loads(report(HEALTHY))}).encode()
    ran = kdoctor("-", "--format", "json", given=report(HEALTHY) + b"srun: noise\n" + line + b"\n")
    rows = [(row["name"], row["state"]) for row in json.loads(ran.stdout)["map"]]
    assert rows == [("n7", "ok"), ("report-1", "ok"), ("report-2", "lost")]


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("/nonexistent",), 3, "No such file"),
        (("/dev/zero",), 3, "not a regular file"),
        (("-", "--nodes", "/nonexistent"), 3, "No such file"),
        (("-",), 3, "there is no report"),
        (("-", "--format", "yaml"), 2, "expected one of text, json, html"),
        (("-", "--format", "json", "--format", "html"), 2, "only one goes to standard output"),
        (("-", "--format", "html=/dev/full"), 3, "only a file is written over"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], code: int, word: str) -> None:
    ran = kdoctor(*arguments)
    assert (ran.returncode, ran.stdout) == (code, b"")
    assert word in ran.stderr.decode()
    assert len(ran.stderr.splitlines()) <= 2


def test_names_cannot_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "\x1b[31mred.json").write_bytes(b"x")
    assert b"\x1b" not in kdoctor(str(tmp_path)).stdout
