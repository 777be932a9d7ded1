"""`kdoctor fix --conda` as people type it, on a channel whose Keras really trains."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kdoctor.fix.install import LOCK_FILE
from tests.fix.asking import names, needs_rattler
from tests.fix.channel import StandIn, serving
from tests.fix.test_pip import wheel
from tests.fix.trainable import PYTHON, SITE, module, recipe, trainable

pytestmark = [pytest.mark.slow, needs_rattler, pytest.mark.skipif(sys.platform == "win32", reason="POSIX")]
TREE = Path(__file__).resolve().parents[2]


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    """The channel that these tests only read."""
    return trainable(tmp_path_factory.mktemp("channel"))


class User:
    """Somebody with an empty home and a recipe of their own."""

    def __init__(self, folder: Path, channel: str) -> None:
        """Recipes for the CPU and for a GPU."""
        self.home = folder / "home"
        self.home.mkdir()
        self.recipes = folder / "recipes"
        self.recipes.mkdir()
        self.variables: dict[str, str] = {}
        recipe(self.recipes, channel)
        recipe(self.recipes, channel, name="small-gpu", gpu=True)

    @property
    def envs(self) -> Path:
        """Where environments go that have a name."""
        return self.home / ".local/share/kdoctor/envs"

    def start(self, *arguments: str, **more: Any) -> subprocess.Popen[str]:  # noqa: ANN401
        """The real command line, begun."""
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONPATH": str(TREE), "LC_ALL": "C.UTF-8"}
        environ.update(self.variables)
        command = [sys.executable, "-m", "kdoctor", "fix", *arguments]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, text=True, env=environ, cwd=self.home.parent, **{**pipes, **more})

    def fix(self, *arguments: str) -> Ran:
        """The real command line, to its end."""
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=120)
        return Ran(process.returncode, out, err)

    def conda(self, *arguments: str, name: str = "small") -> Ran:
        """`fix --conda` of one of the user's recipes."""
        return self.fix("--conda", "--recipes", str(self.recipes), "--recipe", name, *arguments)


@pytest.fixture
def user(channel: StandIn, tmp_path: Path) -> User:
    return User(tmp_path, channel.url)


def assert_refused(ran: Ran, code: int, *words: str) -> None:
    """One line on stderr says it."""
    last = ran.err.splitlines()[-1] if ran.err else ""
    assert (ran.code, [word for word in words if word not in last]) == (code, []), ran
    assert "Traceback" not in ran.err
    assert "a bug of kdoctor's own" not in ran.err


