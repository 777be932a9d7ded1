"""What a planner may look at besides the facts: files of the machine, read only, and kdoctor's own place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, Union

import msgspec

from kdoctor.host import FileStat, Host, exists
from kdoctor.model.change import ByHand, Change
from kdoctor.model.facts.base import Facts
from kdoctor.model.facts.interpreter import Interpreter


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """``uv``: its path, "" if there is none; ``own_prefix``: the environment that kdoctor runs in, links followed."""

    host: Host
    uv: str = ""
    own_prefix: str = ""


Planned: TypeAlias = Union[Change, ByHand]  # noqa: UP007  an alias on Python 3.10
Planner: TypeAlias = Callable[[Facts, Around], Planned]


def interpreter_of(facts: Facts) -> Interpreter | None:
    """The examined interpreter, None where there is none."""
    found = facts.sections.get("interpreter")
    return found if isinstance(found, Interpreter) else None


def why_not_ours(interpreter: Interpreter, host: Host) -> str:
    """Why an environment is not kdoctor's to change, "" if it is: the system's Python belongs to its packages."""
    if interpreter.kind == "plain" and f"{interpreter.prefix}/".startswith("/usr/"):
        return f"{interpreter.prefix} belongs to the system; make an environment instead: `kdoctor fix --pip`"
    version = interpreter.version.short if interpreter.version else "3"
    mark = f"{interpreter.prefix}/lib/python{version}/EXTERNALLY-MANAGED"
    if interpreter.kind != "venv" and exists(host, mark):
        return f"{mark} says that another tool manages it; make an environment instead: `kdoctor fix --pip`"
    return ""


def real_place(host: Host, path: str) -> str:
    """The path with the links of its directories followed, also where its end does not exist yet."""
    folder, rest = path, ""
    while folder:
        folder, _, name = folder.rpartition("/")
        rest = f"/{name}{rest}"
        real = host.resolve(folder or "/")
        if isinstance(real, str):
            return f"{real.rstrip('/')}{rest}"
    return path


def is_inside(host: Host, path: str, prefix: str) -> bool:
    """Whether a path without links lies in an environment."""
    real = host.resolve(prefix)
    return path.startswith(f"{real if isinstance(real, str) else prefix}/")


def is_taken(host: Host, path: str) -> bool:
    """Whether there is anything of that name, be it a link that leads nowhere."""
    return isinstance(host.stat(path, follow=False), FileStat)
