"""Virtual environments by venv and wheels by its pip, where there is no uv.

pip has no lock that every release can write, so what it would install is read from its report and locked by hash;
what it then installs is the lock. The scripts of such an environment name its path: they are put right at the end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

from kdoctor.fix.conda import without_credentials
from kdoctor.fix.installer import INSTALL_TIMEOUT_S, LOCK, PYLOCK, RESOLVE_TIMEOUT_S, run
from kdoctor.host.scripts import relocate
from kdoctor.host.workspace import Workspace
from kdoctor.model.trouble import Trouble


class Named(msgspec.Struct, frozen=True):
    """Of a report: whose it is."""

    name: str
    version: str


class Archive(msgspec.Struct, frozen=True):
    """Of a report: algorithm to digest."""

    hashes: Mapping[str, str]


class Source(msgspec.Struct, frozen=True):
    """Of a report: where it comes from."""

    url: str
    archive_info: Archive


class Item(msgspec.Struct, frozen=True):
    """One package of a report."""

    metadata: Named
    download_info: Source


class Report(msgspec.Struct, frozen=True):
    """What `pip install --report` writes (pip's documentation, "Installation Report", version 1)."""

    install: tuple[Item, ...]


class Pip(msgspec.Struct, frozen=True, kw_only=True):
    """``python``: the interpreter to make environments with; ``environ``: what pip runs in."""

    python: str
    environ: Mapping[str, str]

    def make(self, room: Workspace) -> None:
        """`python -m venv`."""
        words = (self.python, "-m", "venv", room.prefix)
        run(words, self.environ, timeout_s=RESOLVE_TIMEOUT_S, doing="making the environment")

    def lock(self, specs: tuple[str, ...], python: str, room: Workspace) -> tuple[str, ...]:
        """`pip install --dry-run --report`."""
        path = f"{room.work}/report.json"
        words = ("install", "--dry-run", "--ignore-installed", "--quiet", "--report", path, *specs)
        self._run(python, *words, timeout_s=INSTALL_TIMEOUT_S, doing="resolving")  # pip downloads to resolve
        items = _items(room.keep("report.json", LOCK))
        room.write(LOCK, requirements(items).encode())
        room.write(PYLOCK, pylock(items).encode())
        return tuple(f"{item.metadata.name}=={item.metadata.version}" for item in items)

    def install(self, python: str, room: Workspace) -> None:
        """`pip install` of the lock; then the scripts name the place where they will be."""
        words = ("install", "--quiet", "--require-hashes", "--no-deps", "-r", f"{room.prefix}/{LOCK}")
        self._run(python, *words, timeout_s=INSTALL_TIMEOUT_S, doing="installing")
        relocate(f"{room.prefix}/bin", room.prefix, room.target)

    def _run(self, python: str, *words: str, timeout_s: float, doing: str) -> None:
        environ = {**self.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
        run((python, "-m", "pip", *words), environ, timeout_s=timeout_s, doing=doing)


def _items(report: bytes) -> tuple[Item, ...]:
    try:
        items = msgspec.json.decode(report, type=Report).install
    except msgspec.DecodeError as error:
        message = f"pip's report cannot be read: {error}"
        raise Trouble("pip-report-odd", message, hint="Install uv: `pip install 'keras-doctor[fix]'`.") from error
    bare = [item.metadata.name for item in items if "sha256" not in item.download_info.archive_info.hashes]
    if bare:
        raise Trouble("pip-no-hash", f"the index has no hash for {', '.join(bare)}; it could be anything")
    return tuple(sorted(items, key=lambda item: item.metadata.name.lower()))


def requirements(items: tuple[Item, ...]) -> str:
    """Each package with its hash, as `pip install --require-hashes` reads it."""
    rows = ((item.metadata, item.download_info.archive_info.hashes["sha256"]) for item in items)
    return "".join(f"{one.name}=={one.version} --hash=sha256:{digest}\n" for one, digest in rows)


def pylock(items: tuple[Item, ...]) -> str:
    """The same as PEP 751 has it, without the credentials of the index."""
    lines = ['lock-version = "1.0"', 'created-by = "kdoctor"']
    for item in items:
        url = without_credentials(item.download_info.url)
        digest = item.download_info.archive_info.hashes["sha256"]
        source = f"{{ url = {json.dumps(url)}, hashes = {{ sha256 = {json.dumps(digest)} }} }}"
        kind = f"wheels = [{source}]" if url.endswith(".whl") else f"sdist = {source}"
        lines += ["", "[[packages]]", f"name = {json.dumps(item.metadata.name)}"]
        lines += [f"version = {json.dumps(item.metadata.version)}", kind]
    return "\n".join(lines) + "\n"
