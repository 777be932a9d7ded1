"""An installed client fills the target itself: complete and proved, or gone, whatever the client says of itself."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
import tomli

from tests.fix.asking import names, needs_rattler
from tests.fix.channel import StandIn
from tests.fix.test_conda_command import User, assert_refused
from tests.fix.trainable import trainable
from tests.processes import is_alive

pytestmark = [pytest.mark.slow, needs_rattler, pytest.mark.skipif(sys.platform == "win32", reason="POSIX")]
CLIENT = """#!{python}
import json, os, subprocess, sys, tarfile, time
target = sys.argv[sys.argv.index("--prefix") + 1]
rows = [row for row in open(sys.argv[sys.argv.index("--file") + 1]).read().split() if "://" in row]
open({log!r}, "w").write(json.dumps([sys.argv[1:], os.environ["CONDA_OVERRIDE_CUDA"]]))
os.makedirs(target + "/conda-meta")
{before}
for row in rows:
    path = row.partition("#")[0].replace("file://", "")
    with tarfile.open(path) as package:
        package.extractall(target, **({{"filter": "fully_trusted"}} if sys.version_info >= (3, 12) else {{}}))
    name = os.path.basename(path).replace(".tar.bz2", ".json")
    json.dump({{}}, open(target + "/conda-meta/" + name, "w"))
{after}
"""

PIXI = """#!{python}
import json, os, sys, tarfile
manifest = sys.argv[sys.argv.index("--manifest-path") + 1]
target = os.path.dirname(manifest) + "/.pixi/envs/default"
os.makedirs(target + "/conda-meta")
for name in os.listdir("{channel}/linux-64"):
    if name.endswith(".tar.bz2") and not name.startswith("tensorflow-2.19.0-cuda"):
        with tarfile.open("{channel}/linux-64/" + name) as package:
            package.extractall(target, **({{"filter": "fully_trusted"}} if sys.version_info >= (3, 12) else {{}}))
        json.dump({{}}, open(target + "/conda-meta/" + name.replace(".tar.bz2", ".json"), "w"))
"""


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    """The channel that these tests only read."""
    return trainable(tmp_path_factory.mktemp("channel"))


@pytest.fixture
def user(channel: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    return User(tmp_path, channel.url)


def install(user: User, *, name: str = "mamba", before: str = "", after: str = "") -> Path:
    """Put a client on PATH that unpacks what it is told to; gives the file in which it notes how it was called."""
    folder = user.home.parent / "bin"
    folder.mkdir(exist_ok=True)
    log = folder / f"{name}.log"
    text = CLIENT.format(python=sys.executable, log=str(log), before=before, after=after)
    (folder / name).write_text(text, encoding="utf-8")
    (folder / name).chmod(0o755)
    return log


def test_the_client_gets_the_very_packages_of_the_plan(user: User) -> None:
    log = install(user)
    ran = user.conda("--client", "mamba", "--yes", name="small-gpu")
    assert (ran.code, f"mamba activate {user.envs}/small-gpu" in " ".join(ran.out.split())) == (0, True), ran.err
    arguments, cuda = eval(log.read_text(encoding="utf-8"))  # noqa: S307  JSON of our own script
    assert (arguments[0], cuda) == ("create", "12.6")
    assert arguments[arguments.index("--prefix") + 1] == f"{user.envs}/small-gpu"
    assert names(user.envs) == ["small-gpu"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("rows = rows[1:]", "", ("mamba did not install", "exit status 0")),
        ('print(\'{"message": "the lake is dry"}\'); sys.exit(1)', "", ("did not install", "the lake is dry")),
        ("os.kill(os.getpid(), 9)", "", ("mamba: crashed",)),
    ],
)
def test_what_the_client_did_not_do_is_said_and_the_target_is_gone(
    user: User, before: str, after: str, words: tuple[str, ...]
) -> None:
    install(user, before=before, after=after)
    assert_refused(user.conda("--client", "mamba", "--yes"), 3, *words)
    assert names(user.envs) == []


def test_what_is_not_proved_is_gone(user: User) -> None:
    spoil = "import glob; open(glob.glob(target + '/lib/*/site-packages/keras/__init__.py')[0], 'a').write('1 / 0')"
    install(user, after=spoil)
    assert_refused(user.conda("--client", "mamba", "--yes"), 1, "was not accepted")
    assert names(user.envs) == []


def test_a_kill_in_the_middle_is_cleaned_up_by_the_next_start(user: User) -> None:
    log = install(user, before="open(sys.argv[0] + '.pid', 'w').write(str(os.getpid())); time.sleep(30)")
    with user.start(
        "--conda", "--recipes", str(user.recipes), "--recipe", "small", "--client", "mamba", "--yes"
    ) as run:
        deadline = time.monotonic() + 30
        while not (user.envs / "small/conda-meta").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        run.send_signal(signal.SIGKILL)
    assert (user.envs / "small").exists()
    assert not is_alive(int(log.with_name("mamba.pid").read_text(encoding="utf-8")))
    assert user.conda("--yes", "--name", "other").code == 0
    assert names(user.envs) == ["other"]


def test_pixi_gets_a_workspace_with_every_package_pinned(user: User) -> None:
    folder = user.home.parent / "bin"
    folder.mkdir()
    channel = user.recipes.parent / "channel"
    text = PIXI.format(python=sys.executable, channel=channel)
    (folder / "pixi").write_text(text, encoding="utf-8")
    (folder / "pixi").chmod(0o755)
    own = user.recipes / "small.toml"
    own.write_text(own.read_text(encoding="utf-8").replace("it's here", "here"), encoding="utf-8")
    ran = user.conda("--client", "pixi", "--yes", "--channel", trainable(channel).url)
    assert ran.code == 0, ran.err
    assert f"pixi shell --manifest-path {user.envs}/small/pixi.toml" in " ".join(ran.out.split())
    manifest = tomli.loads((user.envs / "small/pixi.toml").read_text(encoding="utf-8"))
    assert manifest["dependencies"]["keras"] == {"version": "==3.8.0", "build": "0"}
    assert user.fix("--remove", "small", "--yes").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--client", "apt"), 2, "--client apt"),
        (("--client", "micromamba"), 3, "micromamba is neither on PATH"),
        (("--client", "mamba", "--replace"), 2, "cannot exchange"),
    ],
)
def test_a_client_that_cannot_is_refused(user: User, arguments: tuple[str, ...], code: int, words: str) -> None:
    install(user)
    assert_refused(user.conda("--yes", *arguments), code, words)
