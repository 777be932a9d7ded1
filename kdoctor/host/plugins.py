"""Which distributions beside kdoctor offer probes or rules, and what is behind an entry point?

Only kdoctor's own environment counts: the site-packages of the interpreter that runs it. What $PYTHONPATH or the
current directory put before them belongs to the user's programs and is never imported from here. Most environments have
no plug-in, so they are looked for without ``importlib.metadata``, which takes longer to import than all files to read.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import msgspec

GROUPS = ("kdoctor.probes", "kdoctor.rules")
FOLDERS = ("site-packages", "dist-packages")
METADATA = (".dist-info", ".egg-info")
READ_BYTES = 1 << 20
_FIELD = re.compile(r"^(Name|Version):\s*(\S+)", re.MULTILINE)
Value = TypeVar("Value")


class EntryPoint(msgspec.Struct, frozen=True, kw_only=True):
    """``value`` is ``package.module:attribute``; ``trouble`` is why the distribution could not be read, else ""."""

    distribution: str
    version: str
    group: str
    name: str
    value: str
    trouble: str = ""


class Done(msgspec.Struct, Generic[Value], frozen=True):
    """What foreign code gave."""

    value: Value


class Failed(msgspec.Struct, frozen=True):
    """Why it gave nothing; ``late``: its time was over."""

    reason: str
    late: bool = False


def within(timeout_s: float, work: Callable[[], Value]) -> Done[Value] | Failed:
    """Run foreign code for at most that long, whatever it raises; one that does not end is left behind."""
    said: list[Done[Value] | Failed] = []

    def run() -> None:
        try:
            said.append(Done(work()))
        except BaseException as error:  # noqa: BLE001  foreign code may even ask to exit
            said.append(Failed(f"{type(error).__name__}: {error}"))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout_s)
    return said[0] if said else Failed(f"gave no result in {timeout_s:g} s", late=True)


@contextlib.contextmanager
def to_stderr() -> Iterator[None]:
    """While foreign code may run, what it prints is no part of the report."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def foreign_entries() -> tuple[str, ...]:
    """The entries of sys.path that are not of kdoctor's own environment."""
    listed = [os.path.abspath(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    if sys.path and os.path.abspath(sys.path[0]) == _here():
        listed.append(_here())
    return tuple(listed)


def _here() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def own_folders() -> tuple[str, ...]:
    """The site-packages of kdoctor's own environment."""
    foreign = foreign_entries()
    return tuple(
        entry for entry in sys.path if os.path.basename(entry) in FOLDERS and os.path.abspath(entry) not in foreign
    )


def entry_points(folders: Sequence[str] | None = None) -> tuple[EntryPoint, ...]:
    """All entry points for kdoctor, by distribution; imports nothing of theirs. Of two copies the first counts."""
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for folder in own_folders() if folders is None else folders:
        for path in _offering(folder):
            points = _read(path)
            if points:
                found.setdefault(points[0].distribution.lower(), points)
    return tuple(point for _, points in sorted(found.items()) for point in points)


def _offering(folder: str) -> Iterator[str]:
    """The metadata of distributions that mention one of the groups."""
    try:
        names = os.listdir(folder)
    except OSError:
        return
    wanted = tuple(group.encode() for group in GROUPS)
    for name in names:
        if name.endswith(METADATA):
            path = os.path.join(folder, name)
            try:
                descriptor = os.open(os.path.join(path, "entry_points.txt"), os.O_RDONLY)
            except OSError:
                continue
            try:
                data = os.read(descriptor, READ_BYTES)
            except OSError:
                continue
            finally:
                os.close(descriptor)
            if any(group in data for group in wanted):
                yield path


def _read(path: str) -> tuple[EntryPoint, ...]:
    from importlib.metadata import Distribution  # noqa: PLC0415  20 ms, only where there is a plug-in
    from pathlib import Path  # noqa: PLC0415  as it wants it

    fallback, _, version = os.path.basename(path).rpartition(".")[0].partition("-")
    try:
        metadata = Distribution.at(Path(path))
        text = metadata.read_text("METADATA") or metadata.read_text("PKG-INFO") or ""
        said = dict(_FIELD.findall(text.partition("\n\n")[0]))
        name, version = said.get("Name", fallback), said.get("Version", version)
        points = [point for point in metadata.entry_points if point.group in GROUPS]
    except Exception as error:  # noqa: BLE001  a damaged distribution costs only itself
        trouble = f"{path}: {type(error).__name__}: {error}"
        return (EntryPoint(distribution=fallback, version=version, group="", name="", value="", trouble=trouble),)
    return tuple(
        EntryPoint(distribution=name, version=version, group=point.group, name=point.name, value=point.value)
        for point in sorted(points, key=lambda point: (point.group, point.name))
    )


def load(point: EntryPoint, timeout_s: float) -> Done[object] | Failed:
    """What an entry point leads to, imported now."""
    return within(timeout_s, lambda: _import(point.value))


def _import(value: str) -> object:
    module, _, attribute = (part.strip() for part in value.partition(":"))
    _refuse_foreign(module.partition(".")[0])
    found: object = importlib.import_module(module)
    for name in attribute.split(".") if attribute else ():
        found = getattr(found, name)
    return found


def _refuse_foreign(package: str) -> None:
    spec = importlib.util.find_spec(package)
    if spec is None:
        message = f"there is no module {package}"
        raise ImportError(message)
    places = list(spec.submodule_search_locations or ()) or ([spec.origin] if spec.origin else [])
    for place in places:
        if os.path.dirname(os.path.abspath(place)) in foreign_entries():
            message = f"{place} is not of kdoctor's own environment"
            raise ImportError(message)
