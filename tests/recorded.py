"""The recorded and composed machines under tests/machines, and what kdoctor says about each."""

from __future__ import annotations

import functools
from pathlib import Path

from kdoctor.commands.check import Checked, Request, check
from kdoctor.host.machine import Machine, read_machine

FOLDER = Path(__file__).parent / "machines"
NAMES = tuple(sorted(path.name for path in FOLDER.iterdir() if path.is_dir()))


@functools.cache
def machine_of(name: str) -> Machine:
    """The document of a machine."""
    machine = read_machine(FOLDER / name)
    assert machine is not None, f"{name} has no machine.toml"
    return machine


@functools.cache
def checked(name: str) -> Checked:
    """The report on a machine, made once."""
    return check_again(name)


def check_again(name: str) -> Checked:
    """The report on a machine, made now."""
    return check(Request(sysroot=str(FOLDER / name)))
