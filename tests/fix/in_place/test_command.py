"""`kdoctor fix` without a method, and `kdoctor undo`, as a user sees them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fix.in_place.trees import age, tree
from tests.fix.in_place.user import User

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="POSIX")]


@pytest.fixture
def user(tmp_path: Path) -> User:
    """Somebody with Keras 3 whose keras.json asks for Theano."""
    prefix = tmp_path / "env"
    words = [sys.executable, "-m", "venv", "--without-pip", str(prefix)]
    subprocess.run(words, check=True, capture_output=True)
    packages = next(prefix.glob("lib/python*/site-packages"))
    for name in ("keras-3.12.0", "tensorflow-2.20.0"):
        (packages / f"{name}.dist-info").mkdir()
        (packages / f"{name}.dist-info/METADATA").touch()
    (packages / "tensorflow").mkdir()
    (packages / "tensorflow/__init__.py").touch()
    found = User(tmp_path)
    config = Path(found.environ["HOME"], ".keras/keras.json")
    config.parent.mkdir()
    config.write_bytes(b'{\n    "floatx": "float32",\n    "backend": "theano"\n}')
    age(config.parent)
    return found


def config(user: User) -> Path:
    return user.folder / "home/.keras/keras.json"


def fix(*words: str) -> tuple[str, ...]:
    return ("fix", "--env", "./env", *words)


def test_the_file_is_corrected_recorded_and_put_back(user: User) -> None:
    before = tree(config(user).parent)
    said = user.kdoctor(*fix("--in-place"))
    assert (said.code, config(user).read_bytes()[-24:]) == (0, b'"backend": "tensorflow"\n}'[-24:]), said
    assert '-    "backend": "theano"' in said.out
    assert '+    "backend": "tensorflow"' in said.out
    assert "KD403 is gone." in said.out
    listed = user.kdoctor("undo", "--list").out
    assert ("done      KD403  Set the backend to tensorflow" in listed, len(listed.splitlines())) == (True, 1)
    undone = user.kdoctor("undo", "--yes")
    assert (undone.code, tree(config(user).parent) == before) == (0, True), undone
    assert user.kdoctor("undo", "1", "--yes").out == "Record 1 is undone already.\n"


def test_the_document_says_all_of_it(user: User) -> None:
    said = user.kdoctor(*fix("--in-place", "--format", "json"))
    found = said.document
    assert list(found) == [
        *("schema", "finding", "change", "why", "commands"),
        *("done", "gone", "undo", "after"),
    ]
    assert (found["finding"]["id"], found["done"], found["gone"], found["undo"]) == ("KD403", True, True, "1")
    assert found["after"] != "KD403"
    assert found["change"]["edits"] == [{"kind": "write", "path": str(config(user)), "target": ""}]
    assert found["change"]["diff"].startswith(f"--- {config(user)}\n+++ {config(user)}\n@@ ")
    plan = user.kdoctor("undo", "--dry-run", "--format", "json").document
    assert (plan["paths"], plan["done"], plan["record"]["stage"]) == ([str(config(user))], False, "done")
    done = user.kdoctor("undo", "--yes", "--format", "json").document
    assert (done["paths"], done["done"], done["record"]["stage"]) == ([str(config(user))], True, "undone")


def test_without_a_terminal_a_yes_is_needed(user: User) -> None:
    before = tree(config(user).parent)
    said = user.kdoctor(*fix())
    assert (said.code, tree(config(user).parent) == before, user.store.exists()) == (2, True, False)
    assert said.err == "kdoctor: nothing was done: a yes is needed. Add --in-place, or --dry-run.\n"


def test_a_dry_run_writes_nothing_at_all(user: User) -> None:
    before = tree(user.folder)
    said = user.kdoctor(*fix("--dry-run"))
    assert (said.code, "Set the backend to tensorflow" in said.out) == (0, True)
    assert tree(user.folder) == before


def typed(user: User, answer: bytes, *words: str) -> int:
    """The exit code of a command whose question is answered on a terminal."""
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-m", "kdoctor", *words]
    process = subprocess.Popen(
        argv, stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=user.environ, cwd=user.folder
    )
    os.close(theirs)
    os.write(ours, answer)
    _, err = process.communicate(timeout=60)
    os.close(ours)
    assert b"[y/N]" in err, err
    return process.returncode


def test_a_typed_yes_is_asked_for_both_ways(user: User) -> None:
    before = tree(config(user).parent)
    assert typed(user, b"no\n", *fix()) == 2
    assert tree(config(user).parent) == before
    assert typed(user, b"yes\n", *fix()) == 0
    assert typed(user, b"\n", "undo") == 2
    assert typed(user, b"y\n", "undo") == 0
    assert tree(config(user).parent) == before


def test_a_linked_file_is_edited_at_its_real_place(user: User) -> None:
    real = user.folder / "home/dotfiles.json"
    config(user).rename(real)
    config(user).symlink_to("../dotfiles.json")
    before = tree(user.folder / "home")
    said = user.kdoctor(*fix("--in-place"))
    assert (said.code, config(user).is_symlink(), b"tensorflow" in real.read_bytes()) == (0, True, True), said
    assert user.kdoctor("undo", "--yes").code == 0
    assert tree(user.folder / "home") == before


def test_what_changed_since_is_named_and_kept_unless_forced(user: User) -> None:
    assert user.kdoctor(*fix("--in-place")).code == 0
    config(user).write_bytes(b"{}")
    said = user.kdoctor("undo", "--yes")
    assert (said.code, said.out, config(user).read_bytes()) == (3, "", b"{}")
    assert f"{config(user)} changed after kdoctor changed it; nothing was undone." in said.err
    assert user.kdoctor("undo", "--yes", "--force").code == 0
    assert b"theano" in config(user).read_bytes()


def test_a_variable_is_left_to_the_user(user: User) -> None:
    before = tree(config(user).parent)
    asked = User(user.folder, {"KERAS_BACKEND": "cntk"})
    said = asked.kdoctor(*fix("--in-place"))
    assert (said.code, tree(config(user).parent) == before, user.store.exists()) == (1, True, False)
    assert "$KERAS_BACKEND is set in your shell" in " ".join(said.out.split())
    assert "export KERAS_BACKEND=tensorflow" in said.out
    found = asked.kdoctor(*fix("--format", "json")).document
    assert (found["change"], found["commands"]) == (None, {"": ["export KERAS_BACKEND=tensorflow"]})


@pytest.mark.parametrize("words", [("7", "--yes"), ("--list", "1"), ("--format", "yaml")])
def test_slips_are_refused_with_2(user: User, words: tuple[str, ...]) -> None:
    assert user.kdoctor("undo", *words).code == 2


def test_nothing_to_undo_writes_nothing(user: User) -> None:
    said = user.kdoctor("undo")
    assert (said.code, said.out, user.store.exists()) == (0, "There is nothing to undo.\n", False)
    assert user.kdoctor("undo", "--format", "json").document["record"] is None
