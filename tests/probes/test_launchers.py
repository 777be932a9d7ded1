from __future__ import annotations

import json
from pathlib import Path

from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.launchers import Launchers
from kdoctor.probes.launchers import probe
from tests.probes.tree import PREFIX, SITE, environ, interpreter, machine

USER = "/home/user/.local/share/jupyter/kernels"
VENV = {f"{PREFIX}/pyvenv.cfg": "home = /usr/bin\n", f"{PREFIX}/bin/python": "", f"{SITE}/tensorflow/__init__.py": ""}


def kernel(python: str, **more: object) -> str:
    return json.dumps({"argv": [python, "-m", "ipykernel_launcher"], "display_name": "ML", **more})


def launchers(folder: Path, files: dict[str, str], path: str = "", **variables: str) -> Launchers | Absent:
    host = machine(folder, {**VENV, **files})
    host.environ = {"PATH": path}
    section = probe(host, interpreter(), environ(**variables))
    assert isinstance(section, (Launchers, Absent))
    return section


def kernels(folder: Path, files: dict[str, str], **variables: str) -> list[tuple[str, str, str, bool]]:
    section = launchers(folder, files, **variables)
    assert isinstance(section, Launchers)
    return [(item.name, item.place, item.interpreter, item.same) for item in section.kernels]


def test_a_kernel_names_its_interpreter_by_path(tmp_path: Path) -> None:
    section = launchers(tmp_path, {f"{USER}/ml/kernel.json": kernel(f"{PREFIX}/bin/python")})
    assert isinstance(section, Launchers)
    found = section.kernels[0]
    assert (found.title, found.prefix, found.frameworks, found.same) == ("ML", PREFIX, ("tensorflow",), True)


def test_an_interpreter_that_was_removed_is_gone(tmp_path: Path) -> None:
    assert kernels(tmp_path, {f"{USER}/old/kernel.json": kernel("/opt/old/bin/python3.9")}) == [
        ("old", "user", "gone", False)
    ]


def test_plain_python_is_that_of_the_environment_that_has_the_kernel(tmp_path: Path) -> None:
    own = f"{PREFIX}/share/jupyter/kernels/python3/kernel.json"
    files = {own: kernel("python"), f"{USER}/python3/kernel.json": kernel("python3")}
    assert kernels(tmp_path, files) == [("python3", "environment", "there", True)]


def test_other_languages_wrappers_and_broken_files_are_left_out(tmp_path: Path) -> None:
    files = {
        f"{USER}/ir/kernel.json": kernel("/usr/bin/R"),
        f"{USER}/wrapped/kernel.json": kernel("/usr/bin/conda"),
        f"{USER}/broken/kernel.json": "{",
        f"{USER}/empty/kernel.json": "{}",
        f"{USER}/path/kernel.json": kernel("/usr/bin/python3", env={"PYTHONPATH": "/x"}),
    }
    assert launchers(tmp_path, files) == Absent(
        looked=("~/.local/share/jupyter/kernels", "share/jupyter/kernels", "pip, jupyter on $PATH")
    )


def test_variables_name_other_directories_of_kernels(tmp_path: Path) -> None:
    files = {"/data/a/kernels/a/kernel.json": kernel("/x/python"), "/data/b/kernels/b/kernel.json": kernel("/x/python")}
    found = kernels(tmp_path, files, JUPYTER_PATH="/data/a", JUPYTER_DATA_DIR="/data/b")
    assert [name for name, *_ in found] == ["a", "b"]


def test_a_shim_without_libraries_beside_it_is_unclear(tmp_path: Path) -> None:
    files = {f"{USER}/x/kernel.json": kernel("/home/user/.pyenv/shims/python"), "/home/user/.pyenv/shims/python": "#!"}
    assert kernels(tmp_path, files) == [("x", "user", "unclear", False)]


def test_the_first_pip_on_the_path_tells_its_interpreter(tmp_path: Path) -> None:
    files = {
        "/opt/py/bin/pip": "#!/opt/py/bin/python3.11\nimport sys\n",
        "/opt/py/bin/python3.11": "",
        "/opt/py/lib/python3.11/site-packages/jax/__init__.py": "",
        "/opt/py/lib/python3.10/site-packages/torch/__init__.py": "",
        "/usr/bin/pip": "#!/usr/bin/python3\n",
    }
    section = launchers(tmp_path, files, path="/nowhere:/opt/py/bin:/usr/bin")
    assert isinstance(section, Launchers)
    found = section.get("pip")
    assert found is not None
    assert (found.python, found.prefix, found.frameworks, found.same) == (
        "/opt/py/bin/python3.11",
        "/opt/py",
        ("jax",),
        False,
    )


def test_a_python_that_is_no_isolated_environment_sees_the_users_packages(tmp_path: Path) -> None:
    files = {
        "/usr/bin/pip": "#!/usr/bin/python3.12\n",
        "/usr/bin/python3.12": "",
        "/usr/lib/python3.12/os.py": "",
        "/home/user/.local/lib/python3.12/site-packages/keras/__init__.py": "",
        "/usr/local/lib/python3.12/dist-packages/torch/__init__.py": "",
    }
    section = launchers(tmp_path, files, path="/usr/bin")
    assert isinstance(section, Launchers)
    assert [item.frameworks for item in section.items] == [("keras", "torch")]


def test_a_script_of_the_shell_is_unclear(tmp_path: Path) -> None:
    section = launchers(tmp_path, {"/shims/pip": "#!/usr/bin/env bash\nexec pyenv\n"}, path="/shims")
    assert isinstance(section, Launchers)
    assert [(item.kind, item.interpreter, item.python) for item in section.items] == [("pip", "unclear", "")]


def test_the_kernels_of_the_jupyter_on_the_path_are_looked_at_too(tmp_path: Path) -> None:
    files = {
        "/opt/hub/bin/jupyter": "#!/opt/hub/bin/python\n",
        "/opt/hub/bin/python": "",
        "/opt/hub/conda-meta/history": "",
        "/opt/hub/share/jupyter/kernels/python3/kernel.json": kernel("python"),
    }
    section = launchers(tmp_path, files, path="/opt/hub/bin")
    assert isinstance(section, Launchers)
    assert [(item.kind, item.prefix, item.place) for item in section.items] == [
        ("kernel", "/opt/hub", "environment"),
        ("jupyter", "/opt/hub", ""),
    ]
