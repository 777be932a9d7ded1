"""The commands in the stories print what stands below them, and what is quoted stands in the file that is named."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]
STORIES = sorted((TREE / "docs" / "stories").glob("*.md"))
CONSOLE = re.compile(r"```console\n\$ kdoctor (?P<command>[^\n]*)\n(?P<output>.*?)```", re.DOTALL)
QUOTED = re.compile(r"<!-- (?P<file>tests/\S+) -->\n```text\n(?P<text>.*?)```", re.DOTALL)


def printed(command: str) -> str:
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "COLUMNS": "80"}
    ran = subprocess.run(
        [sys.executable, "-m", "kdoctor", *shlex.split(command)],
        cwd=TREE, env=environ, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert not ran.stderr
    return ran.stdout


@pytest.mark.parametrize("page", STORIES, ids=lambda page: page.stem)
def test_commands_print_what_stands_below_them(page: Path, *, update: bool) -> None:
    text = page.read_text(encoding="utf-8")

    def renewed(match: re.Match[str]) -> str:
        return f"```console\n$ kdoctor {match['command']}\n{printed(match['command'])}```"

    expected = CONSOLE.sub(renewed, text)
    if update:
        page.write_text(expected, encoding="utf-8")
    assert text == expected or update


@pytest.mark.parametrize("page", STORIES, ids=lambda page: page.stem)
def test_quoted_output_is_output(page: Path) -> None:
    for match in QUOTED.finditer(page.read_text(encoding="utf-8")):
        assert match["text"] in (TREE / match["file"]).read_text(encoding="utf-8")


def test_there_is_a_page_for_each_of_the_six_stories() -> None:
    assert [page.name[0] for page in STORIES] == list("123456")
