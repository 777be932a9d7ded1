"""Every Python environment of the machine: where they are kept, and how one is found by its name."""

from __future__ import annotations

import re

from kdoctor.host import Host, exists, is_file, names_in, text_of
from kdoctor.model.trouble import Trouble
from kdoctor.probes.conda import find_installations

VENV_HOMES = (
    ".virtualenvs",
    ".venvs",
    "venvs",
    "envs",
    ".local/share/virtualenvs",
    ".pyenv/versions",
    ".local/share/uv/python",
)
PIXI = ".pixi/envs"


def interpreter_of(host: Host, prefix: str) -> str:
    """The interpreter in a prefix, "" if there is none."""
    return next((path for name in ("python", "python3") if is_file(host, path := f"{prefix}/bin/{name}")), "")


def prefixes(host: Host) -> tuple[str, ...]:
    """Prefixes of all environments found: active, here, in the home directory, conda's, pixi's, and the system's."""
    home = host.user.home
    found: list[str] = [host.environ.get(name, "") for name in ("VIRTUAL_ENV", "CONDA_PREFIX")]
    for folder in dict.fromkeys((host.cwd, home)):
        names = names_in(host, folder) if folder else ()
        found += [f"{folder}/{name}" for name in names if exists(host, f"{folder}/{name}/pyvenv.cfg")]
    if host.cwd:
        found += [f"{host.cwd}/{PIXI}/{name}" for name in names_in(host, f"{host.cwd}/{PIXI}")]
    for folder in VENV_HOMES:
        found += [f"{home}/{folder}/{name}" for name in names_in(host, f"{home}/{folder}")]
    for installation in find_installations(host, dict(host.environ)):
        found.append(installation.root)
        found += [f"{installation.root}/envs/{name}" for name in names_in(host, f"{installation.root}/envs")]
    found += [line.strip() for line in text_of(host, f"{home}/.conda/environments.txt").splitlines()]
    for directory in host.environ.get("PATH", "").split(":"):
        if directory.endswith("/bin") and exists(host, f"{directory}/python3"):
            found.append(directory.removesuffix("/bin"))
    found.append("/usr")
    return _real_ones(host, found)


def _real_ones(host: Host, found: list[str]) -> tuple[str, ...]:
    kept: dict[str, str] = {}
    for prefix in found:
        real = host.resolve(prefix) if prefix else ""
        if isinstance(real, str) and real and real not in kept and interpreter_of(host, prefix):
            kept[real] = prefix.rstrip("/") or "/"
    return tuple(kept.values())


def find_environment(host: Host, wanted: str) -> str:
    """The interpreter of the environment of that name or prefix; raises Trouble with the names that exist."""
    if "/" in wanted or wanted in (".", ".."):
        prefix = wanted if wanted.startswith("/") else re.sub(r"^~(?=/|$)", host.user.home, wanted)
        prefix = prefix if prefix.startswith("/") else f"{host.cwd}/{prefix}"
        found = interpreter_of(host, prefix.rstrip("/"))
        if not found:
            reference = "env-not-found"
            raise Trouble(reference, f"--env {wanted}: there is no bin/python in it", hint=_HINT, code=2)
        return found
    all_prefixes = prefixes(host)
    matching = [prefix for prefix in all_prefixes if prefix.rpartition("/")[2] == wanted]
    if len(matching) == 1:
        return interpreter_of(host, matching[0])
    reference = "env-ambiguous" if matching else "env-not-found"
    known = ", ".join(sorted({prefix.rpartition("/")[2] for prefix in all_prefixes}))
    message = f"{len(matching)} environments have this name: {', '.join(matching)}" if matching else f"none of {known}"
    raise Trouble(reference, f"--env {wanted}: {message}", hint=_HINT, code=2)


_HINT = "`kdoctor envs` lists what is here; a prefix with a slash is taken as a path."
