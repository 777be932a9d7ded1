"""Where a directory may be made, what becomes of it, and what a start after a kill removes and leaves alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from kdoctor.host import rename
from kdoctor.host.lock import Record, take
from kdoctor.host.owner import Owner, is_dead_here, this_owner
from kdoctor.host.place import refuse
from kdoctor.host.recovery import MARKER, Marker
from kdoctor.host.workspace import workspace
from kdoctor.model.trouble import Trouble
from tests.fix.asking import names

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
DEAD = Owner(
    pid=2**22 + 5, started="1", host=this_owner().host, boot=this_owner().boot, namespace=this_owner().namespace
)


def made(folder: Path, name: str, *, sign: str = "conda-meta") -> Path:
    """An environment with one file."""
    (folder / name / sign).mkdir(parents=True)
    (folder / name / "old.txt").write_text("old", encoding="utf-8")
    return folder / name


def put(target: Path, *, replace: bool = False) -> None:
    """Make a target that holds one file."""
    with workspace(str(target), replace=replace) as space:
        space.write("bin/new.txt", b"new")
        space.commit()


def left(target: Path, owner: Owner, *, state: str = "making", marked: bool = True) -> Path:
    """A staging directory as a killed kdoctor leaves it."""
    staging = target.parent / f".{target.name}.kdoctor-0123abcd"
    (staging / "prefix/bin").mkdir(parents=True)
    if marked:
        marker = {"owner": msgspec.to_builtins(owner), "target": str(target), "state": state}
        (staging / MARKER).write_bytes(msgspec.json.encode(marker))
    return staging


def reference(call: Callable[[], object]) -> str:
    """The reference of the trouble that a call must raise."""
    with pytest.raises(Trouble) as caught:
        call()
    return caught.value.reference


def test_what_is_committed_is_there_and_nothing_else(tmp_path: Path) -> None:
    put(tmp_path / "a/b c/ö/env")
    assert (tmp_path / "a/b c/ö/env/bin/new.txt").read_bytes() == b"new"
    assert names(tmp_path / "a/b c/ö") == ["env"]
    assert (tmp_path / "a/b c/ö/env").stat().st_mode & 0o777 == 0o755


def test_what_is_not_committed_is_gone_with_the_directories_made_for_it(tmp_path: Path) -> None:
    with workspace(str(tmp_path / "a/b/env")) as space:
        space.write("x", b"y")
        assert names(tmp_path / "a/b")[0].startswith(".env.kdoctor-")
    assert names(tmp_path) == []


def test_a_marker_names_the_owner(tmp_path: Path) -> None:
    with workspace(str(tmp_path / "env")) as space:
        marker = msgspec.json.decode(Path(space.staging, MARKER).read_bytes(), type=Marker)
    assert (marker.owner.pid, marker.owner.host, marker.target) == (
        os.getpid(),
        os.uname().nodename,
        str(tmp_path / "env"),
    )
    assert not is_dead_here(marker.owner)


def test_replacing_exchanges_and_removes_the_old_one(tmp_path: Path) -> None:
    target = made(tmp_path, "env")
    put(target, replace=True)
    assert (names(target), names(tmp_path)) == (["bin"], ["env"])


def test_without_an_exchange_two_renames_do_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system call is replaced: no file system at hand is without it."""
    monkeypatch.setattr(rename, "_NOREPLACE", 1 << 20)
    monkeypatch.setattr(rename, "_EXCHANGE", 1 << 20)
    target = made(tmp_path, "env")
    put(target, replace=True)
    put(tmp_path / "other")
    assert (names(target), names(tmp_path)) == (["bin"], ["env", "other"])


def test_a_swap_that_was_killed_half_way_is_put_back(tmp_path: Path) -> None:
    target = tmp_path / "env"
    staging = left(target, DEAD, state="swapping")
    made(tmp_path, "was").rename(staging / "old")
    with pytest.raises(Trouble, match="exists"):
        put(target)
    assert (names(target), names(tmp_path)) == (["conda-meta", "old.txt"], ["env"])


def test_a_target_that_appears_meanwhile_is_not_touched(tmp_path: Path) -> None:
    def act() -> None:
        with workspace(str(tmp_path / "env")) as space:
            (tmp_path / "env").mkdir()
            space.commit()

    assert reference(act) == "prefix-exists"
    assert names(tmp_path) == ["env"]
    assert names(tmp_path / "env") == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("taken", "prefix-exists"),
        ("base/inner", "prefix-inside-environment"),
        ("base/lib/inner", "prefix-inside-environment"),
        ("venv/inner", "prefix-inside-environment"),
        ("file/env", "prefix-parent-no-directory"),
        ("a\nb", "prefix-odd-characters"),
        ('a"b', "prefix-odd-characters"),
        ("a:b", "prefix-odd-characters"),
        ("a\udcffb", "prefix-not-text"),
        ("x" * 254, "prefix-too-long"),
    ],
)
def test_a_place_that_will_not_do_is_refused(tmp_path: Path, name: str, expected: str) -> None:
    made(tmp_path, "taken")
    made(tmp_path, "base")
    (tmp_path / "base/lib").mkdir()
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv/pyvenv.cfg").touch()
    (tmp_path / "file").touch()
    before = names(tmp_path)
    assert reference(lambda: put(tmp_path / name)) == expected
    assert names(tmp_path) == before


@pytest.mark.parametrize("path", ["env", "/", "", "/a//b", "/a/", "/a/../b"])
def test_what_is_no_absolute_path_is_a_slip(path: str) -> None:
    assert reference(lambda: refuse(path, replace=False)) == "prefix-not-a-path"


