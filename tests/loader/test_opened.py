"""What an ``Opened`` tells beside the verdict: the way there, and what was in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kdoctor.host import Unreadable
from kdoctor.loader.opened import Rejected
from kdoctor.loader.search import Loader
from tests.loader.disk import Disk
from tests.loader.elves import Library, narrow_elf_bytes, write, write_all

if TYPE_CHECKING:
    from pathlib import Path

    from kdoctor.host.elf import Elf
    from kdoctor.loader.opened import Opened

A = Library(soname="liba.so.1")


def ask(root: Path, caller: Library, *names: str, library_path: str = "", preload: str = "") -> tuple[Opened, ...]:
    """Ask from a library in ``app``, in a process without an executable of its own."""
    asker = write(root / "app/caller.so", caller)
    loader = Loader(Disk(str(root)), None, {"LD_LIBRARY_PATH": library_path, "LD_PRELOAD": preload})
    return tuple(loader.open(name, str(asker)) for name in names)


def test_a_find_names_its_step_and_the_directories_before_it(tmp_path: Path) -> None:
    """The directory of the find is the last; each is named once."""
    write_all([(tmp_path / "y/liba.so.1", A), (tmp_path / "real/libx", A)])
    (opened,) = ask(tmp_path, Library(runpath=f"{tmp_path}/n:{tmp_path}/y/:{tmp_path}/n/"), "liba.so.1")
    assert opened.found_via == "runpath of caller.so"
    assert opened.looked == (f"{tmp_path}/n", f"{tmp_path}/y")
    assert (opened.path, opened.realpath) == (f"{tmp_path}/y/liba.so.1", f"{tmp_path}/y/liba.so.1")
    assert opened.ok


@pytest.mark.parametrize(
    ("caller", "library_path", "via"),
    [
        (Library(rpath="@/x"), "", "rpath of caller.so"),
        (Library(runpath="@/x"), "", "runpath of caller.so"),
        (Library(runpath="@/n"), "@/x", "LD_LIBRARY_PATH"),
    ],
    ids=["rpath", "runpath", "library-path"],
)
def test_each_step_has_its_words(caller: Library, library_path: str, via: str, tmp_path: Path) -> None:
    """As people write them."""
    write(tmp_path / "x/liba.so.1", A)
    paths = {
        name: value and value.replace("@", str(tmp_path))
        for name, value in (("r", caller.rpath), ("u", caller.runpath))
    }
    placed = Library(rpath=paths["r"], runpath=paths["u"])
    (opened,) = ask(tmp_path, placed, "liba.so.1", library_path=library_path.replace("@", str(tmp_path)))
    assert opened.found_via == via


def test_a_miss_lists_every_directory_tried(tmp_path: Path) -> None:
    """The cache at its place, then the system's directories."""
    (opened,) = ask(tmp_path, Library(runpath="$ORIGIN/lib"), "libnone.so.1", library_path=f"{tmp_path}/x")
    assert (opened.path, opened.found_via, opened.ok) == ("", "", False)
    assert opened.looked[:2] == (f"{tmp_path}/x", f"{tmp_path}/app/lib")
    assert opened.looked[-1] == "/usr/lib" or opened.looked[-1].startswith("/usr/lib64")


def test_later_copies_are_other_files_only(tmp_path: Path) -> None:
    """A link to the file that was found is none, nor is one of another architecture or a damaged one."""
    write_all(
        [(tmp_path / "x/liba.so.1", A), (tmp_path / "z/liba.so.1", A), (tmp_path / "w/liba.so.1", narrow_elf_bytes())]
    )
    for directory in ("l", "m"):
        (tmp_path / directory).mkdir()
    (tmp_path / "l/liba.so.1").symlink_to("../x/liba.so.1")
    (tmp_path / "m/liba.so.1").symlink_to("../z/liba.so.1")
    places = ":".join(f"{tmp_path}/{name}" for name in "xlwzm")
    first, second = ask(tmp_path, Library(), "liba.so.1", "liba.so.1", library_path=places)
    assert first.later_copies == (f"{tmp_path}/z/liba.so.1",)
    assert (second.found_via, second.path) == ("already loaded", first.path)
    assert second.later_copies == first.later_copies


def test_rejected_files_tell_whether_the_search_went_on(tmp_path: Path) -> None:
    """Another architecture is passed over, text is the end."""
    write_all([(tmp_path / "x/liba.so.1", Library(machine=183)), (tmp_path / "y/liba.so.1", b"text" * 20)])
    (opened,) = ask(tmp_path, Library(), "liba.so.1", library_path=f"{tmp_path}/x:{tmp_path}/y:{tmp_path}/z")
    assert opened.rejected == (
        Rejected(
            path=f"{tmp_path}/x/liba.so.1", reason="wrong architecture: aarch64 in a process for x86_64", fatal=False
        ),
        Rejected(path=f"{tmp_path}/y/liba.so.1", reason="invalid ELF header", fatal=True),
    )
    assert str(opened.rejected[1]) == f"{tmp_path}/y/liba.so.1: invalid ELF header"
    assert opened.looked == (f"{tmp_path}/x", f"{tmp_path}/y")


