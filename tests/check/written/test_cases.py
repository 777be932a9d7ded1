"""Small files against what is found in them, through the command that reads them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import tomli

from kdoctor.check.registry import find_rules
from kdoctor.check.written.judge import OF_FILES
from kdoctor.commands.written import check_files
from kdoctor.model.facts.written import Written

HERE = Path(__file__).parent
GOLDEN = HERE.parent.parent / "fix" / "files" / "golden"


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``finds``: severity, rule and the place of the first evidence; ``driver``: from which on it works."""

    name: str
    file: str
    text: str
    finds: tuple[str, ...] = ()
    driver: str = ""


CASES = msgspec.convert(tomli.loads((HERE / "cases.toml").read_text(encoding="utf-8"))["case"], tuple[Case, ...])


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_file_is_judged(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / case.file).write_text(case.text, encoding="utf-8")
    report = check_files((case.file,)).report
    roots = [item for item in report.findings if item.role != "consequence"]
    places = [{one.source for one in item.evidence} for item in roots]
    found = [f"{item.severity} {item.name}" for item in roots]
    assert found == [text.rpartition(" ")[0] for text in case.finds]
    assert [text for text, some in zip(case.finds, places, strict=True) if text.rpartition(" ")[2] not in some] == []
    section = report.facts.sections["written"]
    assert isinstance(section, Written)
    assert str(section.files[0].driver or "") == case.driver
    assert [item.what for item in report.findings if len(item.what) > 100] == []


def test_every_rule_of_files_exists_and_is_found_in_some_file() -> None:
    """But for those whose pins are judged as NumPy's are."""
    assert set(OF_FILES) - {rule.name for rule in find_rules().items} == set()
    found = {text.split()[1] for case in CASES for text in case.finds}
    assert set(OF_FILES) - found == {"h5py-mismatch", "protobuf-mismatch"}


@pytest.mark.parametrize("name", ["index-requirements.txt", "index-environment.yml", "index-Dockerfile"])
def test_what_kdoctor_writes_itself_is_healthy(name: str) -> None:
    report = check_files((str(GOLDEN / name),)).report
    assert (report.findings, report.outcomes[0].state) == ((), "clear")
