"""Which Python do the notebook kernels, and the pip and jupyter that the shell finds first, belong to?

Only files are read: kernel.json in Jupyter's data directories, and the first lines of the scripts. A kernel whose
command is plain `python` is that of the Jupyter which starts it, so only an environment's own is taken.
"""

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from kdoctor.host import FileStat, Host, exists, names_in, on_path, text_of
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.launchers import Launcher, Launchers

MODULES = ("keras", "tensorflow", "jax", "torch")
SYSTEM = ("/usr/local/share/jupyter", "/usr/share/jupyter")
MOST_KERNELS = 100
HEAD_BYTES = 1024
Place = Literal["user", "environment", "system"]
State = Literal["there", "gone", "unclear"]
_PYTHON = re.compile(r"/python(\d+(\.\d+)?)?$")
_FIRST_LINE = re.compile(r"^#!\s*(/\S+)")
_LONG_PATH = re.compile(r"^'''exec' (?:\"(/[^\"]+)\"|(/\S+)) ", re.MULTILINE)


class KernelFile(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a kernel.json that tell its interpreter."""

    argv: tuple[str, ...] = ()
    display_name: str = ""
    env: dict[str, str] = {}


def probe(host: Host, interpreter: Interpreter, environ: Environ) -> Launchers | Absent | Unknown:
    """Read the kernels of the user, of the environment and of the system; then the scripts on PATH."""
    if host.platform.os == "windows":
        return Unknown(reason="kernels and scripts are not read on Windows")
    jupyter = _script(host, interpreter, "jupyter", ("jupyter-lab", "jupyter"))
    pip = _script(host, interpreter, "pip", ("pip", "pip3"))
    scripts = tuple(item for item in (pip, jupyter) if item is not None)
    prefixes = [interpreter.prefix, *([jupyter.prefix] if jupyter else [])]
    kernels = list(_kernels(host, interpreter, directories(host, environ.variables, prefixes)))[:MOST_KERNELS]
    if not (kernels or scripts):
        return Absent(looked=("~/.local/share/jupyter/kernels", "share/jupyter/kernels", "pip, jupyter on $PATH"))
    return Launchers(items=(*kernels, *scripts))


def directories(host: Host, variables: dict[str, str], prefixes: list[str]) -> dict[str, Place]:
    """Jupyter's data directories: the user's, those of the environments, the system's."""
    own = "Library/Jupyter" if host.platform.os == "darwin" else ".local/share/jupyter"
    listed = variables.get("JUPYTER_PATH", "").split(":")
    user = [*listed, variables.get("JUPYTER_DATA_DIR") or (f"{host.user.home}/{own}" if host.user.home else "")]
    found: dict[str, Place] = {path.rstrip("/"): "user" for path in user if path.startswith("/")}
    for prefix in prefixes:
        found.setdefault(f"{prefix.rstrip('/')}/share/jupyter", "system" if prefix == "/usr" else "environment")
    for path in SYSTEM:
        found.setdefault(path, "system")
    return found


def _kernels(host: Host, examined: Interpreter, folders: dict[str, Place]) -> Iterator[Launcher]:
    for folder, place in folders.items():
        for name in names_in(host, f"{folder}/kernels"):
            path = f"{folder}/kernels/{name}/kernel.json"
            try:
                kernel = msgspec.json.decode(text_of(host, path, limit=1 << 16) or "{}", type=KernelFile)
            except msgspec.MsgspecError:
                continue
            python = kernel.argv[0] if kernel.argv else ""
            if place == "environment" and "/" not in python and _PYTHON.search(f"/{python}"):
                python = f"{folder.removesuffix('/share/jupyter')}/bin/{python}"
            if _PYTHON.search(python) and "PYTHONPATH" not in kernel.env:
                yield describe(
                    host,
                    examined,
                    Launcher(
                        kind="kernel",
                        name=name,
                        path=path,
                        python=python,
                        interpreter="unclear",
                        title=kernel.display_name,
                        place=place,
                    ),
                )


def _script(
    host: Host, examined: Interpreter, kind: Literal["pip", "jupyter"], names: tuple[str, ...]
) -> Launcher | None:
    path = next((path for name in names if (path := on_path(host, name))), "")
    if not path:
        return None
    head = host.read_bytes(path, limit=HEAD_BYTES)
    python = interpreter_in(head.decode("utf-8", "replace")) if isinstance(head, bytes) else ""
    found = Launcher(kind=kind, name=path.rpartition("/")[2], path=path, python=python, interpreter="unclear")
    return describe(host, examined, found) if _PYTHON.search(python) else found


def interpreter_in(text: str) -> str:
    r"""The interpreter that a script's first lines name, "" where they name none by its path.

    >>> interpreter_in("#!/opt/ml/bin/python3.12\nimport sys"), interpreter_in("#!/usr/bin/env python3\n")
    ('/opt/ml/bin/python3.12', '')
    >>> interpreter_in("#!/bin/sh\n'''exec' \"/opt/my env/bin/python\" \"$0\" \"$@\"\n")
    '/opt/my env/bin/python'
    """
    long = _LONG_PATH.search(text)
    if long:
        return long[1] or long[2]
    first = _FIRST_LINE.match(text)
    return first[1] if first and _PYTHON.search(first[1]) else ""


def describe(host: Host, examined: Interpreter, found: Launcher) -> Launcher:
    """The launcher with what its interpreter's prefix holds."""
    real = host.resolve(found.python)
    if not isinstance(real, str):
        return msgspec.structs.replace(found, interpreter="gone" if real.reason == "absent" else "unclear")
    prefix = prefix_of(host, found.python) or prefix_of(host, real)
    state: State = "there" if prefix else "unclear"
    return msgspec.structs.replace(
        found,
        interpreter=state,
        prefix=prefix,
        frameworks=frameworks_in(host, prefix, real) if prefix else (),
        same=is_same(host, examined, prefix),
    )


def prefix_of(host: Host, python: str) -> str:
    """The prefix of an interpreter, "" where no libraries of a Python are beside it, as with a shim."""
    prefix = python.rpartition("/bin/")[0]
    marks = (f"{prefix}/pyvenv.cfg", f"{prefix}/conda-meta")
    return prefix if prefix and (any(exists(host, mark) for mark in marks) or _libraries(host, prefix)) else ""


def _libraries(host: Host, prefix: str, version: str = "") -> tuple[str, ...]:
    found = (*host.glob(f"{prefix}/lib/python3*"), *host.glob(f"{prefix}/lib64/python3*"))
    return tuple(path for path in found if not version or path.rpartition("/")[2] in ("python3", f"python{version}"))


def is_same(host: Host, examined: Interpreter, prefix: str) -> bool:
    """Whether a prefix is that of the examined interpreter."""
    found = host.stat(prefix) if prefix else None
    own = host.stat(examined.prefix)
    if not (isinstance(found, FileStat) and isinstance(own, FileStat)):
        return False
    return prefix == examined.prefix or (found.identity != "" and found.identity == own.identity)


def frameworks_in(host: Host, prefix: str, real: str) -> tuple[str, ...]:
    """Keras and the backends that an interpreter of that prefix could import."""
    settings = text_of(host, f"{prefix}/pyvenv.cfg", limit=1 << 14)
    version = match[1] if (match := re.search(r"python(3\.\d+)$", real)) else ""
    roots = [prefix]
    if not settings or re.search(r"(?im)^include-system-site-packages\s*=\s*true", settings):
        base = real.rpartition("/bin/")[0]
        roots += [base, *(("/usr/local",) if base == "/usr" else ()), f"{host.user.home}/.local"]
    folders = [
        f"{folder}/{kind}"
        for root in dict.fromkeys(roots)
        for folder in _libraries(host, root, version)
        for kind in ("site-packages", "dist-packages")
    ]
    return tuple(name for name in MODULES if any(exists(host, f"{folder}/{name}") for folder in folders))
