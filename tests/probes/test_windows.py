from __future__ import annotations

import json
from pathlib import Path

import pytest

from kdoctor.host.sysroot import SysrootHost
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.windows import Windows
from kdoctor.model.version import PythonVersion
from kdoctor.probes.windows import SYSTEM, probe

PREFIX = r"C:\Users\user\ml"


def machine(folder: Path, names: dict[str, list[str]], system: str = "windows") -> SysrootHost:
    """A recorded machine of which only the names in directories are known."""
    document = {"platform": {"os": system, "machine": "AMD64"}, "names": names}
    (folder / "root").mkdir()
    (folder / "machine.json").write_text(json.dumps(document), encoding="utf-8")
    return SysrootHost(str(folder))


def interpreter() -> Interpreter:
    """A Python of 64 bits in PREFIX."""
    path = rf"{PREFIX}\Scripts\python.exe"
    return Interpreter(path=path, realpath=path, version=PythonVersion("3.12.8"), kind="plain", prefix=PREFIX)


def missing(folder: Path, names: dict[str, list[str]]) -> tuple[str, ...]:
    section = probe(machine(folder, names), interpreter())
    assert isinstance(section, Windows)
    return section.missing


@pytest.mark.parametrize(
    "names",
    [
        {SYSTEM: ["kernel32.dll", "MSVCP140.dll", "msvcp140_1.dll"]},
        {SYSTEM: ["kernel32.dll"], PREFIX: ["msvcp140.dll", "msvcp140_1.dll"]},
        {SYSTEM: ["msvcp140.dll"], rf"{PREFIX}\Library\bin": ["MSVCP140_1.DLL"]},
    ],
)
def test_a_library_counts_where_windows_finds_it_in_any_case(tmp_path: Path, names: dict[str, list[str]]) -> None:
    assert missing(tmp_path, names) == ()


def test_what_is_found_nowhere_is_missing(tmp_path: Path) -> None:
    assert missing(tmp_path, {SYSTEM: ["msvcp140.dll"]}) == ("msvcp140_1.dll",)


def test_a_folder_that_can_not_be_listed_proves_nothing(tmp_path: Path) -> None:
    assert isinstance(probe(machine(tmp_path, {PREFIX: ["python.exe"]}), interpreter()), Unknown)


def test_linux_has_no_such_runtime(tmp_path: Path) -> None:
    assert isinstance(probe(machine(tmp_path, {}, "linux"), interpreter()), Absent)
