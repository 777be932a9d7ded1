"""Virtual environments with genuine framework wheels, made from the package index when a test asks for one.

In: the name of an environment, and a folder that keeps them: `KDOCTOR_WHEELS_VENVS`, or one in the user's cache. Out:
its prefix. One that is there is taken as it is; a new one gets its name last, so that what has the name is whole.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import platformdirs
import pytest

INSTALLED: Mapping[str, tuple[str, ...]] = {  # one after the other: the later overwrites files of the earlier
    "and-cuda-2.20": ("tensorflow[and-cuda]==2.20.0",),
    "and-cuda-2.21": ("tensorflow[and-cuda]==2.21.0",),
    "plain": ("tensorflow==2.21.0",),
    "cpu": ("tensorflow-cpu==2.21.0",),
    "plain-2.15": ("tensorflow==2.15.1", "keras==3.10.0"),
    "keras2-2.15": ("tensorflow==2.15.0",),
    "jax": ("jax==0.10.2", "keras==3.15.1"),
    "torch": ("torch==2.10.0", "keras==3.15.1"),
    "both": ("tensorflow==2.21.0", "tensorflow-cpu==2.21.0"),
}
PYTHON = (3, 11)  # the newest for which every one of them has wheels
MAKE_S = 120
INSTALL_S = 3600


def folder() -> Path:
    """Name the folder that keeps the environments."""
    chosen = os.environ.get("KDOCTOR_WHEELS_VENVS", "")
    return Path(chosen) if chosen else platformdirs.user_cache_path("kdoctor") / "test-wheels"


def venv(name: str) -> Path:
    """Give the prefix of an environment, made now where it is not there."""
    prefix = folder() / name
    if not (prefix / "bin/python").exists():
        folder().mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f"{name}.unfinished-", dir=folder()))
        try:
            make, install = installer()
            run((*make, str(unfinished)), MAKE_S)
            for requirement in INSTALLED[name]:
                run((*install(unfinished / "bin/python"), requirement), INSTALL_S)
            if not prefix.exists():  # another run of the tests may have been quicker
                unfinished.rename(prefix)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return prefix


@functools.cache
def installer() -> tuple[tuple[str, ...], Callable[[Path], tuple[str, ...]]]:
    """Choose uv, which is quicker and brings a Python, or pip; give how to make one and how to install into it."""
    found = shutil.which("uv")
    uv = (found,) if found else (sys.executable, "-m", "uv") if importlib.util.find_spec("uv") else ()
    version = ".".join(map(str, PYTHON))
    if uv:
        return (*uv, "venv", "--quiet", "--python", version), lambda python: (
            *(*uv, "pip", "install", "--quiet", "--python", str(python)),
        )
    base = sys.executable if sys.version_info[:2] == PYTHON else shutil.which(f"python{version}")
    if base is None:
        pytest.fail(f"the wheels need Python {version}: neither uv nor python{version} is here")
    return (base, "-m", "venv"), lambda python: (str(python), "-m", "pip", "install", "--quiet")


def run(command: tuple[str, ...], timeout_s: float) -> None:
    """Run a command; fail with what it said."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if done.returncode:
        pytest.fail(f"{' '.join(command)}: {done.stderr or done.stdout}")
