"""A recorded machine replays to what was found on the live one, is small, and holds nothing personal."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kdoctor.check.collect import collect
from kdoctor.check.diagnose import diagnose
from kdoctor.check.registry import find_probes, find_rules
from kdoctor.host import FileStat, Host, NotRun, Ran, Unreadable, User
from kdoctor.host.live import LiveHost
from kdoctor.host.recorder import Recorder
from kdoctor.host.sysroot import SysrootHost
from kdoctor.model.codec import to_builtins
from kdoctor.model.facts.base import Facts
from kdoctor.model.facts.examined import Examined
from kdoctor.model.redact import Redactor, clean, each_text
from kdoctor.model.trouble import Trouble
from kdoctor.probes import environ as environ_probe

PERSON, COMPUTER, SECRET = "alicebob", "secret-host", "hunter2"
PERSONAL = (PERSON, COMPUTER, SECRET, "12345678-1234", "secret source")
USER = User(uid=1234, gids=(1234,), groups=(PERSON,), name=PERSON, home=f"/home/{PERSON}", host_name=COMPUTER)
BUILD_INFO = "build_info = {'is_cuda_build': True, 'cuda_version': '12.5'}"
HEADER = "/* secret source */\n#define CUDNN_MAJOR 9\n#define CUDNN_MINOR 3\n"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def make_environment(home: Path) -> Path:
    """A small virtual environment with a framework's files, shared libraries and links of all kinds."""
    prefix = home / "env"
    site = prefix / f"lib/python{VERSION}/site-packages"
    files = {
        prefix / "pyvenv.cfg": f"home = {Path(sys.executable).resolve().parent}\nversion = {VERSION}.0\n",
        site / "tensorflow/python/platform/build_info.py": BUILD_INFO,
        site / "tensorflow/__init__.py": f"# by {PERSON} on {COMPUTER}\n",
        site / "tensorflow-2.20.0.dist-info/METADATA": "Name: tensorflow\nVersion: 2.20.0\n",
        site / "tensorflow-2.20.0.dist-info/INSTALLER": "pip\n",
        site / "keras-3.11.0.dist-info/METADATA": "Name: keras\nVersion: 3.11.0\n",
        site / "nvidia/cudnn/include/cudnn_version.h": HEADER,
        home / "cuda/lib/libcudart.so.12.5": "no library",
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (site / "nvidia/cudnn/lib").mkdir()
    (site / "nvidia/cudnn/lib/libcudnn.so.9").symlink_to("/usr/lib/libc.so.6")
    (site / "nvidia/cublas/lib").mkdir(parents=True)
    (site / "nvidia/cublas/lib/libcublas.so.12").symlink_to(home / "nothing")
    (home / "cuda/lib/libcudart.so.12").symlink_to("libcudart.so.12.5")
    (home / "cuda/lib/loop").symlink_to("loop")
    (home / "linked").symlink_to(home / "cuda")
    (home / "cuda/lib64").mkdir()
    (prefix / "bin").mkdir()
    (prefix / "bin/python").symlink_to(Path(sys.executable).resolve())
    return prefix


def live_host(home: Path) -> LiveHost:
    """This machine with a person at it."""
    prefix = make_environment(home)
    variables = {
        "PATH": f"{prefix}/bin:/usr/bin:/bin",
        "LD_LIBRARY_PATH": f"{home}/linked/lib:{home}/cuda/lib64:/opt/{PERSON}",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "TF_CONFIG": f'{{"cluster": "{COMPUTER}:{SECRET}"}}',
        "CUDA_VISIBLE_DEVICES": "GPU-12345678-1234-1234-1234-123456789abc",
    }
    host = LiveHost(examined=f"{prefix}/bin/python", environ=variables)
    host.user = USER
    host.cwd = str(home)
    return host


def recorder(host: LiveHost, folder: Path) -> Recorder:
    return Recorder(host, str(folder), variables=environ_probe.probe(host).variables)


def collected(host: Host, interpreter: str) -> Facts:
    """The facts by the real probes."""
    examined = Examined(interpreter=interpreter, chosen_by="the test")
    return collect(host, find_probes().items, {"examined": examined}, timeout_s=30)


def comparable(facts: Facts, user: User) -> dict[str, Any]:
    """The sections as they are printed, redacted."""
    redactor = Redactor(user_name=user.name, host_name=user.host_name)
    sections: dict[str, Any] = each_text(to_builtins(facts.sections), lambda text: redactor.text(clean(text)))
    return sections


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Facts, Path]:
    """The facts of the live machine, and the folder with its recording."""
    home = tmp_path_factory.mktemp("root") / f"home/{PERSON}"
    home.mkdir(parents=True)
    folder = tmp_path_factory.mktemp("out") / "machine"
    host = recorder(live_host(home), folder)
    facts = collected(host, host.examined)
    host.write(host.examined)
    return facts, folder