def test_an_environment_is_made_proved_and_says_how_to_use_it(user: User) -> None:
    ran = user.conda("--yes")
    assert ran.code == 0, ran.err
    prefix = user.envs / "small"
    assert "linear regression on CPU:0: W 0.50" in ran.out
    assert f"use it    source {prefix}/kdoctor-activate.sh\n" in ran.out
    assert max(len(line) for line in ran.out.splitlines() if str(user.home) not in line) <= 80
    script = 'source "$1"; python -c "import keras; print(keras.__file__)"; echo "$KDOCTOR_TEST|$CONDA_PREFIX"'
    words = ["bash", "-c", script, "bash", f"{prefix}/kdoctor-activate.sh"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said == [f"{prefix}/lib/python{PYTHON}/site-packages/keras/__init__.py", f"{prefix}/it's here|{prefix}"]
    state = json.loads((prefix / "conda-meta/state").read_text(encoding="utf-8"))
    assert state == {"env_vars": {"KERAS_BACKEND": "tensorflow", "KDOCTOR_TEST": f"{prefix}/it's here"}}
    assert (prefix / LOCK_FILE).read_text(encoding="utf-8").count("#sha256:") == 4


def test_json_is_one_document(user: User) -> None:
    ran = user.conda("--yes", "--format", "json", "--no-redact")
    found = ran.document
    assert (ran.code, found["done"], found["solved"], found["gpu"]) == (0, True, True, "not-wanted")
    assert found["plan"]["packages"] == found["packages"]
    assert [proof["ok"] for proof in found["proofs"]] == [True, True, True]
    assert found["activate"] == f"source {user.envs}/small/kdoctor-activate.sh"


def test_a_gpu_recipe_takes_no_cpu_build_and_says_that_no_gpu_is_here(user: User) -> None:
    found = user.conda("--yes", "--format", "json", name="small-gpu").document
    assert "tensorflow 2.19.0 cuda126py_200" in found["packages"]
    assert (found["gpu"], found["plan"]["machine"]["__cuda"]) == ("not-here", "12.6")


def test_where_only_cpu_builds_are_there_is_no_solution(user: User, tmp_path: Path) -> None:
    poor = StandIn(tmp_path / "poor")
    poor.python(f"{PYTHON}.9")
    poor.add("tensorflow", "2.19.0", "cpu_py_0")
    poor.add("keras", "3.8.0", depends=["tensorflow"])
    recipe(user.recipes, poor.write().url, name="poor", gpu=True, specs='"tensorflow=2.19.0", "keras"')
    ran = user.conda("--yes", "--format", "json", name="poor")
    assert ran.code == 1
    assert "Only CPU builds would do: tensorflow 2.19.0 cpu_py_0" in ran.document["plan"]["problem"]
    assert names(user.envs) == []


def test_a_newer_driver_is_named_where_it_would_do(user: User, channel: StandIn) -> None:
    text = recipe(user.recipes, channel.url, name="small-gpu", gpu=True).read_text(encoding="utf-8")
    (user.recipes / "small-gpu.toml").write_text(text.replace('cuda = "12.6"', 'cuda = "12.2"'), encoding="utf-8")
    ran = user.conda("--dry-run", "--format", "json", name="small-gpu")
    assert ran.code == 1
    assert any("__cuda 12.6 instead of 12.2" in one for one in ran.document["plan"]["relaxations"])


def test_a_dry_run_writes_nothing_at_all(user: User) -> None:
    ran = user.conda("--dry-run")
    assert (ran.code, "installs  4 packages" in ran.out) == (0, True), ran.err
    assert names(user.home) == []


def test_nothing_is_done_without_a_yes(user: User) -> None:
    assert_refused(user.conda(), 2, "a yes is needed", "--yes", "--dry-run")
    assert names(user.envs) == []


def test_a_typed_yes_is_enough_and_anything_else_is_not(user: User) -> None:
    for word, code in (("no\n", 2), ("y\n", 0)):
        leader, follower = os.openpty()
        with user.start("--conda", "--recipes", str(user.recipes), "--recipe", "small", stdin=follower) as process:
            os.write(leader, word.encode())
            out, err = process.communicate(timeout=60)
        os.close(leader)
        os.close(follower)
        assert (process.returncode, (user.envs / "small").exists()) == (code, code == 0), out + err


def test_paths_with_spaces_and_other_letters_work(user: User, tmp_path: Path) -> None:
    prefix = tmp_path / "mein Übungs env"
    ran = user.conda("--yes", "--prefix", str(prefix))
    assert (ran.code, f"source '{prefix}/kdoctor-activate.sh'" in " ".join(ran.out.split())) == (0, True), ran
    said = subprocess.run([prefix / "bin/hello"], capture_output=True, text=True, check=True).stdout
    assert said.strip() == str(prefix)


def test_an_environment_that_exists_is_not_touched_but_exchanged_on_demand(user: User) -> None:
    assert user.conda("--yes").code == 0
    (user.envs / "small/mine.txt").write_text("mine", encoding="utf-8")
    assert_refused(user.conda("--yes"), 3, "exists", "--replace")
    assert (user.envs / "small/mine.txt").exists()
    assert user.conda("--yes", "--replace").code == 0
    assert not (user.envs / "small/mine.txt").exists()


def test_what_was_made_is_listed_and_removed_and_nothing_else(user: User, tmp_path: Path) -> None:
    assert user.conda("--yes").code == 0
    other = tmp_path / "other"
    (other / "conda-meta").mkdir(parents=True)
    listed = user.fix("--list", "--format", "json").document["environments"]
    assert [(one["name"], one["recipe"], one["method"]) for one in listed] == [("small", "small", "conda")]
    assert_refused(user.fix("--remove", str(other), "--yes"), 2, "kdoctor made no environment")
    assert_refused(user.fix("--remove", "small"), 2, "a yes is needed")
    assert user.fix("--remove", "small", "--yes").code == 0
    assert (names(user.envs), names(other)) == ([], ["conda-meta"])
    assert user.fix("--list").out == "kdoctor has made no environment for this user.\n"


def test_a_channel_out_of_reach_gives_the_plan_and_3(user: User) -> None:
    ran = user.conda("--yes", "--channel", "http://127.0.0.1:9/gone", "--format", "json")
    assert (ran.code, ran.document["solved"]) == (3, False)
    assert "http://127.0.0.1:9/gone was not reached" in ran.document["plan"]["problem"]
    assert names(user.envs) == []


@pytest.mark.parametrize(("mode", "said"), [("401", "401"), ("503", "503")])
def test_a_channel_that_refuses_gives_the_plan_and_3(user: User, channel: StandIn, mode: str, said: str) -> None:
    with serving(channel.root) as server:
        server.modes.update({"repodata.json": mode, "repodata.json.zst": mode})
        ran = user.conda("--yes", "--channel", server.url.replace("//", "//me:secret@"), "--format", "json")
    assert (ran.code, said in ran.document["plan"]["problem"], "secret" in ran.out + ran.err) == (3, True, False), ran


def test_a_package_that_is_another_is_one_line_and_leaves_nothing(user: User, channel: StandIn) -> None:
    with serving(channel.root) as server:
        server.modes["keras-3.8.0-0.tar.bz2"] = "other"
        ran = user.conda("--yes", "--channel", server.url)
    assert_refused(ran, 3, "keras-3.8.0-0.tar.bz2", "is not what the channel promised")
    assert names(user.envs) == []


def test_a_keras_that_learns_the_wrong_line_is_not_accepted(user: User, tmp_path: Path) -> None:
    broken = trainable(tmp_path / "broken")
    files = module("keras", "3.8.0")
    source = f"{SITE}/keras/__init__.py"
    files[source] = files[source].replace("self.rate = optimizer", "self.rate = optimizer * 0.9")
    broken.add("keras", "3.8.0", depends=["tensorflow"], files=files)
    ran = user.conda("--yes", "--channel", broken.write().url)
    assert_refused(ran, 1, "linear regression on CPU:0", "Nothing was left behind")
    assert names(user.envs) == []


def test_offline_uses_what_is_in_the_caches(user: User, channel: StandIn) -> None:
    with serving(channel.root) as server:
        assert user.conda("--yes", "--channel", server.url).code == 0
        seen = len(server.seen)
        assert user.conda("--yes", "--channel", server.url, "--name", "again", "--offline").code == 0
        assert len(server.seen) == seen
    ran = user.conda("--yes", "--channel", "http://127.0.0.1:9/other", "--offline", "--name", "third")
    assert (ran.code, "stay offline" in " ".join(ran.out.split())) == (3, True)


def test_packages_newer_than_a_day_are_not_taken(user: User) -> None:
    ran = user.conda("--dry-run", "--exclude-newer", "2024-12-01", "--format", "json")
    assert ran.code == 1
    assert any("packages newer than 2024-12-02" in one for one in ran.document["plan"]["relaxations"])
    assert user.conda("--dry-run", "--exclude-newer", "2025-01-01").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--conda", "--pip"), "choose one"),
        (("--conda", "--exclude-newer", "soon"), "--exclude-newer soon"),
        (("--conda", "--recipe", "tf220-cuda12"), "is made by pip"),
        (("--pip", "--recipe", "tf219-cuda12-conda"), "is made by conda"),
        (("--conda", "--for", "facts.json"), "add --dry-run"),
        (("--remove", "nonesuch", "--yes"), "made no environment nonesuch"),
    ],
)
def test_a_slip_is_one_line(user: User, arguments: tuple[str, ...], words: str) -> None:
    ran = user.fix(*arguments)
    assert_refused(ran, 2, words)
    assert ran.err.count("\n") == 1


