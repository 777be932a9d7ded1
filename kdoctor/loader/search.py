"""Which file a library's name would open in one process: dlopen as glibc and musl do it, from files alone.

Input: a Host, the executable, the environment it starts with. Output: an ``Opened`` per name. A ``Loader`` is one
process: what was opened stays loaded and counts for the next name. Nothing is loaded or executed, so what a
constructor would do and which symbols would stay undefined is not seen.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from kdoctor.host import text_of
from kdoctor.host.elf import Elf
from kdoctor.loader.files import Files
from kdoctor.loader.opened import Opened, Rejected
from kdoctor.loader.order import THE_LINKER, GlibcOrder, Loaded, MuslOrder
from kdoctor.loader.process import Process, Trail
from kdoctor.loader.system import describe_system
from kdoctor.loader.tokens import base_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kdoctor.host import Host
    from kdoctor.loader.order import Order
    from kdoctor.loader.system import System

__all__ = ["Loader", "Opened", "Rejected"]

_EXECUTABLE, _ALREADY = "the executable", "already loaded"
_PRELOAD, _PRELOAD_FILE = "LD_PRELOAD", "/etc/ld.so.preload"


class Loader:
    """One process, started: its executable, what is preloaded, and all that they need.

    ``startup`` is the verdict on the executable, its path "" where there is none that can be read; ``preloads`` are
    those on what was preloaded (the C library goes on without one that cannot be opened).
    """

    def __init__(self, host: Host, executable: str | None, environ: Mapping[str, str]) -> None:
        """Start it; ``executable`` None: some program of the host's architecture that needs the C library alone."""
        main = _executable(host, executable)
        system = describe_system(host, main.elf)
        musl = system.libc == "musl"
        files = Files(host, main.elf, first_file_decides=musl)
        library_path = environ.get("LD_LIBRARY_PATH", "")
        order: Order = (
            MuslOrder(system, library_path, host.cwd) if musl else GlibcOrder(system, main, library_path, host.cwd)
        )
        self.system = system
        self._process = Process(files, order, main, variants=system.variants, cwd=host.cwd)
        self._add_linker(system)
        self.preloads = tuple(self._preload_all(host, environ, musl=musl))
        self.startup = self._start()

    @property
    def loaded(self) -> tuple[str, ...]:
        """The paths of all objects, in the order they were loaded."""
        return tuple(each.path for each in self._process.objects)

    def open(self, name: str, caller: str) -> Opened:
        """Say what ``dlopen(name)`` does when code in the library ``caller`` calls it.

        A caller that is not loaded yet is taken as loaded by dlopen, with all that can be found of what it needs.
        """
        return self._open(name, self._caller(caller))

    def preload(self, path: str) -> Opened:
        """Say what becomes of a library that is loaded before anything else; later names find it loaded."""
        return self._open(path, self._process.main, via=_PRELOAD)

    def _add_linker(self, system: System) -> None:
        elf = self._process.files.elf(system.linker)
        if isinstance(elf, Elf):
            linker = Loaded(system.linker, elf, loader=None, identity="", via=THE_LINKER)
            linker.names.add(system.linker)
            self._process.objects.append(linker)

    def _preload_all(self, host: Host, environ: Mapping[str, str], *, musl: bool) -> Iterator[Opened]:
        listed = [(name, _PRELOAD) for name in re.split("[ :]+", environ.get(_PRELOAD, "")) if name]
        if not musl:
            text = re.sub("#.*", "", text_of(host, _PRELOAD_FILE))
            listed += [(name, _PRELOAD_FILE) for name in re.split(r"[\s:]+", text) if name]
        main = self._process.main
        # musl searches for what is preloaded on nobody's behalf: without the executable's own paths.
        requester = Loaded("", _plain(host), loader=None, identity="", via="") if musl else main
        for name, via in listed:
            trail = Trail()
            found = self._process.bring(name, requester, trail, loader=None if musl else main)
            if found and found.via != THE_LINKER:
                found.via = via
            yield self._opened(name, found, trail, via)

    def _start(self) -> Opened:
        """Load what the executable and the preloaded libraries need."""
        trail = Trail()
        process = self._process
        process.bring_needed(0, trail)
        opened = self._opened(base_name(process.main.path), process.main, trail, _EXECUTABLE)
        return msgspec.structs.replace(opened, version_errors=tuple(process.version_errors(0)))

    def _caller(self, path: str) -> Loaded:
        process = self._process
        identity = process.files.identity(path)
        for each in process.objects:
            if path == each.path or (identity and identity == process.files.identity(each.path)):
                return each
        before = len(process.objects)
        caller = process.bring_by_dlopen(path, process.main, Trail())
        process.bring_needed(before, Trail())
        return caller or process.main

    def _open(self, name: str, requester: Loaded, *, via: str = "") -> Opened:
        process = self._process
        before = len(process.objects)
        trail = Trail()
        found = process.bring_by_dlopen(name, requester, trail)
        is_new = len(process.objects) > before
        if found and is_new and via:
            found.via = via
        process.bring_needed(before, trail)
        told = found.via if found and (is_new or found.via in (_PRELOAD, _PRELOAD_FILE)) else _ALREADY
        opened = msgspec.structs.replace(
            self._opened(name, found, trail, told),
            version_errors=tuple(process.version_errors(before)),
            later_copies=tuple(self._later_copies(name, requester, found)) if found else (),
        )
        if not opened.ok:
            del process.objects[before:]
        return opened

    def _later_copies(self, name: str, requester: Loaded, found: Loaded) -> Iterator[str]:
        if "/" in name:
            return
        files = self._process.files
        seen = {found.identity, ""}
        for _step, path, _in_variant in self._process.candidates(name, requester, {}):
            identity = files.identity(path)
            if identity not in seen and files.judge(path).effect == "use":
                seen.add(identity)
                yield path

    def _opened(self, name: str, found: Loaded | None, trail: Trail, via: str) -> Opened:
        path = found.path if found else ""
        return Opened(
            name=name,
            path=path,
            realpath=self._process.files.real_path(path) if path else "",
            found_via=via if found else "",
            looked=tuple(trail.looked),
            rejected=tuple(trail.rejected.values()),
            missing=tuple(trail.missing),
        )


def _executable(host: Host, path: str | None) -> Loaded:
    """Take the executable under its real path, which is what the kernel and ``$ORIGIN`` know."""
    real = host.resolve(path) if path else None
    elf = host.elf(real) if isinstance(real, str) else None
    if isinstance(real, str) and isinstance(elf, Elf):
        # No identity, as for the loader itself: the kernel loaded it, and the C library does not know its file.
        return Loaded(real, elf, loader=None, identity="", via=_EXECUTABLE)
    return Loaded("", _plain(host), loader=None, identity="", via=_EXECUTABLE)


def _plain(host: Host) -> Elf:
    return Elf(bits=64, machine=host.platform.machine, kind="executable", needed=("libc.so.6",))
