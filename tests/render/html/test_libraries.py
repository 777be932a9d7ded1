"""The library search as a picture: who asks for what, found where, what is shadowed, and what is nowhere."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kdoctor.model.facts.base import SCHEMA, Absent, Answered, Facts
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library, LibraryCopy, LibrarySearch
from kdoctor.model.facts.cuda_toolkits import CudaToolkit, CudaToolkits
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.gpus import Gpu, Gpus
from kdoctor.model.version import CudaVersion
from kdoctor.render.html.drawing import NARROW, WIDE, label_of, narrow, wide
from kdoctor.render.html.found import MOST_ROWS, Asked, Place, searches
from kdoctor.render.html.libraries import library_search
from kdoctor.render.html.svg import MONO, SIZE, wrapped
from kdoctor.render.html.tree import page
from tests.recorded import NAMES, checked
from tests.render.html.documents import BROKEN, SHADOWED, machine
from tests.render.html.pages import Page

OPENED = Library(soname="libcudart.so.12", state="opens", path="/a/libcudart.so.12", realpath="/a/libcudart.so.12.5")
LOST = Library(soname="libcudnn.so.9", state="missing", looked=("/lib", "/usr/lib"))


def library(base: Library = OPENED, **changes: object) -> Library:
    return msgspec.structs.replace(base, **changes)


def copy(path: str, **changes: Any) -> LibraryCopy:  # noqa: ANN401  any field
    return LibraryCopy(path=path, realpath=path, **changes)


def asked(*libraries: Library, linked: tuple[Library, ...] = (), **sections: Answered) -> Asked:
    """What the picture of one framework shows."""
    search = LibrarySearch(framework="jax", caller="/j/plugin.so", libraries=libraries, linked=linked)
    found = {"cuda_libraries": CudaLibraries(searches=(search,)), **sections}
    return next(searches(Facts(schema=SCHEMA, origin="file", sections=found)))


def kinds(places: tuple[Place, ...]) -> list[tuple[str, list[str]]]:
    return [(place.path, [entry.kind for entry in place.entries]) for place in places]


def test_a_file_and_its_links_are_drawn_once() -> None:
    copies = (copy("/a/libcudart.so.12.5"), copy("/a/libcudart.so.12"))
    assert kinds(asked(library(copies=copies)).places) == [("/a", ["opened"])]


def test_another_copy_is_shadowed_and_one_of_a_missing_library_is_not_searched() -> None:
    shadowed = asked(library(copies=(copy("/b/libcudart.so.12"),)))
    unsearched = asked(library(LOST, copies=(copy("/b/libcudnn.so.9"),)))
    assert kinds(shadowed.places) == [("/a", ["opened"]), ("/b", ["shadowed"])]
    assert kinds(unsearched.places) == [("/b", ["unsearched"]), ("", [])]
    assert unsearched.places[1].looked == ("/lib", "/usr/lib")


def test_a_missing_library_without_a_copy_is_drawn_as_missing() -> None:
    assert kinds(asked(LOST).places) == [("", ["missing"])]


def test_a_broken_library_is_its_own_file_or_the_first_copy() -> None:
    known = library(state="broken", copies=(copy("/b/x"),))
    unknown = library(state="broken", path="", realpath="", copies=(copy("/b/x"), copy("/c/x")))
    assert kinds(asked(known).places) == [("/a", ["broken"]), ("/b", ["shadowed"])]
    assert kinds(asked(unknown).places) == [("/b", ["broken"]), ("/c", ["shadowed"])]


def test_packages_of_pip_are_one_place_whatever_way_leads_there() -> None:
    site = "/v/lib/python3.12/site-packages"
    real = f"{site}/nvidia/cublas/lib/libcublas.so.12"
    found = library(path=f"{site}/tensorflow/../nvidia/cublas/lib/libcublas.so.12", realpath=real, source="pip")
    (place,) = asked(found).places
    assert (place.path, place.entries[0].name) == (f"{site}/nvidia", "cublas/lib/libcublas.so.12")


def test_a_path_of_windows_and_a_bare_name_have_a_place() -> None:
    paths = (r"C:\v\bin\cudart64_12.dll", "/libcuda.so.1")
    assert [asked(library(path=path, realpath=path)).places[0].path for path in paths] == [r"C:\v\bin", "/"]


def test_a_linked_library_is_drawn_once_behind_the_others() -> None:
    needed = library(soname="libnvJitLink.so.12")
    rows = asked(OPENED, linked=(needed, OPENED)).rows
    assert [row.soname for row in rows] == ["libcudart.so.12", "libnvJitLink.so.12"]


def toolkit(path: str, *cudart: str) -> CudaToolkit:
    version = CudaVersion("10.1")
    return CudaToolkit(path=path, realpath=path, version=version, source="system", found_via=path, cudart=cudart)


def test_a_toolkit_of_another_version_is_drawn_although_nothing_asks_for_it() -> None:
    others = CudaToolkits(items=(toolkit("/usr", "libcudart.so.10.1"), toolkit("/c", "libcudart.so.12"), toolkit("/d")))
    places = asked(OPENED, cuda_toolkits=others).places
    assert kinds(places) == [("/a", ["opened"]), ("/usr", ["unasked"])]
    assert kinds(asked(LOST, cuda_toolkits=others).places) == [("", ["missing"])]


@pytest.mark.parametrize(
    ("state", "vendor", "titles"),
    [("missing", "Intel", []), ("missing", "NVIDIA", ["A CUDA program"]), ("opens", "", ["A CUDA program"])],
)
def test_the_driver_is_drawn_where_one_is_found_or_wanted(state: str, vendor: str, titles: list[str]) -> None:
    pair = DriverSearch(cuda=library(state=state), nvml=library(LOST))
    gpus = Gpus(items=(Gpu(vendor=vendor),)) if vendor else Absent()
    facts = Facts(schema=SCHEMA, origin="file", sections={"driver_search": pair, "gpus": gpus})
    assert [one.title for one in searches(facts)] == titles


def test_the_picture_says_in_words_what_it_shows() -> None:
    broken = library(soname="libcufft.so.11", state="broken")
    said = label_of(asked(OPENED, LOST, broken))
    assert said == "jax asks for 3 libraries: 1 opened, 1 not found, 1 found, and cannot be opened."


def test_more_libraries_and_directories_than_fit_are_counted() -> None:
    many = [library(LOST, soname=f"lib{number}.so", looked=tuple(f"/{n}" for n in range(20))) for number in range(60)]
    found = asked(*many)
    assert (len(found.rows), found.more, found.places[0].more_looked) == (MOST_ROWS, 60 - MOST_ROWS, 12)
    search = LibrarySearch(framework="jax", caller="", libraries=tuple(many))
    facts = Facts(schema=SCHEMA, origin="file", sections={"cuda_libraries": CudaLibraries(searches=(search,))})
    drawn = library_search(facts)
    assert drawn is not None
    said = "".join(drawn.itertext())
    assert ("20 more are not drawn." in said, "and 12 more" in said) == (True, True)


def test_without_any_search_there_is_no_picture() -> None:
    assert library_search(Facts(schema=SCHEMA, origin="file", sections={})) is None


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_drawn_outside_a_picture(name: str) -> None:
    """Boxes, and texts at the width of the widest common font."""
    for one in searches(checked(name).report.facts):
        for drawn, width in ((wide(one), WIDE), (narrow(one), NARROW)):
            height = float(drawn.get("height", "0"))
            for item in drawn.iter():
                x, y = float(item.get("x", "0")), float(item.get("y", "0"))
                room = len(item.text or "") * SIZE * MONO * ("mono" in item.get("class", ""))
                ends = (
                    x - room
                    if item.get("text-anchor") == "end"
                    else x + float(item.get("width", "0")) * (item is not drawn) + room
                )
                assert 0 <= ends <= width + 1, (item.text, ends)
                assert y + float(item.get("height", "0")) * (item is not drawn) <= height, item.text


@pytest.mark.parametrize("name", [BROKEN, SHADOWED])
def test_the_table_has_what_the_picture_shows(name: str) -> None:
    facts = machine(name).facts
    drawn = library_search(facts)
    found = Page(page("t", drawn))
    names = [row.soname for one in searches(facts) for row in one.rows]
    assert [text for text in found.all("th") if text.startswith("lib") and ".so" in text] == names


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ("", []),
        ("abc", ["abc"]),
        (
            "/usr/local/cuda-12.6/targets/x86_64-linux/lib",
            ["/usr/local/", "cuda-12.6/", "targets/", "x86_64-linux/lib"],
        ),
        ("libtensorflow_framework.so.2", ["libtensorflow_", "framework.so.2"]),
        ("x" * 40, ["x" * 16, "x" * 16, "x" * 8]),
        (
            "/a/" + "b/" * 60,
            ["/a/b/b/b/b/b/b/", "b/b/b/b/b/b/b/b/", "b/b/b/b/b/b/b/b/", "b/b/b/b/b/b/b/b/", "…b/b/b/b/b/b/"],
        ),
    ],
)
def test_long_names_are_broken_where_a_reader_would(said: str, lines: list[str]) -> None:
    assert wrapped(said, 16 * SIZE * MONO + 1, most=5) == lines
