"""Genuine wheels on a simulated driver: each fault gets its name, first, and its cure cures; the healthy get none."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.fakegpu import Driver, Kit
from tests.wheels.combination import Combination, ask_tensorflow, prepare
from tests.wheels.commandline import Checked, check

pytestmark = pytest.mark.wheels

FRAMEWORKS = ("tensorflow", "keras", "jax", "torch")
NOTE_IMPORTS = """
import os, sys
NOTES = open(os.environ["KDOCTOR_TEST_NOTES"], "a", buffering=1)
def note(event, arguments):
    if event in ("import", "ctypes.dlopen"):
        NOTES.write(f"{os.getpid()} {event} {arguments[0]}\\n")
sys.addaudithook(note)
"""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """An environment with wheels, and a machine to run it on."""

    prefix: Path
    environ: Mapping[str, str]

    def check(self, *options: str, **variables: str) -> Checked:
        """Let kdoctor examine it."""
        return check(self.prefix, {**self.environ, **variables}, *options)

    def gpus(self) -> int | None:
        """Let TensorFlow list its GPUs."""
        answer = ask_tensorflow(self.prefix / "bin/python", self.environ)
        return None if answer.gpus is None else len(answer.gpus)


Lay = Callable[..., Place]


@pytest.fixture
def lay(kit: Kit, venv: Callable[[str], Path], tmp_path: Path) -> Lay:
    """Lay out a machine with a GPU, or without, for one of the environments."""

    def make(name: str, driver: Driver = "both", prefix: Path | None = None) -> Place:
        prefix = prefix or venv(name)
        row = Combination(name=name, venv="plain", driver=driver)
        return Place(prefix=prefix, environ=prepare(row, kit, prefix / "bin/python", tmp_path))

    return make


def primary(checked: Checked) -> dict[str, Any]:
    """Give the first finding, which has to be there."""
    assert checked.report["primary"], checked.causes
    assert checked.report["primary"] == checked.report["findings"][0]
    return dict(checked.report["primary"])


def commands(checked: Checked) -> list[list[str]]:
    """Give the commands of the first finding's remedy as words."""
    return [shlex.split(command) for command in primary(checked)["remedy"]["commands"]]


def test_a_cpu_build_without_a_gpu_is_no_fault(lay: Lay) -> None:
    checked = lay("cpu", driver="none").check()
    assert (checked.code, checked.causes) == (0, [])


def test_a_cpu_build_beside_a_gpu_is_named_and_replaced_by_the_gpu_build(lay: Lay) -> None:
    place = lay("cpu")
    checked = place.check()
    python = str(place.prefix / "bin/python")
    assert (checked.code, primary(checked)["cause"]) == (1, "cpu-only-build-installed")
    assert commands(checked)[0] == [python, "-m", "pip", "uninstall", "-y", "tensorflow-cpu"]
    assert commands(checked)[1][:4] == [python, "-m", "pip", "install"]
    assert commands(checked)[1][4].startswith("tensorflow[and-cuda]==2.2")


def test_a_gpu_build_without_its_libraries_is_named(lay: Lay) -> None:
    checked = lay("plain").check()
    assert (checked.code, primary(checked)["cause"]) == (1, "cuda-lib-missing")
    assert "libcudart.so.12" in primary(checked)["what"]
    assert "[and-cuda]" in commands(checked)[0][-1]


def test_every_library_of_2_20_is_found_and_nothing_is_wrong(lay: Lay) -> None:
    checked = lay("and-cuda-2.20").check()
    assert (checked.code, checked.causes, checked.predicted[0]) == (0, [], 1)


def test_the_library_that_2_21_does_not_look_for_is_named_and_the_link_cures_it(lay: Lay, tmp_path: Path) -> None:
    whole = lay("and-cuda-2.21").prefix
    place = lay("and-cuda-2.21", prefix=copy_of(whole, tmp_path / "copy"))
    ill = place.check()
    assert (ill.code, primary(ill)["cause"], ill.predicted[0]) == (1, "cuda-libs-not-on-path", 0)
    assert "libcusolver.so.11" in primary(ill)["what"]
    assert place.gpus() == 0
    link = commands(ill)[0]
    assert link[:2] == ["ln", "-s"]
    assert Path(link[-1]).is_relative_to(place.prefix)
    subprocess.run(link, check=True, timeout=10)
    cured = place.check()
    assert (cured.code, cured.causes, cured.predicted[0]) == (0, [], 1)
    assert place.gpus() == 1


