"""Which interpreter or environment shall be examined? The user's word, else the active one, else Python on PATH."""

from __future__ import annotations

import sys
from pathlib import Path

from kdoctor.commands.environments import find_environment
from kdoctor.host import Host, NotRun, exists, is_directory, is_file, on_path
from kdoctor.model.facts.examined import Examined
from kdoctor.model.trouble import Trouble

NAMES = ("python3", "python")


def choose(host: Host, *, python: str, env: str, deep: bool, timeout_s: float = 10.0) -> Examined:
    """The examined interpreter of a live machine, and why; raises Trouble for a name that leads nowhere."""
    if python:
        return Examined(interpreter=_named(host, python, timeout_s), chosen_by=f"--python {python}", deep=deep)
    if env:
        return Examined(interpreter=find_environment(host, env), chosen_by=f"--env {env}", deep=deep)
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        prefix = host.environ.get(variable, "")
        found = interpreter_in(host, prefix) if prefix else ""
        if found:
            return Examined(interpreter=found, chosen_by=f"${variable}", deep=deep)
    for directory in host.environ.get("PATH", "").split(":"):
        for name in NAMES:
            path = f"{directory}/{name}"
            if directory and is_file(host, path):
                return Examined(
                    interpreter=behind_script(host, path, timeout_s), chosen_by=f"{name} on $PATH", deep=deep
                )
    return Examined(interpreter=sys.executable, chosen_by="kdoctor's own, as there is no other", deep=deep)


def interpreter_in(host: Host, prefix: str) -> str:
    """The interpreter of an environment's directory, "" if it has none."""
    paths = (f"{prefix}/bin/python", f"{prefix}/bin/python3", f"{prefix}/python.exe", f"{prefix}/Scripts/python.exe")
    return next((path for path in paths if is_file(host, path)), "")


def _named(host: Host, python: str, timeout_s: float) -> str:
    path = str(Path(python).expanduser()) if "/" in python or "\\" in python else ""
    if not path:
        path = on_path(host, python)
    elif not path.startswith("/") and host.platform.os != "windows":
        path = f"{host.cwd}/{path}"
    if path and is_directory(host, path):
        path = interpreter_in(host, path.rstrip("/")) or path
    if not path or not exists(host, path) or is_directory(host, path):
        reference = "python-not-found"
        seen = "is not on $PATH" if "/" not in python else "does not exist or is no interpreter"
        raise Trouble(reference, f"--python {python}: {seen}", hint="`kdoctor envs` lists what is here.", code=2)
    return behind_script(host, path, timeout_s)


def behind_script(host: Host, path: str, timeout_s: float) -> str:
    """The interpreter that a script such as a pyenv shim starts; the path itself for a program."""
    head = host.read_bytes(path, limit=2)
    if head != b"#!":
        return path
    ran = host.run((path, "-c", "import sys; print(sys.executable)"), timeout_s)
    lines = [] if isinstance(ran, NotRun) else ran.out.split()
    return lines[-1] if lines and is_file(host, lines[-1]) else path