def test_missing_names_every_soname_and_who_needs_it(tmp_path: Path) -> None:
    """All of them, not the first alone as glibc says."""
    write_all(
        [
            (tmp_path / "x/liba.so.1", Library(needed=("libb.so.1", "libq.so.1"))),
            (tmp_path / "x/libb.so.1", Library(needed=("libr.so.1",))),
        ]
    )
    (opened,) = ask(tmp_path, Library(), "liba.so.1", library_path=f"{tmp_path}/x")
    assert opened.path == f"{tmp_path}/x/liba.so.1"
    assert opened.missing == (("libq.so.1", f"{tmp_path}/x/liba.so.1"), ("libr.so.1", f"{tmp_path}/x/libb.so.1"))
    assert not opened.ok


def test_a_version_error_is_put_as_glibc_puts_it(tmp_path: Path) -> None:
    """Provider, version, who requires it."""
    required = (("libb.so.1", "B_2", False), ("libb.so.1", "B_1", False))
    write_all(
        [
            (tmp_path / "x/liba.so.1", Library(needed=("libb.so.1",), required=required)),
            (tmp_path / "x/libb.so.1", Library(soname="libb.so.1", provided=("libb.so.1", "B_1"))),
        ]
    )
    (opened,) = ask(tmp_path, Library(), "liba.so.1", library_path=f"{tmp_path}/x")
    text = f"{tmp_path}/x/libb.so.1: version `B_2' not found (required by {tmp_path}/x/liba.so.1)"
    assert opened.version_errors == (text,)


def test_a_preloaded_library_is_found_as_such(tmp_path: Path) -> None:
    """By the variable, and by the method."""
    write_all([(tmp_path / "p/liba.so.1", A), (tmp_path / "x/liba.so.1", A)])
    (opened,) = ask(tmp_path, Library(), "liba.so.1", library_path=f"{tmp_path}/x", preload=f"{tmp_path}/p/liba.so.1")
    assert (opened.path, opened.found_via) == (f"{tmp_path}/p/liba.so.1", "LD_PRELOAD")
    assert opened.later_copies == (f"{tmp_path}/x/liba.so.1",)
    loader = Loader(Disk(str(tmp_path)), None, {"LD_LIBRARY_PATH": f"{tmp_path}/x"})
    assert loader.preload(f"{tmp_path}/p/liba.so.1").ok
    assert loader.open("liba.so.1", f"{tmp_path}/app/caller.so").found_via == "LD_PRELOAD"


def test_what_could_not_be_preloaded_is_told(tmp_path: Path) -> None:
    """The process starts all the same."""
    loader = Loader(Disk(str(tmp_path)), None, {"LD_PRELOAD": f"{tmp_path}/none.so"})
    assert [(each.name, each.ok) for each in loader.preloads] == [(f"{tmp_path}/none.so", False)]
    assert not loader.startup.missing


def test_a_relative_path_needs_a_current_directory(tmp_path: Path) -> None:
    """Where there is none, as in a recorded machine, nothing is made up."""
    write(tmp_path / "liba.so.1", A)
    asker = write(tmp_path / "app/caller.so", Library(runpath=":sub"))
    disk = Disk(str(tmp_path))
    assert Loader(disk, None, {}).open("liba.so.1", str(asker)).ok
    disk.cwd = ""
    assert not Loader(disk, None, {}).open("liba.so.1", str(asker)).ok


def test_a_caller_that_cannot_load_asks_as_the_executable(tmp_path: Path) -> None:
    """Its own paths are unknown."""
    write_all([(tmp_path / "x/liba.so.1", A), (tmp_path / "app/caller.so", b"text" * 20)])
    loader = Loader(Disk(str(tmp_path)), None, {"LD_LIBRARY_PATH": f"{tmp_path}/x"})
    assert loader.open("liba.so.1", f"{tmp_path}/app/caller.so").ok


class Guarded(Disk):
    """A disk on which one directory cannot be listed and one file cannot be read."""

    def list(self, directory: str) -> tuple[str, ...] | Unreadable:
        """Refuse for directories named ``shut``."""
        return Unreadable(directory, "denied") if directory.endswith("/shut") else super().list(directory)

    def elf(self, path: str) -> Elf | Unreadable:
        """Refuse for files in directories named ``locked``."""
        return Unreadable(path, "denied") if "/locked/" in path else super().elf(path)


def test_a_directory_that_cannot_be_listed_is_still_searched(tmp_path: Path) -> None:
    """Opening a file needs no right to list."""
    write(tmp_path / "shut/liba.so.1", A)
    loader = Loader(Guarded(str(tmp_path)), None, {"LD_LIBRARY_PATH": f"{tmp_path}/shut"})
    assert loader.open("liba.so.1", f"{tmp_path}/none").ok
    assert not loader.open("libb.so.1", f"{tmp_path}/none").ok


def test_a_file_that_may_not_be_read_is_passed_over(tmp_path: Path) -> None:
    """As glibc does on EACCES."""
    write_all([(tmp_path / "locked/liba.so.1", A), (tmp_path / "x/liba.so.1", A)])
    loader = Loader(Guarded(str(tmp_path)), None, {"LD_LIBRARY_PATH": f"{tmp_path}/locked:{tmp_path}/x"})
    opened = loader.open("liba.so.1", f"{tmp_path}/none")
    assert opened.path == f"{tmp_path}/x/liba.so.1"
    assert [each.reason for each in opened.rejected] == ["permission denied"]
