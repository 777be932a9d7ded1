"""An unpacked image and a recorded machine: files only, a closed world that no link or path leads out of."""

from __future__ import annotations

import json
import os
import stat
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from kdoctor.host import Answer, FileStat, NotRun, Process, Ran, Unanswered, Unreadable
from kdoctor.host.elf import Elf
from kdoctor.host.sysroot import SysrootHost
from kdoctor.model.trouble import Trouble

LINKS = {
    "etc/absolute": "/usr/lib/a.so",
    "etc/relative": "../usr/lib/a.so",
    "etc/above": "../../../../../../usr/lib/a.so",
    "lib": "usr/lib",
    "lib64": "/lib",
    "etc/chain": "/lib64/b.so",
    "usr/lib/b.so": "./a.so",
    "etc/loop": "loop",
    "etc/ping": "/etc/pong",
    "etc/pong": "/etc/ping",
    "etc/dangling": "/no/such",
    "etc/outside": "/etc/hostname-outside-of-this-root",
    "etc/through-file": "/usr/lib/a.so/../a.so",
    "etc/through-nothing": "/no/../usr/lib/a.so",
    "etc/directory": "/usr/lib/",
    "etc/file-as-directory": "/usr/lib/a.so/",
}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image with every kind of link."""
    root = tmp_path / "image"
    (root / "usr/lib").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "usr/lib/a.so").write_text("a")
    for path, target in LINKS.items():
        (root / path).symlink_to(target)
    return root


def machine(folder: Path, toml: str, files: Mapping[str, str] = {}) -> SysrootHost:
    """A recorded machine with a document and files."""
    (folder / "root").mkdir(parents=True)
    (folder / "machine.toml").write_text(textwrap.dedent(toml))
    for path, text in files.items():
        (folder / "root" / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (folder / "root" / path.lstrip("/")).write_text(text)
    return SysrootHost(str(folder))


def test_links_are_resolved_inside_the_root(image: Path) -> None:
    host = SysrootHost(str(image))
    found = {path: host.resolve(path) for path in ("/etc/absolute", "/etc/relative", "/etc/above", "/etc/chain")}
    assert found == dict.fromkeys(found, "/usr/lib/a.so")
    assert [host.read_text(path) for path in found] == ["a"] * 4
    assert host.resolve("/lib64/../../etc/../lib/b.so") == "/usr/lib/a.so"
    assert host.resolve("/../../..//lib/./a.so") == "/usr/lib/a.so"
    assert host.list("/lib64") == host.list("/etc/directory") == ("a.so", "b.so")
    assert host.glob("/lib*/*.so") == ("/lib/a.so", "/lib/b.so", "/lib64/a.so", "/lib64/b.so")


@pytest.mark.parametrize(
    ("path", "reason"),
    {
        "/etc/loop": "link-loop",
        "/etc/ping": "link-loop",
        "/etc/ping/x": "link-loop",
        "/etc/dangling": "absent",
        "/etc/outside": "absent",
        "/etc/hostname": "absent",
        "/proc/self/environ": "absent",
        "/usr/lib/a.so/x": "absent",
        "/usr/lib/a.so/..": "absent",
        "/usr/lib/a.so/": "absent",
        "/usr/lib/a.so/.": "absent",
        "/etc/file-as-directory": "absent",
        "/etc/through-file": "absent",
        "/etc/through-nothing": "absent",
        "/no/../etc/absolute": "absent",
        "": "absent",
        "/a\0b": "absent",
    }.items(),
)
def test_what_the_kernel_would_not_find_is_not_found(image: Path, path: str, reason: str) -> None:
    host = SysrootHost(str(image))
    found = (host.read_bytes(path), host.resolve(path), host.stat(path), host.elf(path), host.list(path))
    assert [each.reason for each in found if isinstance(each, Unreadable)] == [reason] * 5


def test_a_link_itself_can_be_asked_for(image: Path) -> None:
    host = SysrootHost(str(image))
    kinds = [getattr(host.stat(path, follow=False), "kind", "") for path in ("/etc/loop", "/lib64/b.so", "/lib/a.so")]
    assert kinds == ["link", "link", "file"]
    first, second = host.stat("/lib64/b.so"), host.stat("/usr/lib/a.so")
    assert isinstance(first, FileStat)
    assert isinstance(second, FileStat)
    assert first.identity == second.identity


def test_a_root_may_have_a_slash_at_its_end_or_be_a_link(image: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("image")
    hosts = [SysrootHost(f"{image}/"), SysrootHost(f"{image}/../image//"), SysrootHost(str(tmp_path / "link"))]
    assert [host.resolve("/etc/chain") for host in hosts] == ["/usr/lib/a.so"] * 3


def test_the_machine_itself_as_a_root_reads_its_files() -> None:
    host = SysrootHost("/")
    assert host.resolve("/proc/sys/../version") == "/proc/version"
    assert isinstance(host.read_text("/proc/version"), str)


def test_an_image_tells_its_architecture_by_a_program(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sh").write_bytes(b"\x7fELF\x02\x01\x01".ljust(18, b"\0") + b"\xb7\0")
    assert SysrootHost(str(tmp_path)).platform.machine == "aarch64"


def test_nothing_runs_in_an_image(image: Path) -> None:
    host = SysrootHost(str(image))
    assert host.ask("nvml", runner="own", timeout_s=1) == Unanswered(reason="nothing is executed in a sysroot")
    assert host.run(("nvidia-smi", "-L"), 1) == NotRun(why="not-recorded", detail="nvidia-smi -L")
    assert host.process(1) is None
    assert dict(host.environ) == {}


def test_pipes_and_devices_in_an_image_are_not_opened(image: Path) -> None:
    os.mkfifo(image / "etc/fifo")
    host = SysrootHost(str(image))
    assert host.read_bytes("/etc/fifo") == Unreadable("/etc/fifo", "not-a-file", "is a fifo")
    if os.geteuid() == 0:
        os.mknod(image / "etc/zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
        assert host.read_bytes("/etc/zero") == Unreadable("/etc/zero", "not-a-file", "is a character")


RECORDED = """
    cwd = "/home/user"
    [nodes."/dev/nvidia0"]
    mode = "0660"
    owner = "root"
    group = "video"
    gid = 44
    [nodes."/usr/bin/nvidia-modprobe"]
    kind = "file"
    mode = "4755"
    [elf."/lib/libcuda.so.1"]
    bits = 64
    machine = "x86_64"
    [names]
    "/opt/cuda" = ["version.txt", "lib/"]
    "/opt/empty" = []
    [unreadable."/root"]
    [unreadable."/opt/secret"]
    [unreachable."/root/x"]
    [not_elf]
    "/opt/broken.so" = "file too short"
    [answers]
    "nvml@own" = '{"a": 1}'
    "devices@examined KDOCTOR_ASK=jax" = '{"b": 2}'
    [noise]
    "nvml@own" = "hello"
    [unanswered]
    "libcuda@own" = "crashed: SIGSEGV"
    [crashed]
    "libcuda@own" = "SIGSEGV"
    [commands."nvidia-smi -L"]
    code = 9
    out = "no devices"
    [commands."lspci"]
    why = "timed-out"
    [processes.7]
    name = "python"