def test_the_variable_that_is_offered_instead_cures_2_21_too(lay: Lay) -> None:
    place = lay("and-cuda-2.21")
    (export,) = [words for words in commands(place.check()) if words[0] == "export"]
    name, _, value = export[1].partition("=")
    folder = value.partition("$")[0]
    cured = lay("and-cuda-2.21").check(**{name: os.pathsep.join((folder, place.environ[name]))})
    assert (cured.code, cured.causes, cured.predicted[0]) == (0, [], 1)


def test_one_build_installed_over_another_comes_first(lay: Lay) -> None:
    checked = lay("both").check()
    assert (checked.code, primary(checked)["name"]) == (1, "tensorflow-packages-overlap")
    assert primary(checked)["cause"] == "cpu-only-build-installed"
    assert commands(checked)[0][-2:] == ["tensorflow", "tensorflow-cpu"]


def test_a_keras_that_does_not_belong_to_tensorflow_is_named(lay: Lay) -> None:
    checked = lay("plain-2.15", driver="none").check()
    assert (checked.code, primary(checked)["cause"]) == (1, "keras-tf-mismatch")
    assert "3.10.0" in primary(checked)["what"]
    assert "2.15.1" in primary(checked)["what"]


def test_a_backend_that_ended_long_ago_is_named_and_the_printed_command_cures_it(lay: Lay, tmp_path: Path) -> None:
    place = lay("cpu", driver="none")
    home = tmp_path / "keras"
    home.mkdir()
    (home / "keras.json").write_text(json.dumps({"backend": "theano", "floatx": "float32"}))
    ill = place.check(KERAS_HOME=str(home))
    assert (ill.code, primary(ill)["cause"]) == (1, "keras-backend-misconfigured")
    assert "theano" in primary(ill)["what"]
    subprocess.run(commands(ill)[0], check=True, timeout=10)
    cured = place.check(KERAS_HOME=str(home))
    assert (cured.code, cured.causes) == (0, [])


def test_a_check_imports_no_framework_and_a_deep_one_agrees_with_it(lay: Lay, tmp_path: Path) -> None:
    place = lay("cpu", driver="none")
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(NOTE_IMPORTS)
    noting = {"PYTHONPATH": str(hook), "PYTHONDONTWRITEBYTECODE": "1"}
    place.check(**noting, KDOCTOR_TEST_NOTES=str(tmp_path / "plain"))
    deep = place.check("--deep", **noting, KDOCTOR_TEST_NOTES=str(tmp_path / "deep"))
    answers = {item["framework"]: item for item in deep.section("framework_answers")["items"]}
    assert answers["tensorflow"]["trouble"] == ""
    assert answers["tensorflow"]["gpus"] == deep.predicted[0] == 0
    assert deep.code == 0
    assert frameworks_in(tmp_path / "plain") == set()
    assert {"tensorflow", "keras"} <= frameworks_in(tmp_path / "deep")


@pytest.mark.parametrize("name", ["and-cuda-2.20", "and-cuda-2.21"])
def test_a_check_beside_a_gpu_opens_neither_framework_nor_cuda_library(lay: Lay, tmp_path: Path, name: str) -> None:
    place = lay(name)
    loaded = tmp_path / "loaded"
    loaded.mkdir()
    place.check(LD_DEBUG="files", LD_DEBUG_OUTPUT=str(loaded / "process"))
    lines = [line for path in loaded.iterdir() for line in path.read_text(errors="replace").splitlines()]
    opened = {line.partition("calling init: ")[2] for line in lines if "calling init: " in line}
    assert any("libcuda.so.1" in path for path in opened)
    site = str(place.prefix.resolve() / "lib")
    assert [path for path in opened if path.startswith((site, str(place.prefix / "lib")))] == []
    assert [path for path in opened if any(f"lib{name}" in path for name in ("tensorflow", "cudart", "cudnn"))] == []


def frameworks_in(notes: Path) -> set[str]:
    """Tell which frameworks the noted processes imported or opened."""
    lines = notes.read_text().splitlines()
    assert len({line.split(" ", 1)[0] for line in lines}) > 1, "only one process was noted"
    said = [line.split(" ", 2)[2] for line in lines]
    return {name for name in FRAMEWORKS for text in said if text.partition(".")[0] == name or f"lib{name}" in text}


def copy_of(prefix: Path, target: Path) -> Path:
    """Copy an environment, by links to the same files where the disk allows that."""

    def link(source: str, copy: str) -> None:
        try:
            os.link(source, copy)
        except OSError:
            shutil.copy2(source, copy)

    shutil.copytree(prefix.resolve(), target, symlinks=True, copy_function=link)
    return target
