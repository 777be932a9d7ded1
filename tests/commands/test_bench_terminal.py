"""`kdoctor bench` in a terminal: what is at work is shown, and then it is gone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.test_bench import TREE
from tests.commands.trained import WELL, trained
from tests.terminal import Shown, in_terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
SLOWLY = (
    "ready()\nfor index in range(len(cells)):\n    say('phase', cell=index, phase='building', batch_size=64)\n"
    "    time.sleep(0.7)\n    chunks(index); done(index)\n    time.sleep(0.1)\nsay('end')\n"
)
STUCK = "ready()\nchunks(0); done(0)\nsay('phase', cell=1, phase='warming', batch_size=64)\ntime.sleep(60)\n"


def packages(folder: Path) -> Path:
    (found,) = (folder / "env/lib").glob("python*/site-packages")
    return found


def arguments(python: str, *more: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "kdoctor", "bench", "--python", python, "--workload", "linear,lenet", *more)


def environ(home: Path, **more: str) -> dict[str, str]:
    given = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": str(TREE), "LC_ALL": "C.UTF-8"}
    return {**given, "TERM": "xterm-256color", **more}


def shown(
    home: Path, python: str, rows: int = 24, columns: int = 80, *options: str, at: str = "", **more: str
) -> Shown:
    command = arguments(python, *options)
    return in_terminal(command, rows=rows, columns=columns, environ=environ(home, **more), interrupt_at=at)


@pytest.mark.parametrize(("rows", "columns"), [(24, 80), (3, 20)])
def test_a_table_is_shown_while_it_measures_and_nothing_of_it_is_left(tmp_path: Path, rows: int, columns: int) -> None:
    found = shown(tmp_path, trained(tmp_path, SLOWLY), rows, columns)
    assert (found.code, found.cursor) == (0, True)
    assert ("building" in found.raw) == (rows > 3)
    assert found.text.startswith("linear on jax")
    assert "building" not in found.text
    assert "done;" not in found.text


@pytest.mark.parametrize(("rows", "columns"), [(24, 80), (4, 40)])
def test_ctrl_c_takes_the_table_away_and_keeps_what_was_measured(tmp_path: Path, rows: int, columns: int) -> None:
    found = shown(tmp_path, trained(tmp_path, STUCK), rows, columns, at="warming")
    assert (found.code, found.cursor) == (130, True)
    words = found.text.replace("\n", "")
    assert "1 ok, 1 interrupted" in words
    assert "warming" not in words
    assert found.text.removeprefix("^C").startswith("linear on jax")


def test_ctrl_c_while_the_next_backend_is_asked_keeps_what_was_measured(tmp_path: Path) -> None:
    python = trained(tmp_path, WELL, "torch")
    (packages(tmp_path) / "torch/__init__.py").write_text("import time\ntime.sleep(60)\n", encoding="utf-8")
    options = ("--backend", "jax,torch", "--device", "all")
    found = shown(tmp_path, python, 24, 80, *options, at="torch: starting")
    assert (found.code, found.cursor, "4 ok" in found.text) == (130, True, True)


def test_no_color_is_no_colour_and_still_a_table(tmp_path: Path) -> None:
    found = shown(tmp_path, trained(tmp_path, SLOWLY), NO_COLOR="1")
    assert "building" in found.raw
    assert "\x1b[1" not in found.raw.replace("\x1b[1A", "")
    assert "\x1b[3" not in found.raw


def test_a_terminal_that_cannot_draw_gets_lines(tmp_path: Path) -> None:
    found = shown(tmp_path, trained(tmp_path), TERM="dumb")
    assert "\x1b[?25l" not in found.raw
    assert found.text.startswith("kdoctor: jax cpu: 2 to measure\nlinear on jax")


def test_a_pipe_gets_a_line_for_each_device(tmp_path: Path) -> None:
    command = arguments(trained(tmp_path), "--format", "json")
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environ(tmp_path), check=False)
    assert (ran.returncode, ran.stderr) == (0, "kdoctor: jax cpu: 2 to measure\n")
    assert ran.stdout.startswith("{")