@pytest.mark.skipif(not shutil.which("uv"), reason="needs uv")
def test_wheels_on_top_of_conda_packages_are_locked_and_start_where_they_end_up(user: User, tmp_path: Path) -> None:
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel(folder, "tiny", script="tiny-said")
    user.variables = {"UV_OFFLINE": "1", "UV_NO_INDEX": "1", "UV_FIND_LINKS": str(folder)}
    recipe(user.recipes, f"file://{tmp_path}/channel", name="mixed", wheels='"tiny==1.0"')
    trainable(tmp_path / "channel")
    ran = user.conda("--yes", name="mixed")
    assert ran.code == 0, ran.err
    said = subprocess.run([user.envs / "mixed/bin/tiny-said"], capture_output=True, text=True, check=False)
    assert (said.stdout, said.stderr) == ("tiny\n", "")
    assert "tiny==1.0" in (user.envs / "mixed/kdoctor-requirements.lock").read_text(encoding="utf-8")


def kill_at_random(user: User, count: int) -> list[str]:
    """Kill the whole of kdoctor at random moments, verifying and committing included; what was there after each."""
    started = time.monotonic()
    assert user.conda("--yes").code == 0
    took = time.monotonic() - started
    whole = sorted(str(path) for path in (user.envs / "small").rglob("*") if "__pycache__" not in path.parts)
    found = []
    drawn = random.Random(count)  # noqa: S311  moments, not secrets
    for _ in range(count):
        subprocess.run(["rm", "-rf", user.envs / "small"], check=True)
        with user.start("--conda", "--recipes", str(user.recipes), "--recipe", "small", "--yes") as process:
            time.sleep(took * drawn.uniform(0.3, 1.0))
            process.send_signal(signal.SIGKILL)
        there = sorted(str(path) for path in (user.envs / "small").rglob("*") if "__pycache__" not in path.parts)
        found.append("absent" if not (user.envs / "small").exists() else "whole" if there == whole else "BROKEN")
    return found


