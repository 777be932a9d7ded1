"""What is the examined interpreter: version, environment, and where it imports from?

Files first (pyvenv.cfg, lib/pythonX.Y, conda-meta), so that an unpacked image is told too; then, on a live machine,
the interpreter itself, whose own ``sys.path`` wins.
"""

import re
from typing import Literal

import msgspec

from kdoctor.host import Host, Unanswered, exists, is_directory, names_in, text_of
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.examined import Examined
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.version import PythonVersion

TIMEOUT_S = 10.0
Kind = Literal["venv", "conda", "pixi", "plain"]
_HOME_KEY = re.compile(r"^[ \t]*([a-zA-Z_-]+)[ \t]*=(.*)$", re.MULTILINE)  # blanks are stripped: linear in any text
_LIB = re.compile(r"^python(\d+\.\d+)t?$")
_BITS = {"x86_64": 64, "aarch64": 64, "x86": 32}


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What ``inside/interpreter.py`` prints."""

    version: str
    implementation: str
    executable: str
    prefix: str
    base_prefix: str
    bits: int
    sys_path: tuple[str, ...]
    user_site: str


def probe(host: Host, examined: Examined, environ: Environ) -> Interpreter | Absent:
    """Read the environment's files, then ask the interpreter where it can be run."""
    if not examined.interpreter:
        return Absent(looked=(examined.chosen_by,))
    static = from_files(host, examined.interpreter, environ.variables)
    asked = host.ask("interpreter", runner="examined", timeout_s=TIMEOUT_S)
    if isinstance(asked, Unanswered):
        trouble = "" if host.origin != "live" else asked.reason
        return msgspec.structs.replace(static, trouble=trouble)
    try:
        answer = msgspec.json.decode(asked.json, type=Answered)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return msgspec.structs.replace(static, trouble=f"its answer could not be read: {error}")
    return _joined(host, static, answer)


def _joined(host: Host, static: Interpreter, answer: Answered) -> Interpreter:
    real = host.resolve(answer.executable) if answer.executable else static.realpath
    return msgspec.structs.replace(
        static,
        path=static.path if is_program(host, static.realpath) else answer.executable or static.path,
        realpath=real if isinstance(real, str) else static.realpath,
        version=PythonVersion.parse(answer.version) or static.version,
        kind=kind_of(host, answer.prefix),
        prefix=answer.prefix,
        base_prefix=answer.base_prefix,
        implementation=answer.implementation,
        bits=answer.bits,
        sys_path=tuple(entry for entry in answer.sys_path if entry),
        user_site=answer.user_site,
        read_by="interpreter",
    )


def is_program(host: Host, path: str) -> bool:
    """Whether the file is a program and not a script that starts one, as a pyenv shim is."""
    head = host.read_bytes(path, limit=2)
    return isinstance(head, bytes) and head != b"#!"


def from_files(host: Host, path: str, variables: dict[str, str]) -> Interpreter:
    """Everything that files tell about an interpreter; nothing runs."""
    real = host.resolve(path)
    realpath = real if isinstance(real, str) else path
    prefix = prefix_of(host, path) or prefix_of(host, realpath) or path.rpartition("/bin/")[0]
    found = _HOME_KEY.findall(text_of(host, f"{prefix}/pyvenv.cfg"))
    settings = {name: value.strip() for name, value in found}
    base = _base_of(host, settings.get("home", "")) if settings else prefix
    version = _version(host, prefix, settings, realpath)
    elf = host.elf(realpath)
    return Interpreter(
        path=path,
        realpath=realpath,
        version=version,
        kind=kind_of(host, prefix),
        prefix=prefix,
        base_prefix=base,
        bits=_BITS.get(getattr(elf, "machine", ""), 0),
        sys_path=_sys_path(host, (prefix, base), version, settings, variables),
    )


def prefix_of(host: Host, interpreter: str) -> str:
    """The prefix of an interpreter by its landmarks, "" where there are none."""
    prefix = re.sub(r"/(bin|Scripts)/[^/]+$", "", interpreter)
    if prefix == interpreter:
        return ""
    marks = (f"{prefix}/pyvenv.cfg", f"{prefix}/conda-meta")
    if any(exists(host, mark) for mark in marks) or python_directories(host, prefix):
        return prefix or "/"
    return ""


def python_directories(host: Host, prefix: str) -> tuple[str, ...]:
    """Versions X.Y for which ``prefix/lib/pythonX.Y`` exists."""
    return tuple(match[1] for name in names_in(host, f"{prefix}/lib") if (match := _LIB.match(name)))


def _base_of(host: Host, home: str) -> str:
    real = host.resolve(home) if home else ""
    return re.sub(r"/bin$", "", real if isinstance(real, str) else home)


def kind_of(host: Host, prefix: str) -> Kind:
    """venv, conda, pixi or plain."""
    if exists(host, f"{prefix}/pyvenv.cfg"):
        return "venv"
    if exists(host, f"{prefix}/conda-meta/pixi") or exists(host, f"{prefix}/conda-meta/pixi_env_prefix"):
        return "pixi"
    return "conda" if is_directory(host, f"{prefix}/conda-meta") else "plain"


def _version(host: Host, prefix: str, settings: dict[str, str], realpath: str) -> PythonVersion | None:
    for text in (settings.get("version", ""), settings.get("version_info", "")):
        match = re.match(r"\d+\.\d+(\.\d+)?", text)
        if match:
            return PythonVersion.parse(match[0])
    for name in names_in(host, f"{prefix}/conda-meta"):
        match = re.match(r"python-(\d+\.\d+\.\d+)-.*\.json$", name)
        if match:
            return PythonVersion.parse(match[1])
    match = re.search(r"python(\d+\.\d+)$", realpath)
    if match:
        return PythonVersion.parse(match[1])
    directories = python_directories(host, prefix)
    return PythonVersion.parse(directories[0]) if len(directories) == 1 else None


def _sys_path(
    host: Host,
    prefixes: tuple[str, str],
    version: PythonVersion | None,
    settings: dict[str, str],
    variables: dict[str, str],
) -> tuple[str, ...]:
    """The import path as ``site`` would make it, without .pth files."""
    if version is None:
        return ()
    prefix, base = prefixes
    name = f"python{version.short}"
    listed = [entry for entry in variables.get("PYTHONPATH", "").split(":") if entry]
    path = [*listed, f"{base}/lib/{name}", f"{base}/lib/{name}/lib-dynload"]
    shared = settings.get("include-system-site-packages", "true").lower() == "true"
    path.append(f"{prefix}/lib/{name}/site-packages")
    if shared:
        path += [f"{base}/lib/{name}/site-packages", f"{base}/local/lib/{name}/dist-packages"]
        path += (
            ["/usr/local/lib/" + name + "/dist-packages", "/usr/lib/python3/dist-packages"] if base == "/usr" else []
        )
    return tuple(entry for entry in dict.fromkeys(path) if entry in listed or is_directory(host, entry))
