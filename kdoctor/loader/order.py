"""In which order a dynamic loader looks for a soname: the rules of glibc and of musl.

Input: the objects of a simulated process. Output: ``Step``s; nothing is read here.
Rules: ld.so(8), _dl_map_object of glibc's ``dl-load.c``, load_library of musl's ``dynlink.c``; as glibc 2.36 and musl
1.2.3 behaved on 2026-11-21.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from kdoctor.loader.system import LEVELS_DIRECTORY
from kdoctor.loader.tokens import base_name, directories, directory_of, expand

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kdoctor.host.elf import Elf
    from kdoctor.loader.cache import CacheEntry
    from kdoctor.loader.system import System

FROM_CACHE, SYSTEM_DIRECTORIES = "ld.so.cache", "default directory"
THE_LINKER = "the dynamic loader itself"
_MUSL_OWN = {"libc", "libpthread", "librt", "libm", "libdl", "libutil", "libxnet"}
_MUSL_ORIGIN = re.compile(r"\$(?:\{ORIGIN\}|ORIGIN)")


class Step(NamedTuple):
    """One place of the search: directories in order, or the one file that the cache names."""

    via: str
    directories: tuple[str, ...] = ()
    file: str = ""


class Loaded:
    """An object of the simulated process.

    ``path`` is the one it was found by; ``origin`` what ``$ORIGIN`` means in it; ``loader`` the object whose NEEDED
    brought it, None for the executable and for what dlopen brought; ``names`` those that it answers to.
    """

    def __init__(self, path: str, elf: Elf, *, loader: Loaded | None, identity: str, via: str) -> None:
        """Take a file into the process."""
        self.path = path
        self.elf = elf
        self.loader = loader
        self.identity = identity
        self.via = via
        self.names: set[str] = set()
        self.origin = directory_of(path)
        self.expanded: dict[str, tuple[str, ...]] = {}


class Order(Protocol):
    """The rules of one C library."""

    checks_versions: bool
    asks_for_the_caller: bool

    def written(self, name: str, requester: Loaded) -> str:
        """Expand the tokens in a name."""

    def answers(self, loaded: Loaded, name: str) -> bool:
        """Whether a loaded object goes by that name."""

    def steps(self, name: str, requester: Loaded) -> Iterator[Step]:
        """Give the places where ``name`` is looked for when ``requester`` needs or dlopens it."""


class GlibcOrder:
    """RPATH of the chain, LD_LIBRARY_PATH, RUNPATH of the requester alone, the cache, the default directories."""

    checks_versions = True
    asks_for_the_caller = True

    def __init__(self, system: System, main: Loaded, library_path: str, cwd: str) -> None:
        """``library_path``: LD_LIBRARY_PATH."""
        self._system = system
        self._main = main
        self._cwd = cwd
        items = re.split("[:;]", library_path) if library_path else []
        self._library_path = directories(items, self._tokens(main), cwd)
        self._cache: dict[str, list[CacheEntry]] = {}
        for entry in system.cache:
            self._cache.setdefault(entry.soname, []).append(entry)

    def written(self, name: str, requester: Loaded) -> str:
        """Expand the tokens in a name."""
        return expand(name, self._tokens(requester))

    def answers(self, loaded: Loaded, name: str) -> bool:
        """Whether a loaded object goes by that name: by its soname too."""
        return name in loaded.names or name == loaded.elf.soname

    def _tokens(self, loaded: Loaded) -> Mapping[str, str]:
        return {"ORIGIN": loaded.origin, "LIB": self._system.library, "PLATFORM": self._system.platform}

    def steps(self, name: str, requester: Loaded) -> Iterator[Step]:
        """Give the places in order."""
        if not requester.elf.runpath:
            yield from self._rpath_steps(requester)
        if self._library_path:
            yield Step("LD_LIBRARY_PATH", self._library_path)
        if requester.elf.runpath:
            yield Step(f"runpath of {base_name(requester.path)}", self._own(requester, requester.elf.runpath))
        yield from self._cache_steps(name, requester)
        if not requester.elf.no_default_lib:
            yield Step(SYSTEM_DIRECTORIES, self._system.defaults)

    def _rpath_steps(self, requester: Loaded) -> Iterator[Step]:
        chain: list[Loaded] = []
        each: Loaded | None = requester
        while each:
            chain.append(each)
            each = each.loader
        if self._main not in chain:
            chain.append(self._main)
        for loaded in chain:
            if loaded.elf.rpath and not loaded.elf.runpath:
                yield Step(f"rpath of {base_name(loaded.path)}", self._own(loaded, loaded.elf.rpath))

    def _own(self, loaded: Loaded, items: tuple[str, ...]) -> tuple[str, ...]:
        if "paths" not in loaded.expanded:
            found = directories(items, self._tokens(loaded), self._cwd) if items != ("",) else ()
            loaded.expanded["paths"] = found
        return loaded.expanded["paths"]

    def _cache_steps(self, name: str, requester: Loaded) -> Iterator[Step]:
        """Give the one entry that glibc picks: the best variant, otherwise the first plain one."""
        if not self._cache:
            return
        ranked = [(self._rank(entry), entry.path) for entry in self._cache.get(name, ())]
        usable = [pair for pair in ranked if pair[0] is not None]
        path = min(usable, key=lambda pair: pair[0] or 0)[1] if usable else ""
        prefixes = tuple(f"{directory}/" for directory in self._system.defaults)
        if requester.elf.no_default_lib and path.startswith(prefixes):
            path = ""
        yield Step(FROM_CACHE, file=path)

    def _rank(self, entry: CacheEntry) -> int | None:
        """Order the entries of one name, the best first; None for one that this processor is not for."""
        if entry.hwcap.startswith("0x"):
            return None if int(entry.hwcap, 16) & ~self._system.hwcap_mask else len(self._system.variants)
        variant = f"{LEVELS_DIRECTORY}/{entry.hwcap}"
        if entry.hwcap:
            return self._system.variants.index(variant) if variant in self._system.variants else None
        return len(self._system.variants)


class MuslOrder:
    """LD_LIBRARY_PATH, the paths of the chain, the system's path file.

    dlopen searches for the executable, whoever calls it; symbol versions are not looked at.
    """

    checks_versions = False
    asks_for_the_caller = False

    def __init__(self, system: System, library_path: str, cwd: str) -> None:
        """``library_path``: LD_LIBRARY_PATH."""
        self._system = system
        self._cwd = cwd
        self._library_path = self._items(library_path)

    def written(self, name: str, requester: Loaded) -> str:  # noqa: ARG002  the Order protocol
        """Leave the name as it is."""
        return name

    def answers(self, loaded: Loaded, name: str) -> bool:
        """Whether a loaded object goes by that name; sonames do not count, and musl is all of the C libraries."""
        if loaded.via == THE_LINKER and name.partition(".")[0] in _MUSL_OWN and "." in name:
            return True
        return name in loaded.names and "/" not in name

    def steps(self, name: str, requester: Loaded) -> Iterator[Step]:  # noqa: ARG002  the Order protocol
        """Give the places in order."""
        if self._library_path:
            yield Step("LD_LIBRARY_PATH", self._library_path)
        each: Loaded | None = requester
        while each:
            kind = "runpath" if each.elf.runpath else "rpath"
            items = self._own(each)
            if items:
                yield Step(f"{kind} of {base_name(each.path)}", items)
            each = each.loader
        yield Step(SYSTEM_DIRECTORIES, self._system.defaults)

    def _own(self, loaded: Loaded) -> tuple[str, ...]:
        """Expand an object's path; any token but ``$ORIGIN`` makes musl ignore all of it."""
        text = _MUSL_ORIGIN.sub(loaded.origin.replace("\\", r"\\"), ":".join(loaded.elf.runpath or loaded.elf.rpath))
        return () if "$" in text else self._items(text)

    def _items(self, text: str) -> tuple[str, ...]:
        return directories((item for item in re.split(r"[:\n]", text) if item), {}, self._cwd)