"""


@pytest.fixture
def recorded(tmp_path: Path) -> SysrootHost:
    folder = tmp_path / "recorded"
    (folder / "root/usr/lib").mkdir(parents=True)
    (folder / "root/lib").symlink_to("usr/lib")
    (folder / "machine.toml").write_text(textwrap.dedent(RECORDED))
    return SysrootHost(str(folder))


def test_what_the_document_names_exists(recorded: SysrootHost) -> None:
    kinds = {
        "/dev": "directory",
        "/dev/nvidia0": "character",
        "/dev//./nvidia0": "character",
        "/opt": "directory",
        "/opt/cuda/lib/": "directory",
        "/opt/cuda/lib/../version.txt": "file",
        "/opt/empty": "directory",
        "/usr/bin/nvidia-modprobe": "file",
        "/usr/lib/libcuda.so.1": "file",
        "/lib/libcuda.so.1": "file",
        "/root": "file",
    }
    assert {path: getattr(recorded.stat(path), "kind", "") for path in kinds} == kinds
    assert recorded.resolve("/lib/libcuda.so.1") == "/usr/lib/libcuda.so.1"
    assert isinstance(recorded.stat("/opt/cuda/include"), Unreadable)


def test_names_of_the_document_are_listed_beside_files(recorded: SysrootHost) -> None:
    assert recorded.list("/") == ("dev", "lib", "opt", "root", "usr")
    assert recorded.list("/opt") == ("broken.so", "cuda", "empty", "secret")
    assert recorded.list("/opt/empty") == ()
    assert recorded.list("/lib") == ("libcuda.so.1",)
    assert recorded.glob("/opt/*/*") == ("/opt/cuda/lib", "/opt/cuda/version.txt")
    assert recorded.list("/opt/cuda/version.txt") == Unreadable("/opt/cuda/version.txt", "absent", "Not a directory")


def test_what_was_not_read_says_so(recorded: SysrootHost) -> None:
    expected = {
        "/opt/cuda/version.txt": Unreadable("/opt/cuda/version.txt", "broken", "not recorded"),
        "/opt/cuda": Unreadable("/opt/cuda", "not-a-file", "is a directory"),
        "/opt/secret": Unreadable("/opt/secret", "denied"),
        "/root/x": Unreadable("/root/x", "denied"),
        "/dev/nvidia0": Unreadable("/dev/nvidia0", "not-a-file", "is a character"),
        "/opt/none": Unreadable("/opt/none", "absent", "No such file or directory"),
    }
    assert {path: recorded.read_bytes(path) for path in expected} == expected
    assert recorded.resolve("/root/x") == recorded.stat("/root/x") == Unreadable("/root/x", "denied")
    assert recorded.list("/root") == Unreadable("/root", "denied")


def test_headers_come_from_the_document(recorded: SysrootHost) -> None:
    assert recorded.elf("/lib/libcuda.so.1") == recorded.elf("/usr/lib/libcuda.so.1") == Elf(bits=64, machine="x86_64")
    assert recorded.elf("/opt/broken.so") == Unreadable("/opt/broken.so", "broken", "file too short")
    assert recorded.elf("/opt/secret") == Unreadable("/opt/secret", "denied")


def test_answers_come_from_the_document(recorded: SysrootHost) -> None:
    def ask(question: str, **environ: str) -> object:
        runner = "examined" if environ else "own"
        return recorded.ask(question, runner=runner, timeout_s=1, environ=environ)  # type: ignore[arg-type]  # a str

    assert ask("nvml") == Answer(json=b'{"a": 1}', noise="hello")
    assert ask("devices", KDOCTOR_ASK="jax") == Answer(json=b'{"b": 2}')
    assert ask("devices", KDOCTOR_ASK="torch") == Unanswered(reason="not recorded")
    assert ask("libcuda") == Unanswered(reason="crashed: SIGSEGV", crashed="SIGSEGV")
    assert recorded.deep
    assert recorded.run(("nvidia-smi", "-L"), 1) == Ran(code=9, out="no devices")
    assert recorded.run(("lspci",), 1) == NotRun(why="timed-out")
    assert recorded.run(("id",), 1) == NotRun(why="not-recorded", detail="id")
    assert (recorded.process(7), recorded.process(8)) == (Process(pid=7, name="python"), None)


def test_set_uid_and_owner_survive_a_checkout(recorded: SysrootHost) -> None:
    modprobe, node = recorded.stat("/usr/bin/nvidia-modprobe"), recorded.stat("/dev/nvidia0")
    assert isinstance(modprobe, FileStat)
    assert isinstance(node, FileStat)
    assert (modprobe.mode, node.mode, node.group, node.gid) == (0o4755, 0o660, "video", 44)


def test_a_document_in_json_is_read_as_well(tmp_path: Path) -> None:
    (tmp_path / "machine.json").write_text(json.dumps({"cwd": "/x", "names": {"/etc": ["a"]}}))
    host = SysrootHost(str(tmp_path))
    assert (host.cwd, host.list("/etc"), host.recorded) == ("/x", ("a",), True)


def test_two_documents_are_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "machine.json").write_text("{}")
    with pytest.raises(Trouble, match=r"both machine\.toml and machine\.json"):
        machine(tmp_path, "")
