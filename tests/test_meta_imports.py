"""What import-linter's contracts in pyproject.toml cannot say of themselves."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import tomli

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "kdoctor"
DOOR = {"kdoctor.host", "kdoctor.inside"}


def contract(name: str) -> dict[str, Any]:
    """The contract of that name."""
    settings = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (found,) = (one for one in settings["contracts"] if one["name"] == name)
    return dict(found)


def units() -> set[str]:
    """The packages and modules right below kdoctor."""
    found = [path for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()]
    return {f"kdoctor.{path.stem}" for path in found if path.stem != "__init__"}


def imported(path: Path) -> set[str]:
    """The top-level names that a module imports, at any depth of its code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." if node.level else (node.module or "").partition(".")[0])
    return found


def test_every_part_but_host_and_the_children_is_kept_from_the_machine() -> None:
    """A new package is not free to import os because nobody listed it."""
    listed = set(contract("Host is the one door to the machine")["source_modules"])
    assert listed == units() - DOOR


def test_no_import_is_relative() -> None:
    """A module's text says where everything in it comes from."""
    assert [str(path) for path in PACKAGE.rglob("*.py") if "." in imported(path)] == []


def test_scripts_for_children_import_nothing_of_ours() -> None:
    """The examined interpreter has no kdoctor; import-linter sees this only while they parse as a package."""
    assert [str(path) for path in (PACKAGE / "inside").rglob("*.py") if "kdoctor" in imported(path)] == []
