"""What docs/api.md shows is what happens."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]


def test_the_examples_of_the_page_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TREE)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
    ran = doctest.testfile(str(TREE / "docs/api.md"), module_relative=False, optionflags=flags, encoding="utf-8")
    assert (ran.failed, ran.attempted > 8) == (0, True)
