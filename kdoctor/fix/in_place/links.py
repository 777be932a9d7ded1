"""KD211: link the libraries of wheels that the runpath misses into a directory that is on it.

A library looks for what it needs beside the name under which it was found, so that what it needs of its own
directory (cuBLAS its cublasLt, cuDNN its engines, which it opens by name) is linked with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.advice import link_beside, missed_wheel
from kdoctor.fix.in_place.around import Around, Planned, interpreter_of, is_inside, is_taken, why_not_ours
from kdoctor.fix.in_place.shown import difference
from kdoctor.host import Host, Unreadable, names_in
from kdoctor.model.change import ByHand, Change, MakeLink
from kdoctor.model.facts.base import Facts
from kdoctor.model.facts.cuda_libraries import CudaLibraries


def plan(facts: Facts, around: Around) -> Planned:
    """A link for each lost library and for what it needs beside itself."""
    interpreter, libraries = interpreter_of(facts), facts.sections.get("cuda_libraries")
    search = libraries.get("tensorflow") if isinstance(libraries, CudaLibraries) else None
    if interpreter is None or search is None:
        return ByHand("the environment could not be read")
    if why := why_not_ours(interpreter, around.host):
        return ByHand(why)
    links: dict[str, MakeLink] = {}
    for copy in (copy for item in search.libraries if (copy := missed_wheel(item)) is not None):
        path, target = link_beside(copy, search)
        if not path or not is_inside(around.host, path, interpreter.prefix):
            return ByHand(f"no directory of this environment that is searched could hold a link to {copy.path}")
        folder, _, name = path.rpartition("/")
        for other in (name, *beside(around.host, copy.realpath)):
            leads_to = target if other == name else f"{target.rpartition('/')[0]}/{other}"
            links.setdefault(f"{folder}/{other}", MakeLink(path=f"{folder}/{other}", target=leads_to))
    taken = next((path for path in links if is_taken(around.host, path)), "")
    if taken:
        return ByHand(f"{taken} exists already, and the loader does not take it")
    edits = tuple(links.values())
    if not edits:
        return ByHand("no library of a wheel is missed")
    what = f"Link {len(edits)} libraries" if len(edits) > 1 else f"Link {edits[0].path.rpartition('/')[2]}"
    return Change(kind="link", title=f"{what} where TensorFlow looks", edits=edits, shown=difference(edits))


def beside(host: Host, path: str) -> tuple[str, ...]:
    """The names in a library's own directory that it needs, or opens by its own name and a word more."""
    folder, _, name = path.rpartition("/")
    names = frozenset(names_in(host, folder)) - {name}
    stem = name.partition(".so")[0]
    parts = (other for other in names if other.startswith((f"{stem}_", f"{stem}-")) and ".so" in other)
    found = dict.fromkeys((*needed(host, folder, name, names), *sorted(parts)))
    return tuple(other for other in found if other != name)


def needed(host: Host, folder: str, name: str, names: frozenset[str]) -> Iterator[str]:
    """What a library needs of its own directory, and what this needs in turn."""
    seen, todo = {name}, [name]
    while todo:
        header = host.elf(f"{folder}/{todo.pop()}")
        for other in () if isinstance(header, Unreadable) else header.needed:
            if other in names and other not in seen:
                seen.add(other)
                todo.append(other)
                yield other