def test_the_replay_finds_the_same_facts(recorded: tuple[Facts, Path]) -> None:
    facts, folder = recorded
    host = SysrootHost(str(folder))
    replayed = collected(host, host.machine.interpreter)
    assert comparable(replayed, host.user) == comparable(facts, USER)


def test_the_replay_gives_the_same_outcomes(recorded: tuple[Facts, Path]) -> None:
    facts, folder = recorded
    host = SysrootHost(str(folder))
    rules = find_rules().items
    redactor = Redactor(user_name=PERSON, host_name=COMPUTER)
    live = each_text(to_builtins(diagnose(facts, rules)), redactor.text)
    replayed = to_builtins(diagnose(collected(host, host.machine.interpreter), rules))
    assert each_text(replayed, str) == live


def test_the_recording_survives_a_checkout(recorded: tuple[Facts, Path], tmp_path: Path) -> None:
    """Version control keeps neither empty directories nor modes."""
    facts, folder = recorded
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, symlinks=True)
    for path in sorted(copy.rglob("*"), reverse=True):
        if path.is_file() and not path.is_symlink():
            path.chmod(0o644)
        elif path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            path.rmdir()
    host = SysrootHost(str(copy))
    assert comparable(collected(host, host.machine.interpreter), host.user) == comparable(facts, USER)


def test_nothing_personal_is_in_the_recording(recorded: tuple[Facts, Path]) -> None:
    _, folder = recorded
    for path in folder.rglob("*"):
        target = str(path.readlink()) if path.is_symlink() else ""
        data = path.read_bytes() if path.is_file() and not target else b""
        told = f"{path.relative_to(folder)}\n{target}\n".encode() + data
        assert [word for word in PERSONAL if word.encode() in told] == [], path


def test_the_recording_is_small_and_its_links_stay_inside(recorded: tuple[Facts, Path]) -> None:
    _, folder = recorded
    root = folder / "root"
    links = [path for path in root.rglob("*") if path.is_symlink()]
    outside = [path for path in links if not os.path.normpath(path.parent / path.readlink()).startswith(str(root))]
    assert (len(links) > 3, outside) == (True, [])
    assert sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) < 2 << 20


