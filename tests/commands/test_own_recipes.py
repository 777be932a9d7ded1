"""`[tool.kdoctor] recipes`: found above, relative to its file, and said where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdoctor.commands.own_recipes import configured
from kdoctor.host.live import LiveHost
from kdoctor.model.trouble import Trouble


def listed(folder: Path, text: str, below: str = "") -> tuple[str, ...]:
    """What a pyproject.toml with that text gives."""
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    (folder / below).mkdir(parents=True, exist_ok=True)
    return configured(LiveHost(), str(folder / below))


def test_paths_are_relative_to_the_file_that_lists_them(tmp_path: Path) -> None:
    text = '[tool.kdoctor]\nrecipes = ["recipes", "/etc/r.toml", "~/r.toml"]\n'
    assert listed(tmp_path, text, "src/deep") == (f"{tmp_path}/recipes", "/etc/r.toml", "~/r.toml")


@pytest.mark.parametrize("text", ["", "[tool.ruff]\n", "tool = 3\n", "[[[", "[tool.kdoctor]\n"])
def test_files_of_other_tools_are_none_of_our_business(tmp_path: Path, text: str) -> None:
    assert listed(tmp_path, text) == ()


@pytest.mark.parametrize(
    "text", ["[tool.kdoctor]\nrecipes = 3\n", "[tool.kdoctor]\nrecipes = [", "[tool.kdoctor]\nrecipes = [3]\n"]
)
def test_what_is_wrong_is_said_with_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(Trouble, match=r"pyproject\.toml: "):
        listed(tmp_path, text)
