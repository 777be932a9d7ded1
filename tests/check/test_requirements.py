"""Requirements as they are typed: what is understood, what is refused and with which hint, and how values compare."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from kdoctor.check.requirements import SUBJECTS, UNITS, Required, joined, read_requirement
from kdoctor.model.trouble import Trouble

OPERATORS = ("==", "!=", ">=", "<=", ">", "<")
SPACES = some.sampled_from(["", " ", "  "])
NUMBERS = some.integers(0, 9999)
VERSIONS = some.lists(some.integers(0, 999), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
VERSION_NAMES = some.sampled_from([name for name, subject in SUBJECTS.items() if subject.kind == "version"])


def read(text: str) -> Required:
    return read_requirement(text, "--require")


@given(VERSION_NAMES, some.sampled_from([*OPERATORS, "~="]), VERSIONS, VERSIONS, SPACES)
def test_versions_compare_as_packaging_compares_them(name: str, sign: str, needed: str, value: str, space: str) -> None:
    needed = f"{needed}.0" if sign == "~=" else needed
    found = read(f"{space}{name}{space}{sign}{space}{needed}{space}")
    assert found.name == name
    assert found.met_by(value) == SpecifierSet(f"{sign}{needed}").contains(Version(value), prereleases=True)


@given(some.sampled_from(OPERATORS), NUMBERS, NUMBERS)
def test_counts_compare_as_numbers(sign: str, needed: int, value: int) -> None:
    found = read(f"gpu{sign}{needed}")
    assert found.met_by(str(value)) == eval(f"{value} {sign} {needed}", {})  # noqa: S307  two numbers and a sign


@given(NUMBERS, some.sampled_from(sorted(UNITS)), some.booleans())
def test_a_size_is_met_by_itself_and_not_by_a_byte_less(number: int, unit: str, upper: bool) -> None:  # noqa: FBT001
    found = read(f"memory>={number}{unit.upper() if upper else unit}")
    size = number * UNITS[unit]
    assert (found.met_by(str(size)), found.met_by(str(size - 1))) == (True, False)


@given(some.text(max_size=300))
def test_any_text_is_a_requirement_or_a_trouble_of_exit_code_2(text: str) -> None:
    trouble = refused(text)
    assert trouble is None or (trouble.code, trouble.reference) == (2, "requirement-not-understood")
    assert trouble is None or len(trouble.message) < 500


def refused(text: str) -> Trouble | None:
    """The trouble that a text leads to, None where it is understood."""
    try:
        read(text)
    except Trouble as trouble:
        return trouble
    return None


@given(some.from_regex(r"[a-z_.]{1,12}(:[a-z]{1,9})?(==|>=|<|~=|=|,){1,3}[0-9a-zA-Z.*+!-]{0,20}", fullmatch=True))
def test_what_is_understood_can_compare_any_value(text: str) -> None:
    if refused(text) is None:
        found = read(text)
        assert found.met_by("2.20.0" if found.subject.kind == "version" else "2") in (True, False)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("drver>=535", "Did you mean driver"),
        ("tensorflw>=2", "Did you mean tensorflow"),
        ("transformers>=4", "`package:transformers`"),
        ("packge:numpy>=2", "Did you mean package"),
        ("keras.backend==jxa", "Did you mean jax?"),
        ("os==linus", "Did you mean linux?"),
        ("memory>=16", "Write 16GiB"),
        ("driver=>535", "Operators are"),
    ],
)
def test_a_slip_gets_a_hint(text: str, hint: str) -> None:
    with pytest.raises(Trouble) as caught:
        read(text)
    assert hint in caught.value.hint
    assert caught.value.code == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        ">=1",
        "gpu>=a",
        "gpu~=1",
        "gpu>=-1",
        "os",
        "keras.backend",
        "memory",
        "os>=linux",
        "tensorflow===2",
        "package:",
    ],
)
def test_what_has_no_meaning_is_refused(text: str) -> None:
    with pytest.raises(Trouble):
        read(text)


def test_a_name_alone_asks_that_it_is_there() -> None:
    assert (read("gpu").needed, read("gpu").met_by("1"), read("gpu").met_by("0")) == (">=1", True, False)
    assert (read("cudnn").needed, read("cudnn").met_by("9.3.0")) == ("any", True)


def test_what_is_no_version_cannot_be_compared() -> None:
    assert read("tensorflow>=2").met_by("unknown-build") is None


def test_a_distribution_may_be_written_as_anybody_writes_it() -> None:
    assert read("package:Ruamel_Yaml>=0.17").name == "package:ruamel-yaml"


def test_the_later_group_beats_the_earlier_on_the_same_subject_only() -> None:
    file = (read("driver>=535"), read("gpu>=2"), read("gpu<8"))
    line = (read("gpu>=1"),)
    assert [one.text for one in joined(file, line)] == ["driver>=535", "gpu>=1"]
    assert [one.text for one in joined(file, ())] == ["driver>=535", "gpu>=2", "gpu<8"]