def test_the_environment_is_what_the_section_holds(recorded: tuple[Facts, Path]) -> None:
    machine = json.loads((recorded[1] / "machine.json").read_text())
    assert sorted(machine["environ"]) == ["CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "PATH", "TF_CONFIG"]
    assert machine["environ"]["TF_CONFIG"] == "set"
    assert machine["user"]["name"] == "user"


def replay(folder: Path, host: Recorder) -> SysrootHost:
    host.write("")
    return SysrootHost(str(folder))


def asked_of(host: Host, paths: Mapping[str, str]) -> dict[str, object]:
    """What each function says of each path, without what a copy cannot keep."""
    found: dict[str, object] = {}
    for name, path in paths.items():
        stat = host.stat(path)
        kind = stat.kind if isinstance(stat, FileStat) else stat.reason
        rest = (host.read_bytes(path), host.list(path), host.elf(path))
        found[name] = (kind, *(each.reason if isinstance(each, Unreadable) else each for each in rest))
    return found


def test_every_kind_of_file_is_replayed_as_it_was(tmp_path: Path) -> None:
    here = tmp_path / "here"
    (here / "full/below").mkdir(parents=True)
    (here / "empty").mkdir()
    (here / "text").write_text("text")
    (here / "binary").write_bytes(bytes(range(256)))
    (here / "latin").write_bytes(b"caf\xe9")
    os.mkfifo(here / "fifo")
    (here / "loop").symlink_to("loop")
    (here / "up").symlink_to("../here/full/../text")
    (here / "lib.so").symlink_to(Path(sys.executable).resolve())
    host = Recorder(LiveHost(environ={}), str(tmp_path / "out"), variables={})
    paths = {path.name: str(path) for path in sorted(here.iterdir())} | {"none": f"{here}/none", "null": "/dev/null"}
    live = asked_of(host, paths)
    assert asked_of(replay(tmp_path / "out", host), paths) == live


def test_parts_of_a_file_are_joined(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789" * 10)
    host = Recorder(LiveHost(environ={}), str(tmp_path / "out"), variables={})
    reads = [(0, 2), (40, 5), (0, 6), (42, 1)]
    live = [host.read_bytes(str(path), offset=offset, limit=limit) for offset, limit in reads]
    again = replay(tmp_path / "out", host)
    assert [again.read_bytes(str(path), offset=offset, limit=limit) for offset, limit in reads] == live
    assert again.read_bytes(str(path), offset=6, limit=3) == b"\0\0\0"


def test_a_binary_file_with_a_name_in_it_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    path.write_bytes(b"\0\1/home/carol/lib\0")
    host = Recorder(LiveHost(environ={}), str(tmp_path / "out"), variables={})
    host.read_bytes(str(path))
    found = replay(tmp_path / "out", host).read_bytes(str(path))
    assert found == Unreadable(str(path), "broken", "not recorded: a binary file with personal values")


def test_answers_and_commands_are_kept_with_their_failures(tmp_path: Path) -> None:
    live = LiveHost(examined=sys.executable, environ={"PATH": "/usr/bin:/bin"})
    host = Recorder(live, str(tmp_path / "out"), variables={})
    script = "import os, sys; sys.stderr.write('x'); os.kill(os.getpid(), 11 if len(sys.argv) > 1 else 0)"
    runs = [(sys.executable, "-S", "-c", script), (sys.executable, "-S", "-c", script, "crash"), ("/no/such",)]
    ran = [host.run(argv, 10) for argv in runs]
    asked = [host.ask(question, runner="examined", timeout_s=10) for question in ("interpreter", "no-such-question")]
    me = host.process(os.getpid())
    again = replay(tmp_path / "out", host)
    assert [again.run(argv, 1) for argv in runs] == [
        each if isinstance(each, Ran) else NotRun(why=each.why, detail=each.detail) for each in ran
    ]
    replayed = [again.ask(question, runner="examined", timeout_s=1) for question in ("interpreter", "no-such-question")]
    decoded = [msgspec.json.decode(each.json) if hasattr(each, "json") else each for each in (*asked, *replayed)]
    assert decoded[:2] == decoded[2:]
    assert again.process(os.getpid()) == me


def test_threads_may_read_while_the_recording_is_written(tmp_path: Path) -> None:
    host = Recorder(LiveHost(environ={}), str(tmp_path / "out"), variables={})
    stop = threading.Event()

    def read(number: int) -> None:
        while not stop.is_set():
            for index in range(50):
                host.stat(f"/no/{number}/{index}")
                host.list("/etc")

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        host.write("/usr/bin/python3")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert SysrootHost(str(tmp_path / "out")).machine.interpreter == "/usr/bin/python3"


@pytest.mark.parametrize(("name", "code"), {"full": 3, "file": 2, "no/parent": 2}.items())
def test_a_folder_that_cannot_be_used_is_refused_before_anything_is_read(tmp_path: Path, name: str, code: int) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").touch()
    (tmp_path / "file").touch()
    with pytest.raises(Trouble, match="--record") as refused:
        Recorder(LiveHost(environ={}), f"{tmp_path}/{name}", variables={})
    assert refused.value.code == code


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    host = Recorder(LiveHost(environ={}), str(tmp_path), variables={})
    assert replay(tmp_path, host).recorded
