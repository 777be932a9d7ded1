"""Packages that wrote over each other are exchanged in a real environment, and undoing brings back every byte."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fix.in_place.trees import age, tree
from tests.fix.in_place.user import User
from tests.fix.in_place.wheels import built_with_cuda, environment, needs_uv, tensorflow_wheels

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="POSIX"), needs_uv]


def prepared(folder: Path, *, pip: bool = False) -> tuple[User, Path]:
    """A user with an environment in which the CPU build won."""
    tensorflow_wheels(folder / "wheels")
    prefix = environment(folder, pip=pip)
    assert not built_with_cuda(prefix)
    age(prefix)
    user = User(folder)
    subprocess.run([prefix / "bin/python", "-c", ""], check=True, env=user.environ)  # compiles what every start imports
    return user, prefix


def assert_undone(user: User, prefix: Path, before: object) -> None:
    """Undo whatever is left to undo; then everything is as it was, and a second undo finds nothing."""
    said = user.kdoctor("undo", "--yes")
    assert (said.code, tree(prefix) == before) == (0, True), said
    assert user.kdoctor("undo", "--yes").out == "There is nothing to undo.\n"


def test_the_right_build_is_installed_anew_and_undone(tmp_path: Path) -> None:
    user, prefix = prepared(tmp_path)
    before = tree(prefix)
    said = user.kdoctor("fix", "--env", str(prefix), "--in-place")
    assert (said.code, built_with_cuda(prefix)) == (0, True), said
    assert "KD302 is gone." in said.out
    subprocess.run([prefix / "bin/python", "-c", "import tensorflow.part1"], check=True)
    assert_undone(user, prefix, before)


@pytest.mark.slow
def test_the_environments_own_pip_is_used_where_there_is_one(tmp_path: Path) -> None:
    user, prefix = prepared(tmp_path, pip=True)
    before = tree(prefix)
    said = user.kdoctor("fix", "--env", str(prefix), "--in-place", "--format", "json")
    words = [command[1:4] for command in said.document["change"]["commands"]]
    assert (said.code, words) == (0, [["-m", "pip", "uninstall"], ["-m", "pip", "install"]])
    assert_undone(user, prefix, before)


def test_a_command_that_fails_midway_is_undone_at_once(tmp_path: Path) -> None:
    user, prefix = prepared(tmp_path)
    before = tree(prefix)
    shutil.rmtree(tmp_path / "wheels")
    (tmp_path / "wheels").mkdir()
    shutil.rmtree(tmp_path / "cache")
    said = user.kdoctor("fix", "--env", str(prefix), "--in-place")
    assert (said.code, tree(prefix) == before) == (3, True), said
    assert said.err.splitlines()[-1].startswith("kdoctor: No solution found")
    assert "everything is as it was" in said.err
    assert user.kdoctor("undo", "--list").out == "There are no records.\n"


@pytest.mark.slow
def test_another_package_that_came_since_is_kept(tmp_path: Path) -> None:
    user, prefix = prepared(tmp_path)
    assert user.kdoctor("fix", "--env", str(prefix), "--in-place").code == 0
    packages = next(prefix.glob("lib/python*/site-packages"))
    (packages / "mine.py").write_bytes(b"")
    (packages / "tensorflow/part1.py").write_bytes(b"mine")
    said = user.kdoctor("undo", "--yes")
    assert (said.code, "part1.py changed after kdoctor changed it" in said.err) == (3, True), said
    assert "`kdoctor undo 1 --force` overrules that" in said.err
    assert user.kdoctor("undo", "--yes", "--force").code == 0
    assert ((packages / "mine.py").exists(), (packages / "tensorflow/part1.py").read_bytes()) == (True, b"PART = 1\n")


def killed(user: User, prefix: Path, delay_s: float) -> None:
    """Start a fix and kill it after a delay from the moment when its record appears."""
    process = user.start("fix", "--env", str(prefix), "--in-place")
    while process.poll() is None and not any(user.store.glob("[0-9]*")):
        time.sleep(0.001)
    time.sleep(delay_s)
    process.kill()
    process.wait()


def stopped(user: User, prefix: Path, number: signal.Signals) -> int:
    """Start a fix and send it a signal once the wrong package is gone; gives its exit code."""
    process = user.start("fix", "--env", str(prefix), "--in-place")
    while process.poll() is None and list(prefix.glob("lib/python*/site-packages/tensorflow_cpu*")):
        time.sleep(0.001)
    process.send_signal(number)
    return process.wait()


def test_after_a_kill_undo_restores(tmp_path: Path) -> None:
    user, prefix = prepared(tmp_path)
    before = tree(prefix)
    stopped(user, prefix, signal.SIGKILL)
    assert_undone(user, prefix, before)


@pytest.mark.slow
def test_after_a_kill_the_next_fix_restores_first(tmp_path: Path) -> None:
    user, prefix = prepared(tmp_path)
    before = tree(prefix)
    stopped(user, prefix, signal.SIGKILL)
    said = user.kdoctor("fix", "--env", str(prefix))
    assert (said.code, tree(prefix) == before) == (2, True), said


@pytest.mark.torture
def test_after_a_kill_at_any_moment_undo_restores(tmp_path: Path) -> None:
    user, prefix = prepared(tmp_path)
    before = tree(prefix)
    moments = random.Random(7)  # noqa: S311  the same moments in every run
    for _ in range(20):
        killed(user, prefix, moments.uniform(0.0, 0.3))
        undone = user.start("undo", "--yes")
        time.sleep(moments.uniform(0.1, 0.3))
        undone.kill()
        undone.wait()
        assert_undone(user, prefix, before)


def test_ctrl_c_puts_back_before_it_leaves(tmp_path: Path) -> None:
    user, prefix = prepared(tmp_path)
    before = tree(prefix)
    assert (stopped(user, prefix, signal.SIGINT), tree(prefix) == before) == (130, True)
    assert user.kdoctor("undo", "--list").out == "There are no records.\n"


@pytest.mark.slow
def test_a_dry_run_leaves_a_cut_off_change_and_says_so(tmp_path: Path) -> None:
    user, prefix = prepared(tmp_path)
    stopped(user, prefix, signal.SIGKILL)
    time.sleep(0.5)  # uv may still be at work
    before = tree(tmp_path / "data")
    said = user.kdoctor("fix", "--env", str(prefix), "--dry-run")
    assert "a change was cut off; `kdoctor undo` puts back: Remove tensorflow-cpu" in said.err
    assert tree(tmp_path / "data") == before


@pytest.mark.slow
def test_a_package_that_came_after_a_kill_is_told(tmp_path: Path) -> None:
    user, prefix = prepared(tmp_path)
    stopped(user, prefix, signal.SIGKILL)
    time.sleep(0.5)  # uv may still be at work
    packages = next(prefix.glob("lib/python*/site-packages"))
    (packages / "mine-1.0.dist-info").mkdir()
    said = user.kdoctor("undo", "--yes")
    assert (said.code, "mine-1.0.dist-info changed after kdoctor changed it" in said.err) == (3, True), said


@pytest.mark.slow
def test_two_at_once_are_locked_out(tmp_path: Path) -> None:
    user, prefix = prepared(tmp_path)
    user.store.mkdir(parents=True)
    code = "import sys\nfrom kdoctor.host.store import locked\n"
    code += f"with locked({str(user.store)!r}, wait_s=0):\n    print(1, flush=True)\n    sys.stdin.read()\n"
    pipe = subprocess.PIPE
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, env={**os.environ, **user.environ})
    assert holder.stdout is not None
    holder.stdout.readline()
    said = user.kdoctor("fix", "--env", str(prefix), "--in-place")
    holder.communicate()
    assert (said.code, "an environment is being changed by process" in said.err) == (3, True), said
    assert not built_with_cuda(prefix)
