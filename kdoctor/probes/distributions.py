"""Which distributions does the examined interpreter have, and which of them are broken, doubled or overwritten?"""

import re
from collections.abc import Iterable

from kdoctor.host import FileStat, Host, exists, names_in, text_of
from kdoctor.knowledge.tensorflow import same_files
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.distributions import Distribution, Distributions
from kdoctor.model.facts.interpreter import Interpreter

_METADATA = re.compile(r"^(?P<name>[A-Za-z0-9._]+?)-(?P<version>[^-]+)(?:-py[\d.]+)?\.(?:dist|egg)-info$")
_CUDNN = re.compile(r"^nvidia-(cudnn|nccl|cusolver)-cu\d+$")
ORIGINS = ("tensorflow", "keras", "jax", "torch", "numpy", "protobuf", "h5py", "nvidia")


def probe(host: Host, interpreter: Interpreter) -> Distributions | Absent:
    """List the metadata directories on the interpreter's import path; their names hold name and version."""
    if not interpreter.sys_path:
        return Absent(looked=(interpreter.trouble or f"{interpreter.path} has no import path that could be read",))
    items: list[Distribution] = []
    broken: list[str] = []
    for location in interpreter.sys_path:
        for name in names_in(host, location):
            if name.startswith("~") and not name.endswith((".pyc", ".py")):
                broken.append(f"{location}/{name}: left behind by an interrupted pip")
            elif name.endswith(("-info",)):
                _take(host, location, name, items, broken)
    shared = families(items)
    return Distributions(
        items=tuple(items),
        broken=tuple(broken),
        overwritten=overwritten(host, shared.values()),
        in_place={name: there for name, members in shared.items() if (there := in_place(host, members))},
    )


def _take(host: Host, location: str, name: str, items: list[Distribution], broken: list[str]) -> None:
    path = f"{location}/{name}"
    match = _METADATA.match(name) or _METADATA.match(_in_development(host, path, name))
    if not match:
        if name.endswith(".dist-info"):
            broken.append(f"{path}: its name holds no version")
        return
    if name.endswith(".dist-info") and not exists(host, f"{path}/METADATA"):
        broken.append(f"{path}: METADATA is missing")
        return
    normal = normalised(match["name"])
    installer = text_of(host, f"{path}/INSTALLER", limit=100).strip() if normal.startswith(ORIGINS) else ""
    items.append(
        Distribution(name=normal, version=match["version"], location=location, metadata=path, installer=installer)
    )


def _in_development(host: Host, path: str, name: str) -> str:
    """The name of a project's own NAME.egg-info with the version that PKG-INFO gives; pip does not count others."""
    text = text_of(host, f"{path}/PKG-INFO", limit=1 << 16) if name.endswith(".egg-info") else ""
    version = re.search(r"^Version: ([^\s-]+)$", text, re.MULTILINE)
    return f"{name.removesuffix('.egg-info')}-{version[1]}.egg-info" if version else ""


def normalised(name: str) -> str:
    """The name as the package index compares it.

    >>> normalised("Tensor_Flow.CPU")
    'tensor-flow-cpu'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def families(items: list[Distribution]) -> dict[str, list[Distribution]]:
    """Distributions in one place that all install the same files, two or more of them; known families only."""
    found: dict[tuple[str, str], dict[str, Distribution]] = {}
    same = same_files()
    for item in items:
        match = _CUDNN.match(item.name)
        family = "tensorflow" if item.name in same else match[1] if match else ""
        if family:
            found.setdefault((item.location, family), {})[item.name] = item
    return {family: list(members.values()) for (_, family), members in found.items() if len(members) > 1}


def overwritten(host: Host, shared: Iterable[list[Distribution]]) -> tuple[str, ...]:
    """Files that two installed distributions both own, as "FILE: FIRST, SECOND"."""
    found = []
    for first, *others in shared:
        mine = recorded_files(host, first).keys()
        for other in others:
            both = sorted(mine & recorded_files(host, other).keys())
            if both:
                found.append(f"{both[0]} and {len(both) - 1} more: {first.name}, {other.name}")
    return tuple(found)


def in_place(host: Host, members: list[Distribution]) -> str:
    """The one distribution all of whose libraries have the size that its RECORD gives, "" if none or two fit."""
    fitting = []
    for item in members:
        sizes = {path: size for path, size in recorded_files(host, item).items() if ".so" in path and size}
        stats = ((host.stat(f"{item.location}/{path}"), size) for path, size in sizes.items())
        if sizes and all(isinstance(stat, FileStat) and stat.size == size for stat, size in stats):
            fitting.append(item.name)
    return fitting[0] if len(fitting) == 1 else ""


def recorded_files(host: Host, item: Distribution) -> dict[str, int]:
    """The files in a distribution's RECORD with their sizes, 0 where it gives none, without its own metadata."""
    found = {}
    for line in text_of(host, f"{item.metadata}/RECORD", limit=16 << 20).splitlines():
        path, size = line.partition(",")[0].strip('"'), line.rpartition(",")[2]
        if path.endswith((".py", ".so", ".h")) or ".so." in path:
            found[path] = int(size) if size.isdecimal() and len(size) < 20 else 0  # noqa: PLR2004  no file is larger
    return found
