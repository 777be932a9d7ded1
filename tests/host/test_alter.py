"""A change in place is whole or not there, and undoing it leaves every byte, mode, time and link as it was."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from kdoctor.host.alter import carry_out, recorded
from kdoctor.host.owner import Owner, this_owner
from kdoctor.host.restore import changed_since, restore
from kdoctor.host.store import Manifest, Record, locked, records
from kdoctor.model.change import Change, MakeLink, RemoveFile, WriteFile
from kdoctor.model.trouble import Trouble
from tests.fix.in_place.trees import age, manifest, of, tree

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a file, a link and a program, all of long ago."""
    folder = tmp_path / "place ü"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.json").write_bytes(b'{"backend": "theano"}')
    (folder / "a.json").chmod(0o640)
    (folder / "link").symlink_to("a.json")
    (folder / "sub/run").write_bytes(b"#!/bin/sh\n")
    (folder / "sub/run").chmod(0o755)
    age(folder)
    return folder


def everything(place: Path) -> Change:
    """One edit of each kind, one of them below directories that do not exist yet."""
    return of(
        WriteFile(path=f"{place}/a.json", before=b'{"backend": "theano"}', after=b'{"backend": "jax"}'),
        WriteFile(path=f"{place}/new/deep/b.sh", before=None, after=b"true\n"),
        RemoveFile(path=f"{place}/sub/run", before=b"#!/bin/sh\n"),
        MakeLink(path=f"{place}/sub/lib.so", target="../elsewhere/lib.so"),
    )


def do(store: Path, change: Change, *, title: str = "a test") -> Record:
    """Do all edits of a change."""
    with locked(str(store), wait_s=0), recorded(str(store), manifest(title), change) as record:
        for edit in change.edits:
            carry_out(edit, record)
    return record


def reference(call: Callable[[], object]) -> str:
    """The reference of the trouble that a call must raise."""
    with pytest.raises(Trouble) as caught:
        call()
    return caught.value.reference


def test_a_change_is_done_and_undone_to_the_byte(place: Path, tmp_path: Path) -> None:
    before = tree(place)
    record = do(tmp_path / "store", everything(place))
    assert (place / "a.json").read_bytes() == b'{"backend": "jax"}'
    assert (place / "a.json").stat().st_mode & 0o777 == 0o640
    assert (place / "new/deep/b.sh").read_bytes() == b"true\n"
    assert not (place / "sub/run").exists()
    assert str((place / "sub/lib.so").readlink()) == "../elsewhere/lib.so"
    assert not list(place.glob(".kdoctor*"))
    assert changed_since(record) == ()
    paths = restore(record)
    assert tree(place) == before
    assert [path.removeprefix(f"{place}/") for path in paths] == ["a.json", "new/deep/b.sh", "sub/lib.so", "sub/run"]


def test_the_store_is_for_its_owner_alone(place: Path, tmp_path: Path) -> None:
    record = do(tmp_path / "store", everything(place))
    modes = [path.stat().st_mode & 0o077 for path in (tmp_path / "store", Path(record.folder))]
    assert (modes, record.manifest.id, record.manifest.stage) == ([0, 0], "1", "done")


@pytest.mark.parametrize("fault", [ValueError("a bug"), KeyboardInterrupt(), SystemExit(143)])
def test_whatever_is_raised_on_the_way_is_put_back(place: Path, tmp_path: Path, fault: BaseException) -> None:
    before, change = tree(place), everything(place)

    def act() -> None:
        with locked(str(tmp_path / "store"), wait_s=0), recorded(str(tmp_path / "store"), manifest(), change) as record:
            for edit in change.edits:
                carry_out(edit, record)
            raise fault

    with pytest.raises(type(fault)):
        act()
    assert tree(place) == before
    assert records(str(tmp_path / "store")) == ()


@pytest.mark.parametrize(
    "edit",
    [
        WriteFile(path="a.json", before=b"other", after=b"x"),
        WriteFile(path="a.json", before=None, after=b"x"),
        RemoveFile(path="sub/run", before=b"other"),
        RemoveFile(path="gone", before=b"other"),
        MakeLink(path="link", target="x"),
    ],
)
def test_what_changed_since_the_plan_is_not_touched(
    place: Path, tmp_path: Path, edit: WriteFile | RemoveFile | MakeLink
) -> None:
    before = tree(place)
    good, *_ = everything(place).edits
    late = msgspec.structs.replace(edit, path=f"{place}/{edit.path}")
    other = WriteFile(path=f"{place}/c", before=None, after=b"c")
    assert good != late
    assert reference(lambda: do(tmp_path / "store", of(other, late))) == "changed-meanwhile"
    assert tree(place) == before


def test_a_link_is_never_replaced_by_a_file(place: Path, tmp_path: Path) -> None:
    before = tree(place)
    edit = WriteFile(path=f"{place}/link", before=b'{"backend": "theano"}', after=b"x")
    assert reference(lambda: do(tmp_path / "store", of(edit))) == "disk-failed"
    assert tree(place) == before


def test_what_somebody_changed_since_is_told(place: Path, tmp_path: Path) -> None:
    record = do(tmp_path / "store", everything(place))
    (place / "a.json").write_bytes(b"{}")
    (place / "new/mine").write_bytes(b"")
    (place / "sub/run").write_bytes(b"")
    assert [path.removeprefix(f"{place}/") for path in changed_since(record)] == ["a.json", "new/mine", "sub/run"]


