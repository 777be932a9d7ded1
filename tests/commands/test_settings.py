"""Where a configuration is looked for."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kdoctor.commands.settings import configured, folders
from kdoctor.host.live import LiveHost
from kdoctor.model.trouble import Trouble


def host_in(folder: Path, home: Path) -> LiveHost:
    """This machine, as if it were worked on in that folder by somebody with that home."""
    host = LiveHost()
    host.cwd = str(folder)
    host.user = msgspec.structs.replace(host.user, home=str(home))
    return host


def test_the_home_directory_is_the_last_that_is_searched(tmp_path: Path) -> None:
    deep = tmp_path / "home" / "ada" / "work" / "deep"
    deep.mkdir(parents=True)
    found = list(folders(host_in(deep, tmp_path / "home" / "ada")))
    assert found == [str(deep), str(deep.parent), str(tmp_path / "home" / "ada")]


def test_the_root_of_the_repository_is_the_last_that_is_searched(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / ".git").touch()
    assert list(folders(host_in(tmp_path / "a" / "b", tmp_path)))[-1] == str(tmp_path / "a")


def test_elsewhere_the_search_goes_up_to_the_root(tmp_path: Path) -> None:
    assert list(folders(host_in(tmp_path, Path("/nonexistent"))))[-1] == "/"


def test_without_a_working_directory_nothing_is_searched(tmp_path: Path) -> None:
    host = host_in(tmp_path, tmp_path)
    host.cwd = ""
    assert list(folders(host)) == []


def test_a_project_without_the_table_is_passed_by(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.ruff]\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[tool.kdoctor]\nstrict = true\n", encoding="utf-8")
    settings = configured(host_in(tmp_path / "a", tmp_path), named="", wanted=True)
    assert (settings.path, settings.strict) == (str(tmp_path / "pyproject.toml"), True)


def test_a_named_project_has_to_have_the_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    with pytest.raises(Trouble, match=r"no table \[tool\.kdoctor\]"):
        configured(host_in(tmp_path, tmp_path), named="pyproject.toml", wanted=True)
