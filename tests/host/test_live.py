"""Reading this machine: every kind of path gives a value or the reason why not, and none of them blocks or raises."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import stat
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kdoctor.host import FileStat, Process, Unreadable, exists, is_directory, is_file, names_in, text_of
from kdoctor.host.files import Files
from kdoctor.host.live import LiveHost

NOBODY = 65534


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def shared() -> Iterator[Path]:
    """A directory that every user can enter, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="kdoctor-test-"))
    folder.chmod(0o755)
    yield folder
    for directory in folder.rglob("*"):
        if directory.is_dir() and not directory.is_symlink():
            directory.chmod(0o755)
    shutil.rmtree(folder)


@contextlib.contextmanager
def not_root() -> Iterator[None]:
    """Go on as a user without rights, where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def reason(found: object) -> str:
    return found.reason if isinstance(found, Unreadable) else f"no reason but {found!r}"


def reasons(files: Files, path: str) -> dict[str, str]:
    """The reason that each of the functions gives for the path."""
    return {
        "read_bytes": reason(files.read_bytes(path)),
        "read_text": reason(files.read_text(path)),
        "list": reason(files.list(path)),
        "resolve": reason(files.resolve(path)),
        "stat": reason(files.stat(path)),
        "elf": reason(files.elf(path)),
    }


@pytest.mark.parametrize("path", ["/no/such", "/etc/passwd/x", "/etc/a\0b", "", "/\ud800", "/no/such/../../etc"])
def test_what_is_not_there_is_absent_to_every_function(files: Files, path: str) -> None:
    assert set(reasons(files, path).values()) == {"absent"}


def test_a_name_too_long_is_broken_and_no_crash(files: Files) -> None:
    assert set(reasons(files, "/" + "x" * 300).values()) == {"broken"}
    assert set(reasons(files, "/x" * 3000).values()) <= {"broken", "absent"}


def test_a_loop_of_links_is_told_as_one(files: Files, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert set(reasons(files, str(tmp_path / "a")).values()) == {"link-loop"}
    assert isinstance(files.stat(str(tmp_path / "a"), follow=False), FileStat)


def test_only_regular_files_are_read(files: Files, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "socket"))
        for path, kind in {
            str(tmp_path): "directory",
            str(tmp_path / "fifo"): "fifo",
            str(tmp_path / "socket"): "socket",
            "/dev/zero": "character",
        }.items():
            refused = Unreadable(path, "not-a-file", f"is a {kind}")
            assert (files.read_bytes(path), files.read_text(path), files.elf(path)) == (refused,) * 3
            found = files.stat(path)
            assert isinstance(found, FileStat)
            assert found.kind == kind


def test_reading_keeps_to_offset_and_limit(files: Files, tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.write(b"0123456789")
        file.truncate(100 << 20)
    path = str(large)
    assert files.read_bytes(path, limit=4) == b"0123"
    assert files.read_bytes(path, offset=8, limit=4) == b"89\0\0"
    assert files.read_bytes(path, offset=200 << 20) == b""
    whole = files.read_bytes(path)
    assert isinstance(whole, bytes)
    assert len(whole) == 4 << 20
    assert reason(files.elf(path)) == "broken"


def test_files_of_proc_have_no_size_and_are_read(files: Files) -> None:
    text = files.read_text("/proc/self/status")
    found = files.stat("/proc/self/status")
    assert isinstance(text, str)
    assert text.startswith("Name:")
    assert isinstance(found, FileStat)
    assert found.size == 0


def test_text_that_is_not_utf_8_has_replacements(files: Files, tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"caf\xe9\0\xff")
    assert files.read_text(str(tmp_path / "latin")) == "caf\ufffd\0\ufffd"


def test_odd_names_are_listed_and_lead_to_their_files(files: Files, tmp_path: Path) -> None:
    names = sorted(["a\nb", "c\x1b[31m", os.fsdecode(b"\xff"), " ", "*", "[x]", "d" * 255])
    for name in names:
        (tmp_path / name).touch()
    assert files.list(str(tmp_path)) == tuple(names)
    assert all(is_file(LiveHost(environ={}), f"{tmp_path}/{name}") for name in names)
    assert files.glob(f"{tmp_path}/*") == tuple(f"{tmp_path}/{name}" for name in names)


def test_what_is_forbidden_is_denied_and_what_can_be_told_is_told(files: Files, shared: Path) -> None:
    (shared / "closed").mkdir()
    (shared / "closed/file").write_text("x")
    (shared / "file").write_text("x")
    (shared / "file").chmod(0o600 if os.geteuid() == 0 else 0)
    (shared / "closed").chmod(0o700 if os.geteuid() == 0 else 0)
    with not_root():
        inside = reasons(files, f"{shared}/closed/file")
        assert set(inside.values()) == {"denied"}
        assert reason(files.list(f"{shared}/closed")) == "denied"
        assert reason(files.read_bytes(f"{shared}/file")) == "denied"
        assert reason(files.elf(f"{shared}/file")) == "denied"
        assert isinstance(files.stat(f"{shared}/file"), FileStat)
        assert files.glob(f"{shared}/closed/*") == ()


def test_a_file_that_vanishes_or_changes_never_raises(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "flickers"
    stop = threading.Event()

    def flicker() -> None:
        while not stop.is_set():
            path.write_bytes(b"\x7fELF" * 100)
            path.unlink()
            path.mkdir()
            path.rmdir()

    thread = threading.Thread(target=flicker)
    thread.start()
    try:
        for _ in range(300):
            reasons(files, str(path))
            files.glob(f"{tmp_path}/*")
    finally:
        stop.set()
        thread.join()


def test_a_glob_of_many_parts_gives_sorted_paths(files: Files, tmp_path: Path) -> None:
    for path in ("a/nvidia/cudnn/lib/x.so", "a/nvidia/cublas/lib/y.so", "b/nvidia/cudnn/bin/x.so", "a.so"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    (tmp_path / "a/nvidia/dangling").symlink_to("nowhere")
    expected = [f"{tmp_path}/a/nvidia/cublas/lib/y.so", f"{tmp_path}/a/nvidia/cudnn/lib/x.so"]
    assert list(files.glob(f"{tmp_path}/*/nvidia/*/lib/*.so")) == expected
    assert list(files.glob(f"{tmp_path}/?/nvidia//c*/lib/[xy].so")) == expected
    assert files.glob(f"{tmp_path}/a/nvidia/dang*") == ()
    assert files.glob(f"{tmp_path}/a.so/*") == ()
    assert files.glob(f"{tmp_path}/a.so") == (f"{tmp_path}/a.so",)
    assert files.glob("/") == ("/",)


def test_brackets_in_a_name_are_not_only_a_pattern(files: Files, tmp_path: Path) -> None:
    (tmp_path / "[my] env/lib").mkdir(parents=True)
    (tmp_path / "m env/lib").mkdir(parents=True)
    expected = (f"{tmp_path}/[my] env/lib", f"{tmp_path}/m env/lib")
    assert files.glob(f"{tmp_path}/[my] env/l*") == expected


def test_directories_as_deep_as_paths_can_be_are_read(files: Files, tmp_path: Path) -> None:
    path = str(tmp_path) + "/d" * 400
    Path(path).mkdir(parents=True)
    Path(path, "file").write_text("deep")
    assert files.read_text(f"{path}/file") == "deep"
    assert Files(str(tmp_path)).read_text("/d" * 400 + "/file") == "deep"
    assert Files(str(tmp_path)).resolve("/d" * 400 + "/.." * 399) == "/d"


def test_short_forms_take_what_cannot_be_read_as_not_there(tmp_path: Path) -> None:
    host = LiveHost(environ={})
    (tmp_path / "file").write_text("text")
    assert (exists(host, str(tmp_path)), exists(host, "/no")) == (True, False)
    assert (is_directory(host, str(tmp_path)), is_directory(host, f"{tmp_path}/file")) == (True, False)
    assert (text_of(host, f"{tmp_path}/file"), text_of(host, str(tmp_path))) == ("text", "")
    assert (names_in(host, str(tmp_path)), names_in(host, "/no")) == (("file",), ())


def test_device_nodes_have_owners_by_name() -> None:
    found = LiveHost(environ={}).stat("/dev/null")
    assert isinstance(found, FileStat)
    assert (found.kind, found.owner, found.mode & 0o666) == ("character", "root", 0o666)


def test_processes_are_named_and_those_that_are_not_there_are_none() -> None:
    host = LiveHost(environ={})
    mine = host.process(os.getpid())
    assert isinstance(mine, Process)
    assert mine.name
    assert [host.process(pid) for pid in (2**22 + 1, -1, 2**70)] == [None, None, None]


def test_a_host_says_where_it_is_and_who_asks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = LiveHost(environ={"A": "b"})
    assert (here.origin, here.platform.os, dict(here.environ)) == ("live", "linux", {"A": "b"})
    assert (here.user.uid, here.cwd) == (os.geteuid(), str(Path.cwd()))
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert LiveHost(environ={}).cwd == ""


def test_a_command_runs_without_a_shell_in_the_c_locale() -> None:
    host = LiveHost(environ={"PATH": "/usr/bin:/bin", "LANGUAGE": "de"})
    ran = host.run((sys.executable, "-S", "-c", "import os, sys; print(os.environ['LC_ALL'], sys.argv[1])", "$A;b"), 10)
    assert getattr(ran, "out", ran) == "C $A;b\n"


def test_nothing_is_opened_that_reading_could_change(tmp_path: Path) -> None:
    """A device is asked for its kind and not opened: opening one can rewind a tape or arm a watchdog."""
    if os.geteuid() != 0:
        pytest.skip("only root makes device nodes")
    node = tmp_path / "node"
    os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(240, 77))
    assert Files().read_bytes(str(node)) == Unreadable(str(node), "not-a-file", "is a character")
