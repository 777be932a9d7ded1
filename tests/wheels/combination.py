"""One machine as TensorFlow would find it: a state of the fake driver, libraries, LD_LIBRARY_PATH.

In: `combinations.toml`, whose `gpus` and `missing` were measured with genuine wheels. Out: `prepare` makes the
environment of a child, whole, so that nothing of the machine that runs the tests gets in; `ask_tensorflow` asks anew.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec
import pytest

from tests.fakegpu import Driver, Kit, real_driver
from tests.fakegpu.kit import compiler

if TYPE_CHECKING:
    from collections.abc import Mapping

Venv: TypeAlias = Literal["and-cuda-2.20", "and-cuda-2.21", "plain", "cpu", "plain-2.15"]
Made: TypeAlias = Literal[
    "no-symbols", "other-architecture", "thirty-two-bit", "header-only", "cut-in-half", "not-elf", "empty"
]

HERE = Path(__file__).parent
ELF_CLASS = 4
ELF_CLASS_32 = 1
ELF_MACHINE = 18
ELF_MACHINE_AARCH64 = 183
ELF_HEADER_BYTES = 64


class Combination(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row.

    `library_path` goes before the driver's folder in LD_LIBRARY_PATH; in it and in `links`, `{site}` is the
    interpreter's site-packages and `{made}` the folder of the files named by `made` and `links`. `gpus` is how many
    TensorFlow listed, absent where its process died with `returncode`; `missing` the libraries it said it could not
    open, in order.
    """

    name: str
    venv: Venv
    driver: Driver = "both"
    state: dict[str, str | int] = {}
    environ: dict[str, str] = {}
    library_path: tuple[str, ...] = ()
    made: dict[str, Made] = {}
    links: dict[str, str] = {}
    gpus: int | None = None
    returncode: int = 0
    missing: tuple[str, ...] = ()
    note: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What `oracle.py` printed."""

    gpus: tuple[str, ...] | None
    returncode: int | None
    opened: tuple[str, ...]
    missing: dict[str, str]
    log: tuple[str, ...]
    tensorflow: str | None = None


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file."""

    combination: tuple[Combination, ...]


def read_combinations() -> tuple[Combination, ...]:
    """Read every row."""
    return msgspec.toml.decode((HERE / "combinations.toml").read_bytes(), type=Table).combination


def prepare(row: Combination, kit: Kit, venv_python: Path, tmp_path: Path) -> dict[str, str]:
    """Lay out what a row asks for; give the whole environment of a child.

    Skips where the row offers less than both libraries and the machine has a real driver, which would be found instead.
    """
    if row.driver != "both" and real_driver():
        pytest.skip(f"a real driver is on this machine: {real_driver()}")
    made = tmp_path / "made"
    made.mkdir(exist_ok=True)
    places = {"site": str(site_packages(venv_python)), "made": str(made)}
    for soname, kind in row.made.items():
        (made / soname).write_bytes(library_bytes(kind, soname, tmp_path))
    for name, target in row.links.items():
        (made / name).symlink_to(target.format_map(places))
    environ = kit.state(row.state, driver=row.driver)
    folders = [folder.format_map(places) for folder in row.library_path]
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(tmp_path),
        "LC_ALL": "C",
        **environ,
        "LD_LIBRARY_PATH": os.pathsep.join([*folders, environ["LD_LIBRARY_PATH"]]),
        **row.environ,
    }


def ask_tensorflow(venv_python: Path, environ: Mapping[str, str], timeout_s: float = 120) -> Answer:
    """Let the interpreter that has TensorFlow say what it finds."""
    done = subprocess.run(
        (str(venv_python), str(HERE / "oracle.py"), str(timeout_s)),
        env=dict(environ),
        capture_output=True,
        text=True,
        timeout=timeout_s + 30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return msgspec.convert(json.loads(done.stdout), Answer)


def site_packages(venv_python: Path) -> Path:
    """Find the site-packages of a virtual environment by its layout; its `bin/python` is a link out of it."""
    (found,) = (venv_python.parent.parent / "lib").glob("python3.*/site-packages")
    return found


def library_bytes(kind: Made, soname: str, tmp_path: Path) -> bytes:
    """Make the file of a library that is wrong in one way."""
    if kind == "empty":
        return b""
    if kind == "not-elf":
        return b"/* GNU ld script: for the linker, not for the loader */\nGROUP ( /usr/lib/nowhere.so )\n"
    good = bytearray(compile_empty(soname, tmp_path))
    if kind == "header-only":
        return bytes(good[:ELF_HEADER_BYTES])
    if kind == "cut-in-half":
        return bytes(good[: len(good) // 2])
    if kind == "other-architecture":
        good[ELF_MACHINE : ELF_MACHINE + 2] = ELF_MACHINE_AARCH64.to_bytes(2, "little")
    elif kind == "thirty-two-bit":
        good[ELF_CLASS] = ELF_CLASS_32
    return bytes(good)


def compile_empty(soname: str, tmp_path: Path) -> bytes:
    """Compile a library that has a soname and not one symbol."""
    target = tmp_path / f"empty-{soname}"
    command = (compiler(), "-shared", "-nostdlib", f"-Wl,-soname,{soname}", "-x", "c", os.devnull, "-o", str(target))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return target.read_bytes()
