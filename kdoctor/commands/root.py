"""An unpacked image or a recorded machine: which interpreter in it is examined?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kdoctor.commands.examine import interpreter_in
from kdoctor.host import exists, names_in
from kdoctor.host.sysroot import SysrootHost
from kdoctor.model.facts.examined import Examined
from kdoctor.model.trouble import Trouble

IN_ROOT = (
    "/opt/venv/bin/python", "/venv/bin/python", "/app/.venv/bin/python", "/opt/conda/bin/python",
    "/usr/local/bin/python3", "/usr/local/bin/python", "/usr/bin/python3",
)  # fmt: skip


def open_root(folder: str, python: str) -> tuple[SysrootHost, Examined]:
    """The root, and the interpreter in it. Raises Trouble where the folder is no root or holds no such interpreter."""
    root = SysrootHost(folder)
    return root, choose_in_root(root, python)


def choose_in_root(host: SysrootHost, python: str) -> Examined:
    """The interpreter inside an image or a recorded machine."""
    recorded = host.machine.interpreter
    if python:
        if not exists(host, python):
            reference = "python-not-found"
            raise Trouble(reference, f"--python {python}: not in this root", code=2)
        return Examined(interpreter=python, chosen_by=f"--python {python}", deep=host.deep)
    if recorded:
        return Examined(interpreter=recorded, chosen_by="the recorded machine", deep=host.deep)
    for prefix in (host.environ.get("VIRTUAL_ENV", ""), host.environ.get("CONDA_PREFIX", "")):
        if prefix and interpreter_in(host, prefix):
            return Examined(interpreter=interpreter_in(host, prefix), chosen_by="the recorded environment")
    found = next(_candidates(host), "")
    return Examined(interpreter=found, chosen_by="the first interpreter in the root" if found else "no interpreter")


def _candidates(host: SysrootHost) -> Iterator[str]:
    """Interpreters at the usual places of an image, those of environments first; absolute links stay inside."""
    for path in IN_ROOT:
        if isinstance(host.resolve(path), str):
            yield path
    for directory in ("/usr/local/bin", "/usr/bin"):
        for name in names_in(host, directory):
            if re.match(r"python3(\.\d+)?$", name):
                yield f"{directory}/{name}"
