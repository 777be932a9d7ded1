"""Files of a small machine, written under a directory and opened as one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from kdoctor.host.sysroot import SysrootHost
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.version import PythonVersion

PREFIX = "/home/user/ml"
SITE = f"{PREFIX}/lib/python3.12/site-packages"


def machine(folder: Path, files: Mapping[str, str], *, cwd: str = "") -> SysrootHost:
    """A recorded machine that has these files, by absolute path, and nothing else."""
    document = {"platform": {"os": "linux", "machine": "x86_64"}, "user": {"home": "/home/user"}, "cwd": cwd}
    (folder / "root").mkdir(parents=True, exist_ok=True)
    (folder / "machine.json").write_text(json.dumps(document), encoding="utf-8")
    for path, text in files.items():
        target = folder / "root" / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return SysrootHost(str(folder))


def interpreter(kind: str = "venv", prefix: str = PREFIX, **more: object) -> Interpreter:
    """An interpreter of Python 3.12 whose packages are in its own prefix."""
    fields: dict[str, object] = {
        "path": f"{prefix}/bin/python",
        "realpath": "/usr/bin/python3.12",
        "version": PythonVersion("3.12.3"),
        "kind": kind,
        "prefix": prefix,
        "sys_path": ("/usr/lib/python3.12", f"{prefix}/lib/python3.12/site-packages"),
    }
    return Interpreter(**{**fields, **more})  # type: ignore[arg-type]  # the fields above, each of its type


def environ(**variables: str) -> Environ:
    """These variables and no other."""
    return Environ(variables=variables)
