"""Environments by pip: locked, built aside, proved, put in place; or nothing."""

from __future__ import annotations

import datetime as dt
import ensurepip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
import tomli

from kdoctor.fix.by_pip import Pip
from kdoctor.fix.by_uv import Uv
from kdoctor.fix.installer import LOCK, PYLOCK
from kdoctor.fix.pip import Made, Order, make
from kdoctor.model.recipe import Origin, PipPart, Recipe, Requires, Verify
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import PythonVersion

pytestmark = pytest.mark.slow

TREE = Path(__file__).resolve().parents[2]
HERE = PythonVersion(f"{sys.version_info[0]}.{sys.version_info[1]}")


def wheel(folder: Path, name: str, script: str = "") -> None:
    """A pure wheel of one module, with a script that says its name."""
    points = {f"{name}-1.0.dist-info/entry_points.txt": f"[console_scripts]\n{script} = {name}:say\n"} if script else {}
    files = {
        **points,
        f"{name}.py": f'NAME = "{name}"\n\n\ndef say():\n    print(NAME)\n',
        f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{name}-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{name}-1.0.dist-info/RECORD"))
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{name}-1.0.dist-info/RECORD": record}.items():
            archive.writestr(path, text)


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder of wheels instead of an index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for path in (Path(ensurepip.__file__).parent / "_bundled").glob("*.whl"):
        shutil.copy(path, folder)
    for name in ("wheel", "tiny", *(() if list(folder.glob("setuptools*")) else ("setuptools",))):
        wheel(folder, name)
    return folder


@pytest.fixture
def uv(wheels: Path) -> Uv:
    """uv, which finds those wheels alone."""
    found = shutil.which("uv", path=f"{sys.prefix}/bin:{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip("uv is not installed: the extra `fix` brings it")
    only = {"UV_OFFLINE": "1", "UV_NO_INDEX": "1", "UV_FIND_LINKS": str(wheels)}
    cache = {"UV_CACHE_DIR": str(wheels.parent / "cache")}
    return Uv(uv=found, python=sys.executable, environ={**os.environ, **only, **cache})


@pytest.fixture
def by_pip(wheels: Path) -> Pip:
    """pip, which finds those wheels alone."""
    return Pip(python=sys.executable, environ={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)})


@pytest.fixture(params=["uv", pytest.param("by_pip", marks=pytest.mark.slow)])
def tool(request: pytest.FixtureRequest) -> Uv | Pip:
    """Either of them."""
    found: Uv | Pip = request.getfixturevalue(request.param)
    return found


def order(target: Path, *specs: str, replace: bool = False) -> Order:
    recipe = Recipe(
        id="tiny",
        title="tiny",
        about="",
        backend="tensorflow",
        platforms=("linux-64",),
        python=(HERE,),
        standing="current",
        preference=1,
        requires=Requires(gpu="none"),
        pip=PipPart(specs=specs),
        environment={"TINY_HOME": "{prefix}/tiny"},
        links={"{site_packages}/linked.py": "tiny.py"},
        verify=Verify(imports=("tiny",), devices="cpu"),
        sources=(Origin(what="this test", read=dt.date(2026, 11, 21)),),
    )
    return Order(recipe=recipe, python=HERE, specs=specs, target=str(target), replace=replace)


def imports(python: str, settings: Mapping[str, str]) -> None:
    """A proof: the module and the link work in the place where the environment is built."""
    code = "import tiny, linked; assert tiny.NAME == linked.NAME"
    subprocess.run([python, "-c", code], check=True, env={**os.environ, **settings})


def made(tool: Uv | Pip, target: Path, *specs: str, replace: bool = False) -> Made:
    return make(order(target, *specs, replace=replace), tool, verify=imports, say=lambda _: None)


def left(folder: Path) -> list[str]:
    """What is in a folder beside the test's own wheels and cache."""
    return sorted(path.name for path in folder.iterdir() if path.name not in ("wheels", "cache"))


def test_a_proved_environment_works_where_it_was_put(tool: Uv | Pip, tmp_path: Path) -> None:
    target = tmp_path / "mit Leerzeichen ü"
    result = made(tool, target, "tiny==1.0")
    assert result.packages == ("tiny==1.0",)
    assert left(tmp_path) == [target.name]
    script = "import tiny, os; print(tiny.__file__, os.environ['TINY_HOME'])"
    words = ["bash", "-c", 'source "$1/bin/activate"; python -c "$2"', "bash", str(target), script]
    run = subprocess.run(words, capture_output=True, text=True, check=True)
    assert run.stdout.split(" /")[-1].strip().endswith(f"{target.name}/tiny")
    assert str(target) in run.stdout
    assert [one["name"] for one in tomli.loads((target / PYLOCK).read_text(encoding="utf-8"))["packages"]] == ["tiny"]
    assert hashlib.sha256((tmp_path / "wheels/tiny-1.0-py3-none-any.whl").read_bytes()).hexdigest() in (
        target / LOCK
    ).read_text(encoding="utf-8")


def test_a_refused_environment_leaves_nothing(tool: Uv | Pip, tmp_path: Path) -> None:
    def refuse(_: str, __: Mapping[str, str]) -> None:
        raise Trouble("verification-failed", "no", code=1)

    with pytest.raises(Trouble, match="no"):
        make(order(tmp_path / "env", "tiny"), tool, verify=refuse, say=lambda _: None)
    assert left(tmp_path) == []


def test_no_solution_is_one_line_and_leaves_nothing(tool: Uv | Pip, tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="tiny") as caught:
        made(tool, tmp_path / "env", "tiny==2.0")
    assert "\n" not in caught.value.message
    assert left(tmp_path) == []


def test_a_corrupt_wheel_leaves_nothing(tool: Uv | Pip, tmp_path: Path) -> None:
    path = tmp_path / "wheels/tiny-1.0-py3-none-any.whl"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(Trouble):
        made(tool, tmp_path / "env", "tiny==1.0")
    assert left(tmp_path) == []


def test_what_exists_is_not_touched(tool: Uv | Pip, tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env/mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(Trouble, match="exists"):
        made(tool, tmp_path / "env", "tiny==1.0")
    assert (tmp_path / "env/mine.txt").read_text(encoding="utf-8") == "mine"
    assert left(tmp_path) == ["env"]


def test_an_environment_is_exchanged_once_the_new_one_is_proved(tool: Uv | Pip, tmp_path: Path) -> None:
    made(tool, tmp_path / "env", "tiny==1.0")
    (tmp_path / "env/old.txt").write_text("old", encoding="utf-8")
    with pytest.raises(Trouble):
        made(tool, tmp_path / "env", "tiny==2.0", replace=True)
    assert (tmp_path / "env/old.txt").exists()
    made(tool, tmp_path / "env", "tiny==1.0", replace=True)
    assert not (tmp_path / "env/old.txt").exists()
    assert left(tmp_path) == ["env"]


def kdoctor(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The real command line with a home of its own."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(TREE)}
    command = [sys.executable, "-m", "kdoctor", "fix", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environ, stdin=subprocess.DEVNULL, check=False)


@pytest.mark.usefixtures("uv")
def test_a_dry_run_writes_nothing_at_all(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    ran = kdoctor(home, "--pip", "--dry-run", "--recipe", "cpu-tensorflow", "--format", "json")
    assert ran.returncode == 0, ran.stderr
    plan = json.loads(ran.stdout)
    assert (plan["plan"]["recipe"], plan["done"], plan["solved"]) == ("cpu-tensorflow", False, False)
    assert list(home.iterdir()) == []


@pytest.mark.usefixtures("uv")
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--keras", "3"), 2, "say how"),
        (("--pip", "--env", "x"), 2, "changes in place"),
        (("--pip", "--recipe", "nonesuch"), 2, "nonesuch"),
        (("--pip", "--recipe", "cpu-tensorflow"), 2, "a yes is needed"),
        (("--pip", "--name", "a/b", "--recipe", "cpu-tensorflow"), 2, "--name a/b"),
        (("--pip", "--name", "a", "--prefix", "b", "--recipe", "cpu-tensorflow"), 2, "choose one"),
        (("--pip", "--python-version", "x"), 2, "--python-version x"),
        (("--pip", "--recipes", "/nonexistent.toml"), 3, "/nonexistent.toml"),
    ],
)
def test_a_slip_is_one_line(tmp_path: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    ran = kdoctor(tmp_path, *arguments)
    assert (ran.returncode, ran.stderr.count("\n")) == (code, 1), ran.stderr
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr


def test_orders_are_values() -> None:
    assert msgspec.structs.replace(order(Path("/x"), "a"), target="/y").target == "/y"