def test_what_came_later_into_a_new_directory_stays(place: Path, tmp_path: Path) -> None:
    record = do(tmp_path / "store", everything(place))
    (place / "new/mine").write_bytes(b"mine")
    restore(record)
    assert (place / "new/mine").read_bytes() == b"mine"
    assert not (place / "new/deep").exists()


def test_of_what_is_gone_altogether_nothing_is_made_again(place: Path, tmp_path: Path) -> None:
    record = do(tmp_path / "store", everything(place))
    shutil.rmtree(place)
    assert changed_since(record) == (f"{place}/a.json",)
    restore(record)
    assert (place.exists(), record.manifest.stage) == (False, "undone")


def test_modes_survive_a_change_of_content(place: Path, tmp_path: Path) -> None:
    (place / "sub/run").chmod(0o6755)
    before = tree(place)
    edit = WriteFile(path=f"{place}/sub/run", before=b"#!/bin/sh\n", after=b"#!/bin/bash\n")
    record = do(tmp_path / "store", of(edit))
    assert (place / "sub/run").stat().st_mode & 0o7777 == 0o6755
    restore(record)
    assert tree(place) == before


def test_changes_are_a_stack(place: Path, tmp_path: Path) -> None:
    first = tree(place)
    one = WriteFile(path=f"{place}/a.json", before=b'{"backend": "theano"}', after=b"1")
    do(tmp_path / "store", of(one))
    second = tree(place)
    do(tmp_path / "store", of(WriteFile(path=f"{place}/a.json", before=b"1", after=b"2")))
    lower, upper = records(str(tmp_path / "store"))
    assert changed_since(lower) == (f"{place}/a.json",)
    restore(upper)
    assert tree(place) == second
    assert changed_since(lower) == ()
    restore(lower)
    assert tree(place) == first


def test_one_at_a_time(tmp_path: Path) -> None:
    with locked(str(tmp_path / "store"), wait_s=0):
        assert reference(lambda: locked(str(tmp_path / "store"), wait_s=0).__enter__()) == "change-busy"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": "1"}', b"\xff"])
def test_a_broken_manifest_is_one_trouble_that_names_it(place: Path, tmp_path: Path, content: bytes) -> None:
    record = do(tmp_path / "store", everything(place))
    Path(record.folder, "manifest.json").write_bytes(content)
    with pytest.raises(Trouble, match=r"manifest\.json is damaged") as caught:
        records(str(tmp_path / "store"))
    assert caught.value.hint.startswith("Its saved files are in ")


def test_a_record_of_a_newer_kdoctor_is_refused(place: Path, tmp_path: Path) -> None:
    record = do(tmp_path / "store", everything(place))
    newer = msgspec.structs.replace(record.manifest, schema=2)
    Path(record.folder, "manifest.json").write_bytes(msgspec.json.encode(newer))
    assert reference(lambda: records(str(tmp_path / "store"))) == "record-newer"


def test_a_record_that_was_only_begun_is_none(tmp_path: Path) -> None:
    (tmp_path / "store/3").mkdir(parents=True)
    (tmp_path / "store/4").mkdir()
    (tmp_path / "store/4/manifest.json.part").write_bytes(b"{")
    assert records(str(tmp_path / "store")) == ()


def test_a_manifest_names_its_owner_and_rule(place: Path, tmp_path: Path) -> None:
    record = do(tmp_path / "store", everything(place), title="correct the backend")
    read = msgspec.json.decode(Path(record.folder, "manifest.json").read_bytes(), type=Manifest)
    owner: Owner = this_owner()
    assert (read.owner.pid, read.rule, read.title) == (owner.pid, "KD403", "correct the backend")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=False)
    if made.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_everything_as_it_was(small: Path, tmp_path: Path) -> None:
    (small / "a").write_bytes(b"a")
    (small / "filling").write_bytes(b"x" * 40_000)
    age(small)
    before = tree(small)
    change = of(
        WriteFile(path=f"{small}/b", before=None, after=b"b"),
        WriteFile(path=f"{small}/a", before=b"a", after=b"x" * 60_000),
    )
    assert reference(lambda: do(tmp_path / "store", change)) == "disk-full"
    assert tree(small) == before
    assert records(str(tmp_path / "store")) == ()


def test_a_full_disk_for_the_record_changes_nothing(small: Path, place: Path) -> None:
    before = tree(place)
    assert reference(lambda: do(small / "store", everything(place))) == "disk-too-small"
    assert tree(place) == before


def test_a_read_only_disk_is_refused_before_anything_is_saved(small: Path, tmp_path: Path) -> None:
    (small / "a").write_bytes(b"a")
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    change = of(WriteFile(path=f"{small}/a", before=b"a", after=b"b"))
    assert reference(lambda: do(tmp_path / "store", change)) == "target-read-only"
    assert records(str(tmp_path / "store")) == ()


def test_undoing_on_a_read_only_disk_is_refused_and_can_be_done_later(small: Path, tmp_path: Path) -> None:
    (small / "a").write_bytes(b"a")
    record = do(tmp_path / "store", of(WriteFile(path=f"{small}/a", before=b"a", after=b"b")))
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    assert (reference(lambda: restore(record)), record.manifest.stage) == ("target-read-only", "done")
    subprocess.run(["mount", "-o", "remount,rw", str(small)], check=True)
    restore(record)
    assert (small / "a").read_bytes() == b"a"


def test_a_store_that_cannot_be_made_is_one_trouble(place: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert reference(lambda: do(tmp_path / "file/store", everything(place))) == "store-unwritable"