def test_ten_kills_leave_it_absent_or_whole_and_any_start_cleans_up(user: User) -> None:
    assert set(kill_at_random(user, 10)) <= {"absent", "whole"}
    assert user.conda("--yes", "--name", "another").code == 0
    assert [name for name in names(user.envs) if name.startswith(".")] == []


@pytest.mark.torture
def test_three_hundred_kills_leave_it_absent_or_whole(user: User) -> None:
    found = kill_at_random(user, 300)
    print({state: found.count(state) for state in set(found)})  # noqa: T201  shown with -s
    assert set(found) == {"absent", "whole"}
    assert user.conda("--yes", "--name", "another").code == 0
    assert [name for name in names(user.envs) if name.startswith(".")] == []


def test_condas_configuration_is_honoured_and_named(user: User, channel: StandIn) -> None:
    recipe(user.recipes, "conda-forge", name="forge")
    with serving(channel.root, secret="Basic bWU6c2VjcmV0") as server:  # noqa: S106  me:secret
        alias = server.url.replace("//", "//me:secret@")
        text = f"custom_channels:\n  conda-forge: {alias}\nenvs_dirs:\n  - {user.home}/my envs\n"
        (user.home / ".condarc").write_text(text, encoding="utf-8")
        server.modes["/conda-forge"] = ""
        (channel.root / "conda-forge").symlink_to(".")
        ran = user.conda("--yes", name="forge")
        (channel.root / "conda-forge").unlink()
    assert ran.code == 0, ran.err
    assert f"conda-forge ({server.url}/conda-forge, by {user.home}/.condarc)" in " ".join(ran.out.split())
    assert names(user.home / "my envs") == ["forge"]
    everything = [path.read_bytes() for path in (user.home / "my envs").rglob("*") if path.is_file()]
    assert b"secret" not in ran.out.encode() + ran.err.encode() + b"".join(everything)


def test_a_broken_configuration_is_one_line_with_the_file(user: User) -> None:
    (user.home / ".condarc").write_text("channels: [\n", encoding="utf-8")
    assert_refused(user.conda("--dry-run"), 3, f"{user.home}/.condarc, line ")
