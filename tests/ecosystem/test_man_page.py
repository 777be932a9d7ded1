"""docs/kdoctor.1: whole, current, and without a complaint of the formatters."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from kdoctor.cli import assemble

PAGE = Path(__file__).resolve().parents[2] / "docs/kdoctor.1"
APP: Any = get_command(assemble())


def rendered() -> str:
    """The page as a reader sees it."""
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")
    command = ("mandoc", "-T", "ascii", "-O", "width=78", str(PAGE))
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    plain = subprocess.run(("col", "-bx"), input=ran.stdout, capture_output=True, text=True, check=True)
    return plain.stdout


def test_every_command_and_option_is_in_the_page() -> None:
    source = PAGE.read_text(encoding="utf-8").replace("\\-", "-")
    for name, command in APP.commands.items():
        section = source.partition(f".Ss kdoctor {name}\n")[2].partition("\n.Ss ")[0]
        options = [max(one.opts, key=len)[1:] for one in command.params if one.param_type_name == "option"]
        assert section, name
        assert [option for option in options if f"Fl {option}" not in section] == []


def test_mandoc_has_nothing_to_complain_of() -> None:
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")
    ran = subprocess.run(("mandoc", "-T", "lint", str(PAGE)), capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_groff_has_nothing_to_complain_of() -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    command = ("groff", "-mandoc", "-T", "utf8", "-ww", "-K", "utf8", str(PAGE))
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_what_a_reader_sees() -> None:
    text = rendered()
    assert "kdoctor - find out why Keras does not see or use the GPU" in text
    assert "--select RULE" in text
    assert "kdoctor fake [options] -- COMMAND..." in text
