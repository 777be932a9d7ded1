"""The library search on the page: a picture for each asker, and the same as a table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from xml.etree.ElementTree import Element

from kdoctor.model.facts.base import Facts
from kdoctor.model.facts.cuda_libraries import Library
from kdoctor.render.html.drawing import label_of, narrow, wide
from kdoctor.render.html.found import MOST_COPIES, SOURCES, WORDS, Asked, kind_of, plain, searches
from kdoctor.render.html.tree import Node, add, code, el, folded, section, table

MOST = 6
HEAD = ("library", "state", "where", "found via", "other copies")


def library_search(facts: Facts) -> Element | None:
    """The pictures; None where no library was searched for."""
    asked = list(islice((one for one in searches(facts) if one.rows), MOST))
    if not asked:
        return None
    intro = el(
        "p", "Who asks for which library, where the loader finds it, and which copies it does not take.", class_="lead"
    )
    return section("Library search", "libraries", intro, *(_figure(one) for one in asked))


def _figure(asked: Asked) -> Element:
    caption = el("figcaption", el("strong", asked.title), f" {label_of(asked).removeprefix(asked.title)}")
    if asked.more:
        add(caption, f" {asked.more} more are not drawn.")
    rows = [list(_row(library)) for library in asked.rows]
    listed = table(f"{asked.title}: libraries", HEAD, rows)
    return el("figure", caption, wide(asked), narrow(asked), folded("As a table", listed))


def _row(library: Library) -> Iterator[Node]:
    kind = kind_of(library)
    version = f" {library.version}" if library.version else ""
    yield el("code", library.soname)
    yield el("span", WORDS[kind], class_=f"state {kind}")
    yield el("span", code(plain(library.path, library.realpath)) if library.path else library.why_not or "-", version)
    yield ", ".join(word for word in (library.found_via, SOURCES.get(library.source, "")) if word) or "-"
    others = [copy for copy in library.copies if copy.realpath != library.realpath]
    listed = el("ul", *(el("li", code(copy.path), f" {copy.version}") for copy in others[:MOST_COPIES]))
    yield listed if others else "-"
