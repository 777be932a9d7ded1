"""Libraries that the loader misses are found after a fix, as kdoctor's own walk of the search order sees it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.fakegpu.kit import build
from tests.fix.in_place import libraries
from tests.fix.in_place.trees import age, tree
from tests.fix.in_place.user import User

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="the loader of Linux")]


def user_with_gpu(folder: Path) -> User:
    """Somebody whose machine has a simulated GPU."""
    return User(folder, build(folder / "gpu").state(cuda_driver_version=12080))


def test_a_missed_wheel_is_linked_found_and_unlinked(tmp_path: Path) -> None:
    packages = libraries.venv(tmp_path / "env")
    libraries.tensorflow(packages, missed="cusolver")
    libraries.wheels(packages)
    age(tmp_path / "env")
    user, before = user_with_gpu(tmp_path), tree(tmp_path / "env")
    said = user.kdoctor("fix", "--env", "./env", "--in-place", "--format", "json")
    found = said.document
    assert (said.code, found["finding"]["id"], found["gone"], found["after"]) == (0, "KD211", True, None), said
    (edit,) = found["change"]["edits"]
    assert Path(edit["path"]).samefile(packages / "nvidia/cusolver/lib/libcusolver.so.11")
    assert user.kdoctor("undo", "--yes").code == 0
    assert tree(tmp_path / "env") == before


@pytest.mark.slow
def test_a_conda_environment_finds_a_toolkit_once_it_is_activated(tmp_path: Path) -> None:
    packages = libraries.conda(tmp_path / "env")
    libraries.tensorflow(packages)
    libraries.toolkit(tmp_path / "env/lib")
    age(tmp_path / "env")
    user, before = user_with_gpu(tmp_path), tree(tmp_path / "env")
    said = user.kdoctor("fix", "--env", "./env", "--in-place", "--format", "json")
    found = said.document
    assert (said.code, found["finding"]["id"], found["gone"], found["after"]) == (0, "KD202", True, None), said
    assert found["change"]["then"] == "Activate the environment anew."
    again = user.kdoctor("fix", "--env", "./env")
    assert (again.code, "activate the environment anew" in " ".join(again.out.split())) == (1, True)
    assert user.kdoctor("undo", "--yes").code == 0
    assert tree(tmp_path / "env") == before