def test_what_exists_is_refused_after_what_was_left_beside_it_is_removed(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    left(tmp_path / "env", DEAD)
    assert reference(lambda: put(tmp_path / "env")) == "prefix-exists"
    assert names(tmp_path) == ["env"]


@pytest.mark.parametrize("link", [False, True])
def test_only_an_environment_is_replaced(tmp_path: Path, link: bool) -> None:  # noqa: FBT001
    (tmp_path / "home").mkdir()
    (tmp_path / "home/letter.txt").touch()
    target = tmp_path / "home"
    if link:
        target = tmp_path / "link"
        target.symlink_to(made(tmp_path, "real"))
    expected = "prefix-no-directory" if link else "prefix-no-environment"
    assert reference(lambda: put(target, replace=True)) == expected
    assert names(tmp_path / "home") == ["letter.txt"]


def test_a_base_installation_and_kdoctors_own_are_not_replaced(tmp_path: Path) -> None:
    (made(tmp_path, "base") / "envs").mkdir()
    assert reference(lambda: put(tmp_path / "base", replace=True)) == "prefix-is-base"
    assert reference(lambda: refuse(os.path.realpath(sys.prefix), replace=True)) in (
        "prefix-is-own",
        "prefix-no-environment",
    )


def test_the_envs_folder_of_a_base_is_where_environments_belong(tmp_path: Path) -> None:
    made(tmp_path, "base")
    put(tmp_path / "base/envs/new")
    assert names(tmp_path / "base/envs") == ["new"]


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_parent_without_the_right_to_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    assert reference(lambda: put(tmp_path / "locked/env")) == "prefix-read-only"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is read-only in its own way")
def test_a_file_system_that_takes_no_directory_is_one_trouble() -> None:
    assert reference(lambda: put(Path("/proc/kdoctor/env"))) in ("disk-failed", "prefix-read-only")


def test_free_space_is_asked_before(tmp_path: Path) -> None:
    assert reference(lambda: workspace(str(tmp_path / "a/env"), need_bytes=1 << 60).__enter__()) == "disk-too-small"
    assert names(tmp_path) == []


def test_what_a_dead_owner_left_is_removed(tmp_path: Path) -> None:
    target = tmp_path / "env"
    left(target, DEAD)
    put(target)
    assert names(tmp_path) == ["env"]


@pytest.mark.parametrize(
    "owner",
    [
        this_owner(),
        msgspec.structs.replace(DEAD, host="elsewhere"),
        msgspec.structs.replace(DEAD, namespace="pid:[1]"),
    ],
)
def test_what_a_living_or_unknown_owner_left_stays(tmp_path: Path, owner: Owner) -> None:
    target = tmp_path / "env"
    staging = left(target, owner)
    put(target)
    assert staging.is_dir()
    assert names(tmp_path)[:2] == [staging.name, "env"][:1] + names(tmp_path)[1:2]


def test_an_owner_of_before_the_last_boot_is_dead(tmp_path: Path) -> None:
    target = tmp_path / "env"
    left(target, msgspec.structs.replace(this_owner(), boot="earlier"))
    put(target)
    assert names(tmp_path) == ["env"]


@pytest.mark.parametrize("content", [None, b"{", b"{}"])
def test_an_unmarked_directory_of_that_name_stays(tmp_path: Path, content: bytes | None) -> None:
    target = tmp_path / "env"
    staging = left(target, DEAD, marked=False)
    if content is not None:
        (staging / MARKER).write_bytes(content)
    put(target)
    assert (staging / "prefix/bin").is_dir()


def test_a_kill_before_the_marker_is_told_by_the_lock(tmp_path: Path) -> None:
    target = tmp_path / "new/env"
    staging = target.parent / ".env.kdoctor-0123abcd"
    staging.mkdir(parents=True)
    record = Record(owner=DEAD, staging=staging.name, parents=(str(target.parent),))
    (target.parent / ".env.kdoctor-lock").write_bytes(msgspec.json.encode(record))
    with workspace(str(target)):
        assert not staging.exists()
    assert names(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"{", b'{"owner": 1}', b"\xff\xfe"])
def test_a_lock_file_that_says_nothing_is_taken_over(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".env.kdoctor-lock").write_bytes(content)
    put(tmp_path / "env")
    assert names(tmp_path) == ["env"]


def test_a_held_lock_names_its_holder_and_is_waited_for(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    lock = take(path, wait_s=0)
    lock.write(Record(owner=this_owner()))
    told: list[str] = []
    with pytest.raises(Trouble, match=rf"process {os.getpid()} on .*, since \d{{4}}-"):
        take(path, wait_s=0.12, on_wait=told.append)
    lock.release()
    assert len(told) == 1
    take(path, wait_s=0).release()
    assert names(tmp_path) == []


def test_a_name_as_long_as_a_file_system_allows_still_has_room(tmp_path: Path) -> None:
    name = "n" * min(210, 253 - len(os.fsencode(tmp_path)))
    put(tmp_path / name)
    assert names(tmp_path) == [name]


def test_directories_without_the_right_to_write_are_removed_all_the_same(tmp_path: Path) -> None:
    with workspace(str(tmp_path / "env")) as space:
        space.write("lib/deep/x", b"y")
        Path(space.prefix, "lib/deep").chmod(0o500)
        Path(space.prefix, "lib").chmod(0o500)
    assert names(tmp_path) == []


def test_what_fsync_and_rename_promise_is_asked_of_the_system(tmp_path: Path) -> None:
    rename.write_file(str(tmp_path / "a"), b"1")
    rename.sync_tree(str(tmp_path))
    with pytest.raises(FileExistsError):
        rename.rename_new(str(tmp_path / "a"), str(tmp_path))
    assert names(tmp_path) == ["a"]
