"""Who asks for which library, where it is found, and what is shadowed or not found: the picture's content, as values.

Input: the sections ``cuda_libraries`` and ``driver_search``. Copies are joined by place: the directory, or for pip's
packages the folder above them all, so that a picture has few boxes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from kdoctor.model.facts.base import Facts
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library, LibrarySearch
from kdoctor.model.facts.cuda_toolkits import CudaToolkits
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus

Kind = Literal["opened", "shadowed", "unsearched", "broken", "missing", "unasked"]
MOST_ROWS, MOST_COPIES, MOST_LOOKED = 40, 4, 8
WORDS: dict[Kind, str] = {
    "opened": "opened",
    "shadowed": "another copy, not taken",
    "unsearched": "the loader does not look here",
    "broken": "found, and cannot be opened",
    "missing": "not found",
    "unasked": "another version, not asked for",
}
SOURCES = {
    "pip": "pip packages",
    "conda": "conda",
    "toolkit": "CUDA toolkit",
    "system": "system",
    "driver": "driver",
    "other": "",
}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A file in a place; ``row``: which of the libraries asked for it is, by number, None for what nobody asks for."""

    row: int | None
    name: str
    version: str
    kind: Kind
    via: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where files lie; ``path`` "" for those that are nowhere, and then ``looked`` says where they were not."""

    path: str
    source: str
    entries: tuple[Entry, ...]
    looked: tuple[str, ...] = ()
    more_looked: int = 0


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One asker: its name, the file whose search path counts, the libraries it asks for, and the places."""

    title: str
    caller: str
    rows: tuple[Library, ...]
    places: tuple[Place, ...]
    more: int = 0


def searches(facts: Facts) -> Iterator[Asked]:
    """What each framework asks for, then what the driver's own libraries are found as."""
    libraries, frameworks = facts.sections.get("cuda_libraries"), facts.sections.get("frameworks")
    builds = frameworks.builds if isinstance(frameworks, Frameworks) else ()
    titles: dict[str, str] = {build.framework: build.title for build in builds}
    if isinstance(libraries, CudaLibraries):
        for search in libraries.searches:
            asked = _asked(titles.get(search.framework, search.framework), search.caller, _all(search))
            yield msgspec.structs.replace(asked, places=(*asked.places, *_unasked(asked.rows, facts)))
    driver, gpus = facts.sections.get("driver_search"), facts.sections.get("gpus")
    if isinstance(driver, DriverSearch):
        pair = (driver.cuda, driver.nvml)
        wanted = isinstance(gpus, Gpus) and gpus.nvidia
        if wanted or any(library.state != "missing" for library in pair):
            yield _asked("A CUDA program", "", pair)


def _unasked(rows: tuple[Library, ...], facts: Facts) -> Iterator[Place]:
    """Toolkits whose libcudart has another name than the one asked for: CUDA is there, and of no use here."""
    toolkits = facts.sections.get("cuda_toolkits")
    names = {library.soname for library in rows}
    runtime = any(name.startswith("libcudart.") for name in names)
    for item in toolkits.items[:MOST_COPIES] if isinstance(toolkits, CudaToolkits) and runtime else ():
        others = [name for name in item.cudart if name not in names]
        if others and len(others) == len(item.cudart):
            version = str(item.version or "")
            entries = tuple(Entry(row=None, name=name, version=version, kind="unasked") for name in others)
            yield Place(path=item.path, source="toolkit", entries=entries[:MOST_COPIES])


def kind_of(library: Library) -> Kind:
    """What became of it: its own copy's kind."""
    kinds: dict[str, Kind] = {"opens": "opened", "broken": "broken"}
    return kinds.get(library.state, "missing")


def _all(search: LibrarySearch) -> tuple[Library, ...]:
    """Those that it opens, and then what those need, each once."""
    unique = {library.soname: library for library in (*search.linked, *search.libraries)}
    order = dict.fromkeys(library.soname for library in (*search.libraries, *search.linked))
    return tuple(unique[soname] for soname in order)


def _asked(title: str, caller: str, libraries: tuple[Library, ...]) -> Asked:
    rows = libraries[:MOST_ROWS]
    found: dict[tuple[str, str], list[Entry]] = {}
    lost: list[Entry] = []
    for number, library in enumerate(rows):
        files = list(_files(library))
        if not files:
            lost.append(Entry(row=number, name=library.soname, version="", kind="missing"))
        for path, source, entry in files:
            root, name = _split(path, source)
            placed = msgspec.structs.replace(entry, row=number, name=name)
            found.setdefault((root, source), []).append(placed)
    places = [Place(path=root, source=source, entries=tuple(some)) for (root, source), some in found.items()]
    looked = tuple(dict.fromkeys(path for library in rows if library.state == "missing" for path in library.looked))
    if lost or looked:
        few, more = looked[:MOST_LOOKED], max(0, len(looked) - MOST_LOOKED)
        places.append(Place(path="", source="", entries=tuple(lost), looked=few, more_looked=more))
    return Asked(title=title, caller=caller, rows=rows, places=tuple(places), more=len(libraries) - len(rows))


def _files(library: Library) -> Iterator[tuple[str, str, Entry]]:
    """The file that is opened or broken, then the other copies of it; a path and its links are one file."""
    own = kind_of(library)
    told = {library.realpath, library.path} - {""}
    if own != "missing" and library.path:
        entry = Entry(row=0, name="", version=library.version, kind=own, via=library.found_via)
        yield plain(library.path, library.realpath), library.source, entry
    others: Kind = "unsearched" if own == "missing" else "shadowed"
    fresh = [copy for copy in library.copies if copy.realpath not in told and copy.path not in told]
    if own == "broken" and not library.path:  # the loader says which in its message only: it is the first
        for copy in fresh[:1]:
            yield copy.path, copy.source, Entry(row=0, name="", version=copy.version, kind=own)
        fresh = fresh[1:]
    for copy in fresh[:MOST_COPIES]:
        yield plain(copy.path, copy.realpath), copy.source, Entry(row=0, name="", version=copy.version, kind=others)


def plain(path: str, realpath: str) -> str:
    """The path, or where it leads if it goes up on its way, as those of a wheel's runpath do."""
    return realpath if realpath and "/../" in path else path


def _split(path: str, source: str) -> tuple[str, str]:
    """The place and the name in it.

    >>> _split("/e/lib/python3.12/site-packages/nvidia/cublas/lib/libcublas.so.12", "pip")
    ('/e/lib/python3.12/site-packages/nvidia', 'cublas/lib/libcublas.so.12')
    """
    head, found, tail = path.partition("/site-packages/nvidia/")
    if source == "pip" and found:
        return head + found.rstrip("/"), tail
    slash = "/" if "/" in path else "\\"
    root, _, name = path.rpartition(slash)
    return root or slash, name
