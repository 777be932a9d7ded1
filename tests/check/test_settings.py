"""A configuration: what it may say, what is refused with which exit code, and what wins over what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kdoctor.check.settings import MAX_BYTES, NAMES, Settings, settings_in
from kdoctor.model.trouble import Trouble

WHOLE = b"""
[tool.kdoctor]
require = ["gpu>=1", "driver>=535"]
select = ["KD1"]
ignore = ["persistence-off"]
fail-on = "warning"
strict = true
recipes = ["own/"]

[tool.kdoctor.env.ci]
require = ["gpu>=2"]
fail-on = "never"
strict = false
"""


def read(text: bytes, path: str = "kdoctor.toml") -> Settings:
    found = settings_in(text, path)
    assert found is not None
    return found


def test_everything_is_read() -> None:
    found = read(WHOLE, "/x/pyproject.toml")
    assert [one.text for one in found.require] == ["gpu>=1", "driver>=535"]
    assert (found.select, found.ignore, found.fail_on, found.strict) == (
        ("KD1",),
        ("persistence-off",),
        "warning",
        True,
    )
    assert found.path == found.require[0].by == "/x/pyproject.toml"


def test_a_table_of_an_environment_wins_and_its_requirements_add() -> None:
    found = read(WHOLE, "pyproject.toml").within(("elsewhere", "ci"))
    assert [one.text for one in found.require] == ["driver>=535", "gpu>=2"]
    assert (found.select, found.fail_on, found.strict) == (("KD1",), "never", False)


def test_an_environment_without_a_table_gets_the_general_settings() -> None:
    found = read(WHOLE, "pyproject.toml")
    assert found.within(("other", "")) is found


@pytest.mark.parametrize(
    "text", [b"", b"[project]\nname = 'x'", b"[tool.ruff]\nselect = ['kdoctor']", b"\xff not toml"]
)
def test_a_project_without_the_table_has_no_settings(text: bytes) -> None:
    assert settings_in(text, "pyproject.toml") is None


def test_an_empty_configuration_says_nothing() -> None:
    assert read(b"") == Settings(path="kdoctor.toml")


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (b"requires = []", 2, "Did you mean require?"),
        (b"fail_on = 'error'", 2, "Did you mean fail-on?"),
        (b"fail-on = 'errors'", 2, "expected one of error, warning, note, never"),
        (b"require = 'gpu'", 2, "require: expected a list of texts"),
        (b"require = [1]", 2, "require: expected a list of texts"),
        (b"strict = 1", 2, "strict: expected true or false"),
        (b"require = ['gppu']", 2, "Did you mean gpu"),
        (b"env = 3", 2, "env: expected a table"),
        (b"env.ci = 3", 2, "env.ci: expected a table"),
        (b"[env.ci.env.x]", 2, "there is no setting env.ci.env"),
        (b"require = [", 3, "is not TOML"),
        (b"a = \xff", 3, "is not TOML"),
        (b"a = " + b"[" * 3000, 3, "is not TOML"),
        (b"# " + b"x" * MAX_BYTES, 3, "larger than 1 MB"),
    ],
)
def test_what_is_wrong_is_said(text: bytes, code: int, says: str) -> None:
    with pytest.raises(Trouble) as caught:
        settings_in(text, "kdoctor.toml")
    assert caught.value.code == code
    assert says in f"{caught.value.message} {caught.value.hint}"


def code_of(data: bytes, path: str) -> int:
    """The exit code that reading these bytes leads to."""
    try:
        settings_in(data, path)
    except Trouble as trouble:
        return trouble.code
    return 0


@given(some.binary(max_size=200) | some.text(max_size=200).map(str.encode), some.sampled_from(NAMES))
def test_any_bytes_are_settings_or_a_trouble(data: bytes, name: str) -> None:
    assert code_of(data, name) in (0, 2, 3)
