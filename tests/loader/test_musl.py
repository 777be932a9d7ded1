"""musl's own rules, as musl 1.2.3 was seen to follow them (2026-11-21)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from kdoctor.loader.search import Loader
from tests.loader.disk import Disk
from tests.loader.elves import Library, narrow_elf_bytes, write, write_all

if TYPE_CHECKING:
    from pathlib import Path

A = Library(soname="liba.so.1")


def musl_loader(root: Path, executable: Library, **environ: str) -> Loader:
    """Start a program whose interpreter is a musl under the root."""
    linker = write(root / "lib/ld-musl-x86_64.so.1", Library(soname="libc.so"))
    needed = (*executable.needed, "libc.so")
    program = msgspec.structs.replace(executable, kind=2, interp=str(linker), needed=needed)
    return Loader(Disk(str(root)), str(write(root / "bin/program", program)), environ)


def test_the_path_file_beside_the_loader_gives_the_default_directories(tmp_path: Path) -> None:
    """Lines or colons."""
    write_all([(tmp_path / "etc/ld-musl-x86_64.path", f"/none\n{tmp_path}/x:{tmp_path}/y\n".encode())])
    write(tmp_path / "y/liba.so.1", A)
    opened = musl_loader(tmp_path, Library()).open("liba.so.1", str(tmp_path / "bin/program"))
    assert (opened.path, opened.found_via) == (f"{tmp_path}/y/liba.so.1", "default directory")
    assert opened.looked == ("/none", f"{tmp_path}/x", f"{tmp_path}/y")


def test_without_a_path_file_three_directories_are_tried(tmp_path: Path) -> None:
    """And no ld.so.cache."""
    opened = musl_loader(tmp_path, Library()).open("libnone.so.1", str(tmp_path / "bin/program"))
    assert opened.looked == ("/lib", "/usr/local/lib", "/usr/lib")


def test_library_path_comes_before_rpath(tmp_path: Path) -> None:
    """Unlike glibc."""
    write_all([(tmp_path / name / "liba.so.1", A) for name in "xy"])
    loader = musl_loader(tmp_path, Library(rpath=f"{tmp_path}/x"), LD_LIBRARY_PATH=f"{tmp_path}/y")
    assert loader.open("liba.so.1", str(tmp_path / "bin/program")).found_via == "LD_LIBRARY_PATH"


def test_dlopen_searches_for_the_executable_whoever_asks(tmp_path: Path) -> None:
    """The caller's runpath does not count, the executable's does."""
    write_all([(tmp_path / name / "liba.so.1", A) for name in "xy"])
    caller = write(tmp_path / "app/caller.so", Library(runpath=f"{tmp_path}/x"))
    assert not musl_loader(tmp_path, Library()).open("liba.so.1", str(caller)).ok
    opened = musl_loader(tmp_path, Library(runpath=f"{tmp_path}/y")).open("liba.so.1", str(caller))
    assert (opened.path, opened.found_via) == (f"{tmp_path}/y/liba.so.1", "runpath of program")


def test_a_runpath_is_inherited(tmp_path: Path) -> None:
    """Unlike glibc."""
    write_all(
        [
            (tmp_path / "x/liba.so.1", Library(needed=("libb.so.1",), runpath="$ORIGIN/b:$ORIGIN/c")),
            (tmp_path / "x/b/libb.so.1", Library(needed=("libc_.so.1",))),
            (tmp_path / "x/c/libc_.so.1", A),
        ]
    )
    loader = musl_loader(tmp_path, Library(), LD_LIBRARY_PATH=f"{tmp_path}/x")
    assert loader.open("liba.so.1", str(tmp_path / "bin/program")).ok


def test_another_token_than_origin_voids_a_path(tmp_path: Path) -> None:
    """All of it."""
    write(tmp_path / "bin/liba.so.1", A)
    program = str(tmp_path / "bin/program")
    assert musl_loader(tmp_path, Library(runpath="$ORIGIN")).open("liba.so.1", program).ok
    assert not musl_loader(tmp_path, Library(runpath="$ORIGIN:/$LIB")).open("liba.so.1", program).ok


@pytest.mark.parametrize("name", ["libc.so.6", "libpthread.so.0", "libm.so.6", "libdl.so.2", "librt.so.1", "libc.so"])
def test_the_parts_of_the_c_library_are_musl_itself(name: str, tmp_path: Path) -> None:
    """Which is why a glibc library half loads."""
    opened = musl_loader(tmp_path, Library()).open(name, str(tmp_path / "bin/program"))
    assert (opened.path, opened.found_via) == (f"{tmp_path}/lib/ld-musl-x86_64.so.1", "already loaded")


def test_a_soname_is_not_a_name(tmp_path: Path) -> None:
    """Only the file's name in a search is."""
    write_all([(tmp_path / "x/q.so", A), (tmp_path / "y/liba.so.1", A)])
    loader = musl_loader(tmp_path, Library(), LD_LIBRARY_PATH=f"{tmp_path}/y")
    program = str(tmp_path / "bin/program")
    assert loader.open(f"{tmp_path}/x/q.so", program).ok
    assert loader.open("liba.so.1", program).path == f"{tmp_path}/y/liba.so.1"


def test_the_first_file_decides_and_versions_do_not(tmp_path: Path) -> None:
    """No passing over of another architecture; symbol versions are not compared."""
    required = (("libb.so.1", "V2", False),)
    write_all(
        [
            (tmp_path / "x/liba.so.1", narrow_elf_bytes()),
            (tmp_path / "y/liba.so.1", A),
            (tmp_path / "y/libq.so.1", Library(needed=("libb.so.1",), required=required)),
            (tmp_path / "y/libb.so.1", Library(provided=("libb.so.1", "V1"))),
        ]
    )
    loader = musl_loader(tmp_path, Library(), LD_LIBRARY_PATH=f"{tmp_path}/x:{tmp_path}/y")
    program = str(tmp_path / "bin/program")
    opened = loader.open("liba.so.1", program)
    assert (opened.ok, [each.fatal for each in opened.rejected]) == (False, [True])
    assert loader.open("libq.so.1", program).ok


def test_preloading_does_not_use_the_executables_paths(tmp_path: Path) -> None:
    """It is on nobody's behalf."""
    write(tmp_path / "x/liba.so.1", A)
    loader = musl_loader(tmp_path, Library(runpath=f"{tmp_path}/x"), LD_PRELOAD="liba.so.1")
    assert [each.ok for each in loader.preloads] == [False]
