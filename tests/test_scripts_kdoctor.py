"""scripts/kdoctor, in a copy whose environment is made, or cannot be made."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
RECORDER = """#!/bin/sh
pwd
printf '<%s>' "$@"
echo
env
exit 42
"""
BASE = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere"}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a script for POSIX shells")


def checkout(to: Path) -> Path:
    """A checkout, in a folder with a space, whose .venv is complete; its Python only says how it was called."""
    root = to / "a checkout"
    (root / "scripts").mkdir(parents=True)
    for name in ("kdoctor", "environment.sh", "environment.py"):
        shutil.copy(ROOT / "scripts" / name, root / "scripts" / name)
    (root / "pyproject.toml").write_text("[project]\n")
    python = root / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(RECORDER)
    python.chmod(0o755)
    ran = subprocess.run(["cksum"], input="[project]\n", capture_output=True, text=True, check=True)
    (root / ".venv/kdoctor-core").write_text(f"{ran.stdout.strip()} {root.resolve()}\n")
    return root


def start(script: Path | str, *words: str, cwd: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the script with exactly this environment."""
    return subprocess.run([str(script), *words], cwd=cwd, env=environ, capture_output=True, text=True, check=False)


def test_directory_arguments_exit_code_and_environment_are_the_users(tmp_path: Path) -> None:
    """Nothing is exported, not even where the user has exported the names that the script might use."""
    root = checkout(tmp_path)
    environ = BASE | {
        "root": "mine",
        "python": "mine",
        "VIRTUAL_ENV": "/opt/mine",
        "PYTHONPATH": "/mine",
        "CDPATH": "/",
    }
    ran = start(root / "scripts/kdoctor", "check", "a b", "", "*", cwd=tmp_path, environ=environ)
    where, arguments, *shown = ran.stdout.splitlines()
    seen = dict(item.split("=", 1) for item in shown)
    assert (ran.returncode, ran.stderr, where) == (42, "", str(tmp_path))
    assert arguments == "<-I><-m><kdoctor><check><a b><><*>"
    assert {name: seen.get(name) for name in environ} == environ
    assert set(seen) - set(environ) <= {"PWD", "OLDPWD", "SHLVL", "_"}


def without_python(root: Path) -> Path:
    """Make the set-up necessary, and return a folder for PATH that holds what a shell script needs and no Python."""
    (root / ".venv/kdoctor-core").unlink()
    script = root / "scripts/environment.sh"
    script.write_text(re.sub(r"(?m)^(kdoctor_places=).*", r"\1''", script.read_text()))
    tools = root.parent / "tools"
    tools.mkdir()
    for name in ("cksum", "readlink", "dirname", "sh"):
        (tools / name).symlink_to(str(shutil.which(name)))
    return tools


@pytest.mark.parametrize("target", ["absolute", "relative"])
def test_a_symlink_in_another_directory_works(tmp_path: Path, target: str) -> None:
    """As from ~/bin, through a second link."""
    root = checkout(tmp_path)
    (tmp_path / "my bin").mkdir()
    real = root / "scripts/kdoctor"
    first, second = tmp_path / "my bin/first", tmp_path / "second"
    first.symlink_to(real if target == "absolute" else os.path.relpath(real, first.parent))
    second.symlink_to(first if target == "absolute" else "my bin/first")
    assert start(second, cwd=tmp_path, environ=BASE).returncode == 42
    by_path = BASE | {"PATH": f"{first.parent}:{BASE['PATH']}"}
    assert start("/bin/sh", "-c", "first", cwd=tmp_path, environ=by_path).returncode == 42


def test_without_any_python_it_says_so_in_one_line(tmp_path: Path) -> None:
    """Exit status 3, nothing on stdout."""
    root = checkout(tmp_path)
    tools = without_python(root)
    environ = {"PATH": str(tools), "HOME": str(tmp_path)}
    ran = start(root / "scripts/kdoctor", "check", cwd=tmp_path, environ=environ)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (3, "", 1)
    assert "no Python 3.10 or newer found" in ran.stderr


def test_a_python_without_ensurepip_is_named_with_what_to_install(tmp_path: Path) -> None:
    """As on Debian without python3-venv."""
    root = checkout(tmp_path)
    tools = without_python(root)
    lame = f'#!{tools}/sh\ncase "$*" in *ensurepip*) exit 1 ;; *print*) echo 3.12 ;; esac\n'
    (tools / "python3").write_text(lame)
    (tools / "python3").chmod(0o755)
    ran = start(root / "scripts/kdoctor", cwd=tmp_path, environ={"PATH": str(tools), "HOME": str(tmp_path)})
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (3, "", 1)
    assert "apt install python3.12-venv" in ran.stderr
