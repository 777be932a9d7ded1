"""Do files of the user's have the name of a module, so that Python imports them instead?"""

from __future__ import annotations

from kdoctor.host import Host, exists, is_file
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.modules import Modules, Shadow

FRAMEWORKS = ("tensorflow", "keras", "tf_keras", "jax", "jaxlib", "torch", "numpy", "h5py", "ml_dtypes")
STANDARD = (
    "abc", "ast", "bisect", "code", "codecs", "collections", "copy", "csv", "dataclasses", "email", "enum", "functools",
    "glob", "gzip", "html", "http", "inspect", "io", "json", "keyword", "logging", "numbers", "operator", "parser",
    "pathlib", "pickle", "platform", "queue", "random", "re", "secrets", "select", "signal", "site", "socket", "ssl",
    "statistics", "string", "struct", "symbol", "tempfile", "test", "threading", "token", "tokenize", "traceback",
    "types", "typing", "uuid", "warnings", "weakref",
)  # fmt: skip


def probe(host: Host, interpreter: Interpreter, environ: Environ) -> Modules | Absent:
    """Look in the current directory (where scripts run) and in PYTHONPATH, which both come first."""
    if interpreter.version is None:
        return Absent(looked=(interpreter.path,))
    listed = [entry for entry in environ.variables.get("PYTHONPATH", "").split(":") if entry]
    places = [(entry, "$PYTHONPATH") for entry in listed]
    if host.cwd and host.cwd not in interpreter.sys_path:
        places.insert(0, (host.cwd, "the current directory"))
    found = []
    for directory, via in places:
        for module in (*FRAMEWORKS, *STANDARD):
            path = _importable(host, directory.rstrip("/"), module)
            if path and not _is_installed(host, directory, module):
                found.append(Shadow(module=module, path=path, found_via=via))
    return Modules(shadows=tuple(found))


def _importable(host: Host, directory: str, module: str) -> str:
    for path in (f"{directory}/{module}/__init__.py", f"{directory}/{module}.py"):
        if is_file(host, path):
            return path
    return ""


def _is_installed(host: Host, directory: str, module: str) -> bool:
    """A directory of installed packages (pip --target) shadows on purpose."""
    return bool(host.glob(f"{directory}/{module}-*.dist-info")) or exists(host, f"{directory}/{module}.egg-info")
