"""A real conda works in an environment that kdoctor made, as in one of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kdoctor.fix.execute import execute
from tests.fix.asking import good, needs_rattler, order, question, solved
from tests.fix.channel import StandIn, keras_channel
from tests.fix.real_conda import answer, conda, environ, needs_conda

pytestmark = [*needs_conda, needs_rattler]


class Home:
    """A user with an environment of kdoctor's and the channel that it came from."""

    def __init__(self, folder: Path) -> None:
        """Make it."""
        self.channel: StandIn = keras_channel(folder / "channel")
        self.prefix = folder / "envs/env"
        (folder / "channel").joinpath("note").write_text("local", encoding="utf-8")
        (folder / ".condarc").write_text(
            f"channels: ['{self.channel.url}']\nenvs_dirs: [{folder}/envs]\npkgs_dirs: [{folder}/pkgs]\n"
            "solver: classic\nalways_yes: true\nadd_pip_as_python_dependency: false\n",
            encoding="utf-8",
        )
        self.variables = environ(folder, CONDA_OVERRIDE_CUDA="12.6")
        execute(order(solved(question(self.channel.url, folder)), folder), good)

    def listed(self) -> dict[str, str]:
        """Name to version and build, by conda."""
        rows = answer(self.variables, "list", "--prefix", str(self.prefix))
        return {row["name"]: f"{row['version']} {row['build_string']}" for row in rows}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A user."""
    return Home(tmp_path)


def test_conda_lists_what_kdoctor_installed(home: Home) -> None:
    assert home.listed() == {
        "python": "3.11.9 0", "tensorflow": "2.18.0 cuda126py311h1_200", "libthing": "1.0 0", "keras": "3.8.0 0",
    }  # fmt: skip


def test_its_explicit_list_is_the_lock_file(home: Home) -> None:
    listed = conda(home.variables, "list", "--prefix", str(home.prefix), "--explicit", "--sha256").stdout
    lock = (home.prefix / "kdoctor-lock.txt").read_text(encoding="utf-8")
    urls = [sorted(line for line in text.splitlines() if line.startswith("file:")) for text in (listed, lock)]
    assert [line.replace("sha256:", "") for line in urls[0]] == [line.replace("sha256:", "") for line in urls[1]]


def test_conda_makes_the_same_from_the_lock_file(home: Home, tmp_path: Path) -> None:
    lock = str(home.prefix / "kdoctor-lock.txt")
    ran = conda(home.variables, "create", "--prefix", str(tmp_path / "envs/again"), "--file", lock)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    rows = answer(home.variables, "list", "--prefix", str(tmp_path / "envs/again"))
    assert {row["name"] for row in rows} == set(home.listed())


def test_a_command_runs_in_it(home: Home) -> None:
    ran = conda(home.variables, "run", "--prefix", str(home.prefix), "python", "-c", "import sys; print(sys.prefix)")
    assert ran.stdout.strip() == str(home.prefix), ran.stderr
    assert conda(home.variables, "run", "--name", "env", "hello").stdout.strip() == str(home.prefix)


def test_it_is_among_condas_environments(home: Home) -> None:
    assert str(home.prefix) in answer(home.variables, "env", "list")["envs"]


def test_a_package_is_added_and_taken_away(home: Home) -> None:
    before = home.listed()
    added = answer(home.variables, "install", "--prefix", str(home.prefix), "extra")
    assert [row["name"] for row in added["actions"]["LINK"]] == ["extra"]
    assert added["actions"].get("UNLINK", []) == []
    assert (home.prefix / "share/extra.txt").read_text(encoding="utf-8") == str(home.prefix)
    taken = answer(home.variables, "remove", "--prefix", str(home.prefix), "extra")
    assert [row["name"] for row in taken["actions"]["UNLINK"]] == ["extra"]
    assert taken["actions"].get("LINK", []) == []
    assert home.listed() == before
    assert not (home.prefix / "share/extra.txt").exists()


def test_what_was_asked_for_is_in_the_history(home: Home) -> None:
    exported = answer(home.variables, "env", "export", "--prefix", str(home.prefix), "--from-history")
    assert sorted(exported["dependencies"]) == ["keras", "python", "tensorflow"]


def test_the_doctor_finds_nothing(home: Home) -> None:
    ran = conda(home.variables, "doctor", "--prefix", str(home.prefix))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = ran.stdout.partition("Altered Files:")[2].partition("✅")[0].split()
    assert said == ["python-3.11.9-0:", "3"], ran.stdout  # the stub's links lead out of the environment
    assert "✅ There are no packages with missing files." in ran.stdout
    assert "✅ The environment is consistent." in ran.stdout


def test_its_records_say_what_condas_own_say(home: Home, tmp_path: Path) -> None:
    theirs = tmp_path / "envs/theirs"
    conda(home.variables, "create", "--prefix", str(theirs), "keras", "libthing", "python=3.11")
    for name in ("keras-3.8.0-0", "libthing-1.0-0"):
        files = [prefix / "conda-meta" / f"{name}.json" for prefix in (home.prefix, theirs)]
        ours, own = (json.loads(file.read_text(encoding="utf-8")) for file in files)
        for key in ("files", "url", "sha256", "name", "version", "build", "depends", "subdir"):
            wanted = [
                one for one in own[key] if "__pycache__" not in one
            ]  # conda compiles, kdoctor leaves that to Python
            assert sorted(ours[key]) == sorted(wanted), (name, key)


def test_the_whole_environment_is_removed(home: Home) -> None:
    ran = conda(home.variables, "env", "remove", "--prefix", str(home.prefix))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert not home.prefix.exists()
