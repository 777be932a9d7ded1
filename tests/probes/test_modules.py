from __future__ import annotations

from pathlib import Path

from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.modules import Modules, Shadow
from kdoctor.probes.modules import probe
from tests.probes.tree import SITE, environ, interpreter, machine

INSTALLED = {f"{SITE}/tensorflow/__init__.py": "", f"{SITE}/numpy/__init__.py": ""}


def shadows(folder: Path, files: dict[str, str], *, cwd: str = "/work", **variables: str) -> tuple[Shadow, ...]:
    host = machine(folder, {**INSTALLED, **files}, cwd=cwd)
    section = probe(host, interpreter(), environ(**variables))
    assert isinstance(section, Modules)
    return section.shadows


def test_a_file_in_the_current_directory_hides_an_installed_framework(tmp_path: Path) -> None:
    found = shadows(tmp_path, {"/work/tensorflow.py": "", "/work/code.py": ""})
    assert [(item.module, item.path, item.found_via) for item in found] == [
        ("tensorflow", "/work/tensorflow.py", "the current directory"),
        ("code", "/work/code.py", "the current directory"),
    ]


def test_a_framework_that_is_not_installed_is_not_hidden(tmp_path: Path) -> None:
    assert shadows(tmp_path, {"/work/torch/__init__.py": ""}) == ()


def test_a_directory_test_and_a_namespace_are_harmless(tmp_path: Path) -> None:
    assert shadows(tmp_path, {"/work/test/__init__.py": "", "/work/io.py": "", "/work/tensorflow/notes.txt": ""}) == ()


def test_inside_a_package_no_script_runs(tmp_path: Path) -> None:
    assert shadows(tmp_path, {"/work/__init__.py": "", "/work/random.py": ""}) == ()


def test_a_directory_on_the_path_anyway_is_no_shadow(tmp_path: Path) -> None:
    assert shadows(tmp_path, {}, cwd=SITE) == ()


def test_a_safe_path_leaves_the_current_directory_out(tmp_path: Path) -> None:
    assert shadows(tmp_path, {"/work/tensorflow.py": ""}, PYTHONSAFEPATH="1") == ()


def test_pythonpath_hides_for_every_script(tmp_path: Path) -> None:
    found = shadows(tmp_path, {"/srv/lib/numpy/__init__.py": ""}, PYTHONPATH="/srv/lib/:/nowhere")
    assert found == (Shadow(module="numpy", path="/srv/lib/numpy/__init__.py", found_via="$PYTHONPATH"),)


def test_installed_packages_on_pythonpath_are_meant(tmp_path: Path) -> None:
    files = {"/apps/tensorflow/__init__.py": "", "/apps/tensorflow_cpu-2.20.0.dist-info/METADATA": ""}
    assert shadows(tmp_path, files, PYTHONPATH="/apps") == ()


def test_an_unknown_interpreter_is_not_judged(tmp_path: Path) -> None:
    section = probe(machine(tmp_path, {}), interpreter(version=None), environ())
    assert section == Absent(looked=("/home/user/ml/bin/python",))
