"""Do files of the user's have the name of a module, so that Python imports them instead?"""

from kdoctor.host import Host, exists, is_file, names_in
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.modules import Modules, Shadow

FRAMEWORKS = ("tensorflow", "keras", "tf_keras", "jax", "jaxlib", "torch", "numpy", "h5py", "ml_dtypes")
STANDARD = (
    "ast", "bisect", "code", "collections", "copy", "csv", "dataclasses", "email", "enum", "functools", "glob", "gzip",
    "html", "http", "inspect", "json", "keyword", "logging", "numbers", "operator", "pathlib", "pickle", "platform",
    "queue", "random", "re", "secrets", "select", "signal", "socket", "ssl", "statistics", "string", "struct",
    "tempfile", "threading", "token", "tokenize", "traceback", "types", "typing", "uuid", "warnings", "weakref",
)  # fmt: skip
"""Modules that frameworks import; not io, site and the like, which Python has loaded before it searches anywhere."""


def probe(host: Host, interpreter: Interpreter, environ: Environ) -> Modules | Absent:
    """Look in the current directory (where scripts run) and in PYTHONPATH, which both come first."""
    if interpreter.version is None:
        return Absent(looked=(interpreter.path,))
    listed = [entry.rstrip("/") for entry in environ.variables.get("PYTHONPATH", "").split(":") if entry]
    places = [(entry, "$PYTHONPATH") for entry in listed]
    safe = bool(environ.variables.get("PYTHONSAFEPATH"))
    if host.cwd and not safe and host.cwd not in interpreter.sys_path and not is_file(host, f"{host.cwd}/__init__.py"):
        places.insert(0, (host.cwd, "the current directory"))
    behind = [entry for entry in interpreter.sys_path if entry not in listed]
    hidden = [module for module in FRAMEWORKS if any(exists(host, f"{entry}/{module}") for entry in behind)]
    found = []
    for directory, via in places:
        if holds_packages(host, directory):
            continue
        for module in (*hidden, *STANDARD):
            path = _importable(host, directory, module)
            if path:
                found.append(Shadow(module=module, path=path, found_via=via))
    return Modules(shadows=tuple(found))


def holds_packages(host: Host, directory: str) -> bool:
    """Whether packages are installed there (pip --target, an HPC module, a ROS workspace): it shadows on purpose."""
    return any(name.endswith((".dist-info", ".egg-info")) for name in names_in(host, directory))


def _importable(host: Host, directory: str, module: str) -> str:
    for path in (f"{directory}/{module}/__init__.py", f"{directory}/{module}.py"):
        if is_file(host, path):
            return path
    return ""
