"""Files that are written: resolved for real from local packages, all or none, and never over what exists unasked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import tomli
import yaml

from kdoctor.fix.by_uv import Uv
from kdoctor.host.put import put
from kdoctor.model.trouble import Trouble
from tests.fix.asking import names, needs_rattler
from tests.fix.channel import keras_channel
from tests.fix.test_pip import HERE, TREE, uv, wheels

pytestmark = pytest.mark.slow

__all__ = ["uv", "wheels"]  # fixtures
RECIPE = f"""
id = "tiny"
title = "Tiny"
about = "It is made up."
backend = "tensorflow"
platforms = ["linux-64"]
python = ["{HERE.short}"]
standing = "current"
preference = 1
untried = "It is made up."
[requires]
gpu = "none"
glibc = "2.17"
[pip]
specs = ["tiny==1.0"]
[reasons]
tiny = "There is no other."
[verify]
imports = ["tiny"]
devices = "cpu"
[[source]]
what = "this test"
read = 2026-11-21
"""
CONDA = RECIPE.replace("[pip]", '[conda]\nchannels = ["conda-forge"]').replace("tiny==1.0", "keras")
CONDA = CONDA.replace('tiny = "', 'keras = "').replace(f'["{HERE.short}"]', '["3.11"]')


class Place:
    """An empty folder in which files are asked for."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        """``environ``: how uv finds its packages."""
        self.folder, self.environ = folder, environ
        (folder / "here").mkdir()
        self.here = folder / "here"

    def ask(self, *words: str, recipe: str = RECIPE) -> subprocess.CompletedProcess[str]:
        path = self.folder / "tiny.toml"
        path.write_text(recipe, encoding="utf-8")
        words = ("-m", "kdoctor", "fix", "--recipes", str(path), "--recipe", "tiny", *words)
        environ = {**self.environ, "PYTHONPATH": str(TREE), "HOME": str(self.folder / "home")}
        command = [sys.executable, *words]
        return subprocess.run(
            command, cwd=self.here, env=environ, capture_output=True, text=True, timeout=60, check=False
        )


@pytest.fixture
def place(uv: Uv, tmp_path: Path) -> Place:
    return Place(tmp_path, uv.environ)


def test_written_requirements_install_with_their_hashes(place: Place, uv: Uv) -> None:
    ran = place.ask("--requirements")
    assert (ran.returncode, names(place.here)) == (0, ["requirements.txt"]), ran.stderr
    assert "wrote     requirements.txt" in ran.stdout
    text = (place.here / "requirements.txt").read_text(encoding="utf-8")
    assert "# There is no other.\ntiny==1.0 \\\n    --hash=sha256:" in text
    words = (uv.uv, "pip", "install", "--dry-run", "--require-hashes", "--target", "x", "-r", "requirements.txt")
    again = subprocess.run(words, cwd=place.here, env=dict(uv.environ), capture_output=True, text=True, check=False)
    assert (again.returncode, "tiny==1.0" in again.stderr) == (0, True), again.stderr


def test_a_pylock_has_the_reason_above_its_package(place: Place) -> None:
    ran = place.ask("--requirements", "--output", "pylock.toml")
    assert ran.returncode == 0, ran.stderr
    text = (place.here / "pylock.toml").read_text(encoding="utf-8")
    assert '# There is no other.\n[[packages]]\nname = "tiny"' in text
    assert tomli.loads(text)["lock-version"] == "1.0"


def test_what_exists_is_written_over_only_by_force(place: Place) -> None:
    file = place.here / "requirements.txt"
    file.write_text("mine", encoding="utf-8")
    ran = place.ask("--requirements", "--docker")
    assert (ran.returncode, "exists" in ran.stderr, names(place.here)) == (3, True, ["requirements.txt"])
    assert file.read_text(encoding="utf-8") == "mine"
    assert place.ask("--requirements", "--docker", "--force").returncode == 0
    assert names(place.here) == ["Dockerfile", "requirements.txt"]


@pytest.mark.parametrize("words", [("--dry-run",), ("--output", "-")])
def test_what_is_only_shown_is_the_file_and_leaves_nothing(place: Place, words: tuple[str, ...]) -> None:
    ran = place.ask("--requirements", *words)
    assert (ran.returncode, ran.stdout.startswith("# Written by kdoctor")) == (0, True), ran.stderr
    assert names(place.here) == []
    assert not (place.folder / "cache").exists()


def test_json_is_one_document(place: Place) -> None:
    ran = place.ask("--devcontainer", "--format", "json")
    found = json.loads(ran.stdout)
    assert (ran.returncode, found["recipe"], found["written"]) == (0, "tiny", True)
    assert [one["path"] for one in found["files"]] == [".devcontainer/devcontainer.json", ".devcontainer/Dockerfile"]
    for one in found["files"]:
        assert (place.here / one["path"]).read_text(encoding="utf-8") == one["text"]


def test_the_same_question_gives_the_same_bytes(place: Place) -> None:
    first, second = (place.ask("--docker", "--output", "-").stdout for _ in range(2))
    assert (first == second, first.endswith('CMD ["python"]\n')) == (True, True)


@pytest.mark.parametrize(
    ("words", "recipe", "code", "said"),
    [
        (("--requirements",), RECIPE.replace("==1.0", "==2.0"), 3, "tiny==2.0"),
        (("--requirements",), CONDA, 2, "tiny is made by conda"),
        (("--requirements", "--docker", "--output", "x"), RECIPE, 2, "one place cannot take 2 files"),
        (("--docker", "--output", "x/"), RECIPE, 2, "expected the path of a file"),
        (("--docker",), RECIPE.replace("linux-64", "win-64"), 2, "not for Linux"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(
    place: Place, words: tuple[str, ...], recipe: str, code: int, said: str
) -> None:
    ran = place.ask(*words, recipe=recipe)
    assert (ran.returncode, ran.stdout, said in ran.stderr) == (code, "", True), ran.stderr
    assert names(place.here) == []


@needs_rattler
def test_an_environment_yml_holds_the_solution_of_a_channel(place: Place, tmp_path: Path) -> None:
    url = keras_channel(tmp_path / "channel").url
    ran = place.ask("--environment-yml", "--pixi", "--channel", url, recipe=CONDA)
    assert ran.returncode == 0, ran.stderr
    found = yaml.safe_load((place.here / "environment.yml").read_text(encoding="utf-8"))
    pins = ["python=3.11.9=0", "keras=3.8.0=0"]
    assert (found["dependencies"], found["channels"]) == (pins, [url, "nodefaults"])
    toml = tomli.loads((place.here / "pixi.toml").read_text(encoding="utf-8"))
    assert [f"{name}{one['version'][1:]}={one['build']}" for name, one in toml["dependencies"].items()] == pins


@needs_rattler
def test_an_image_of_a_channel_holds_an_explicit_lock(place: Place, tmp_path: Path) -> None:
    url = keras_channel(tmp_path / "channel").url
    out = place.ask("--docker", "--channel", url, "--output", "-", recipe=CONDA).stdout
    assert "# python 3.11.9 0: The recipe is for Python 3.11.\n" in out
    assert f"@EXPLICIT\n{url}/linux-64/python-3.11.9-0.tar.bz2#" in out


@needs_rattler
def test_a_channel_that_is_not_reached_leaves_nothing(place: Place, tmp_path: Path) -> None:
    ran = place.ask("--environment-yml", "--channel", f"file://{tmp_path}/none", recipe=CONDA)
    assert (ran.returncode, "was not reached" in ran.stderr, names(place.here)) == (3, True, [])
    assert "`kdoctor recipes show tiny`" in ran.stderr


def test_all_files_are_put_or_none(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "file").write_bytes(b"")
    wanted = {str(tmp_path / "a/b/new"): b"new", str(tmp_path / "old"): b"x", str(tmp_path / "file/below"): b"y"}
    with pytest.raises(Trouble, match="nothing was written"):
        put(wanted, force=True)
    assert (names(tmp_path), (tmp_path / "old").read_bytes()) == (["file", "old"], b"old")
    put({path: data for path, data in wanted.items() if "below" not in path}, force=True)
    assert (names(tmp_path), (tmp_path / "old").read_bytes()) == (["a", "file", "old"], b"x")
    assert (tmp_path / "a/b/new").read_bytes() == b"new"


def test_the_rights_of_a_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o600)
    put({str(path): b"new"}, force=True)
    assert (path.stat().st_mode & 0o777, path.read_bytes()) == (0o600, b"new")


@pytest.mark.parametrize("kind", ["link", "directory"])
def test_only_a_file_is_written_over(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "there"
    if kind == "link":
        path.symlink_to(os.devnull)
    else:
        path.mkdir()
    with pytest.raises(Trouble, match="only a file is written over"):
        put({str(path): b"x"}, force=True)
    assert names(tmp_path) == ["there"]


def test_where_no_recipe_fits_nothing_is_written_unless_it_is_named(place: Place) -> None:
    command = [sys.executable, "-m", "kdoctor", "fix", "--requirements", "--python-version", "2.7"]
    environ = {**place.environ, "PYTHONPATH": str(TREE), "HOME": str(place.folder)}
    ran = subprocess.run(command, cwd=place.here, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr.count("\n"), names(place.here)) == (1, 1, [])
    assert "writes it all the same" in ran.stderr
    command += ["--format", "json"]
    ran = subprocess.run(command, cwd=place.here, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, json.loads(ran.stdout)["files"], names(place.here)) == (1, [], [])
