"""The wheel and the sdist: what is in them, and a wheel that works where nothing else of the checkout is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from kdoctor import __version__

pytest.importorskip("hatchling")
pytestmark = pytest.mark.slow
TREE = Path(__file__).resolve().parent.parent
MACHINE = TREE / "tests/machines/ubuntu2404-550-rtx3060-tf220"
STEM = f"keras_doctor-{__version__}"
WHEEL = f"{STEM}-py3-none-any.whl"
MOST_BYTES = {"whl": 1_500_000, "gz": 2_500_000}  # the sdist has the tests, with their machines


def build(source: Path, target: Path, *kinds: str) -> None:
    """Make the distributions of a source tree, without a network."""
    command = (sys.executable, "-m", "hatchling", "build", "-d", str(target), *kinds)
    ran = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    build(TREE, folder, "-t", "wheel", "-t", "sdist")
    return folder


def names(wheel: Path) -> set[str]:
    """The files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_the_package_and_its_data_and_nothing_else(made: Path) -> None:
    found = names(made / WHEEL)
    tops = {name.partition("/")[0] for name in found}
    assert tops == {"kdoctor", f"{STEM}.dist-info", f"{STEM}.data"}
    assert {
        "kdoctor/py.typed",
        "kdoctor/knowledge/cuda.toml",
        "kdoctor/inside/nvml.py",
        "kdoctor/fakegpu/cuda.c",
    } <= found
    assert f"{STEM}.data/data/share/man/man1/kdoctor.1" in found
    assert {name for name in found if name.startswith("kdoctor/recipes/")} == {
        f"kdoctor/recipes/{path.name}" for path in (TREE / "recipes").glob("*.toml")
    }
    assert [name for name in found if "__pycache__" in name or name.endswith(".pyc")] == []


def test_both_are_small(made: Path) -> None:
    assert [path.name for path in made.iterdir() if path.stat().st_size > MOST_BYTES[path.suffix[1:]]] == []


def test_entry_points_are_the_command_and_the_plug_in_of_pytest(made: Path) -> None:
    with zipfile.ZipFile(made / WHEEL) as archive:
        said = archive.read(f"{STEM}.dist-info/entry_points.txt").decode()
    assert said.split() == [
        *("[console_scripts]", "kdoctor", "=", "kdoctor.__main__:main"),
        *("[pytest11]", "kdoctor", "=", "kdoctor.pytest_plugin"),
    ]


def test_the_sdist_makes_the_same_wheel(made: Path, tmp_path: Path) -> None:
    with tarfile.open(made / f"{STEM}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="fully_trusted")  # noqa: S202  our own, with the links of machines
    build(tmp_path / STEM, tmp_path, "-t", "wheel")
    assert names(tmp_path / WHEEL) == names(made / WHEEL)


def test_an_installed_wheel_works_outside_of_the_checkout(made: Path, tmp_path: Path) -> None:
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"), check=True)
    (site,) = (tmp_path / "env/lib").glob("python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    python = str(tmp_path / "env/bin/python")
    install = ("uv", "pip", "install", "-q", "--offline", "--no-deps", "--python", python, str(made / WHEEL))
    subprocess.run((sys.executable, "-m", *install), check=True, timeout=120)

    def kdoctor(*words: str) -> str:
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        command = (str(tmp_path / "env/bin/kdoctor"), *words)
        return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=True).stdout

    report = json.loads(kdoctor("check", "--sysroot", str(MACHINE), "--format", "json"))
    assert kdoctor("--version") == f"kdoctor {__version__}\n"
    assert [outcome for outcome in report["outcomes"] if outcome["state"] == "crashed"] == []
    assert len(json.loads(kdoctor("recipes", "--format", "json"))["recipes"]) == len(list((TREE / "recipes").iterdir()))
    assert "complete -F" in kdoctor("completion", "bash")
