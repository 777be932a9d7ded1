"""What kdoctor cannot use is refused in one clear line with the exit code of the contract; an odd machine is not."""

from __future__ import annotations

import functools
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from kdoctor.model.codec import convert_section, section_kinds
from kdoctor.model.facts.base import Section
from tests.processes import is_alive

TREE = Path(__file__).resolve().parent.parent
PYENV = Path.home() / ".pyenv/versions"
LIMIT_S = 20
ESCAPES = "\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link [bold]markup[/bold] \x9b2J \r\b\u202e"
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


class Result(NamedTuple):
    code: int
    out: str
    err: str


def kdoctor(*arguments: str, **variables: str) -> Result:
    """Run the real command line; whatever hangs fails the test."""
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONPATH": str(TREE), **variables}
    ran = subprocess.run(
        [sys.executable, "-m", "kdoctor", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT_S,
        env=environ,
        check=False,
    )
    return Result(ran.returncode, ran.stdout.decode(), ran.stderr.decode())


def assert_refused(result: Result, code: int, *words: str) -> None:
    """One line on stderr, nothing on stdout, the exit code; ``words`` are in the line."""
    assert (result.code, result.out) == (code, "")
    assert re.fullmatch(r"kdoctor: [^\n]+\n", result.err), result.err
    assert "Traceback" not in result.err
    assert "a bug of kdoctor's own" not in result.err
    assert not STEERING.search(result.err.rstrip("\n"))
    assert [word for word in words if word not in result.err] == [], result.err


def assert_reported(result: Result) -> dict[str, Any]:
    """One JSON document on stdout, nothing on stderr; gives its sections."""
    assert result.code in (0, 1), result
    assert result.err == ""
    sections: dict[str, Any] = json.loads(result.out)["facts"]["sections"]
    crashed = {name: each for name, each in sections.items() if "crash" in str(each.get("reason", ""))}
    assert crashed == {}
    return sections


@pytest.fixture(scope="module")
def facts() -> Callable[[], dict[str, Any]]:
    """Valid facts, fresh at every call."""
    made = kdoctor("facts", "--python", sys.executable)
    assert made.code == 0, made
    return lambda: json.loads(made.out)


MINIMAL = '{"schema":1,"origin":"live","sections":%s}'
DEEP = "[" * 10_000 + "]" * 10_000
REFUSED_TEXTS = {
    "empty": ("", "is empty"),
    "blank": (" \n ", "is empty"),
    "truncated": (MINIMAL[:20], "is not JSON"),
    "not-json": ("driver: none", "is not JSON"),
    "a-number": ("7", "no object `sections`"),
    "a-list": ("[]", "no object `sections`"),
    "sections-a-list": (MINIMAL % "[]", "no object `sections`"),
    "facts-a-text": ('{"facts":"x"}', "no object `sections`"),
    "no-schema": ('{"sections":{}}', "`schema`"),
    "schema-a-text": ('{"schema":"1","sections":{}}', "`schema`"),
    "schema-true": ('{"schema":true,"sections":{}}', "`schema`"),
    "schema-newer": ('{"schema":99,"sections":{}}', "schema 99"),
    "schema-huge": (f'{{"schema":{10**40},"sections":{{}}}}', "schema"),
    "section-a-text": (MINIMAL % '{"driver":"none"}', "$.sections.driver"),
    "section-null": (MINIMAL % '{"driver":null}', "$.sections.driver"),
    "state-unknown-word": (MINIMAL % '{"driver":{"state":"maybe"}}', "$.sections.driver"),
    "no-state": (MINIMAL % '{"environ":{"variables":{}}}', "$.sections.environ"),
    "field-of-wrong-type": (MINIMAL % '{"environ":{"state":"found","variables":[]}}', "$.sections.environ.variables"),
    "value-of-wrong-type": (MINIMAL % '{"environ":{"state":"found","variables":{"A":1}}}', "$.sections.environ"),
    "reason-missing": (MINIMAL % '{"driver":{"state":"unknown"}}', "$.sections.driver"),
    "nested-too-deeply": (MINIMAL % f'{{"driver":{DEEP}}}', "nest"),
    "nested-objects": ('{"a":' * 5_000 + "1" + "}" * 5_000, "facts.json"),
    "lone-surrogate": (MINIMAL % '{"driver":{"state":"unknown","reason":"\\ud800"}}', "is not JSON"),
    "escapes-in-a-place": (MINIMAL % '{"driver":{"state":"\\u001b[31m\\u0007\\u009b"}}', "$.sections.driver"),
}


@pytest.mark.parametrize(("text", "word"), REFUSED_TEXTS.values(), ids=REFUSED_TEXTS)
def test_facts_that_are_none_are_refused_with_file_and_place(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "facts.json"
    path.write_text(text)
    assert_refused(kdoctor("check", "--from", str(path), "--format", "json"), 3, "facts.json", word)


def test_facts_in_a_file_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(100 << 20)
    fifo = tmp_path / "fifo.json"
    os.mkfifo(fifo)
    latin = tmp_path / "latin.json"
    latin.write_bytes(b'{"schema":1,"sections":{"driver":{"state":"unknown","reason":"\xe9"}}}')
    expected = {
        str(tmp_path / "missing.json"): "No such file",
        str(large): "larger than",
        str(tmp_path): "is a directory",
        str(fifo): "not a regular file",
        "/dev/zero": "not a regular file",
        str(latin): "is not JSON",
        str(tmp_path / ("x" * 300)): "File name too long",
        str(tmp_path / "a\x1b[31m\nb"): "No such file",
    }
    for path, word in expected.items():
        shown = path.encode("unicode_escape").decode() if "\x1b" in path else path
        assert_refused(kdoctor("check", "--from", path), 3, shown, word)


def with_escapes(value: object, is_valid: Callable[[object], bool]) -> object:
    """The value with terminal escapes in every text that stays valid with them; tried one text at a time."""
    if isinstance(value, str):
        return value + ESCAPES if is_valid(value + ESCAPES) else value
    if isinstance(value, list):
        items: list[Any] = list(value)
        for index, item in enumerate(value):
            head, tail = items[:index], items[index + 1 :]
            items[index] = with_escapes(item, functools.partial(_in_list, is_valid, head, tail))
        return items
    if isinstance(value, dict):
        fields: dict[str, Any] = dict(value)
        for key, item in value.items():
            fields[key] = with_escapes(item, functools.partial(_in_object, is_valid, dict(fields), key))
        return fields
    return value


def _in_list(is_valid: Callable[[object], bool], head: list[Any], tail: list[Any], item: object) -> bool:
    return is_valid([*head, item, *tail])


def _in_object(is_valid: Callable[[object], bool], fields: dict[str, Any], key: str, item: object) -> bool:
    return is_valid({**fields, key: item})


def _is_section(kind: type[Section], candidate: object) -> bool:
    try:
        convert_section(kind, candidate)
    except (msgspec.ValidationError, ValueError):
        return False
    return True


def test_terminal_escapes_in_facts_do_not_reach_the_terminal(
    tmp_path: Path, facts: Callable[[], dict[str, Any]]
) -> None:
    document = facts()
    kinds = section_kinds()
    for name, section in document["sections"].items():
        document["sections"][name] = with_escapes(section, functools.partial(_is_section, kinds[name]))
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(document))
    assert "\\u001b" in path.read_text()
    text = kdoctor("check", "--from", str(path), "-vv")
    assert text.code in (0, 1), text.err
    assert [line for line in text.out.split("\n") if STEERING.search(line)] == []
    plain = kdoctor("check", "--from", str(path), "--format", "json")
    assert_reported(plain)
    assert [line for line in plain.out.split("\n") if re.search(r"[\x00-\x1f\x7f]", line)] == []


def test_odd_but_valid_facts_are_judged(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    odd = '{"driver":{"state":"absent"},"driver":{"state":"unknown","reason":"twice"},"later":{"state":"found","n":%d}}'
    path.write_text("\ufeff"[:0] + MINIMAL % (odd % 10**300))
    sections = assert_reported(kdoctor("check", "--from", str(path), "--format", "json"))
    assert sections["driver"] == {"state": "unknown", "reason": "twice", "tried": []}


def test_a_root_that_is_none_is_refused(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("")
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    for path, word in {
        "missing": "does not exist",
        "plain": "not a directory",
        "loop": "",
        "a\x1b]0;x\x07": "",
    }.items():
        assert_refused(kdoctor("check", "--sysroot", str(tmp_path / path)), 3, "--sysroot", word)


BROKEN_MACHINES = {
    "no-toml": ("machine.toml", "about = \n[platform]", "line 1"),
    "unknown-key": ("machine.toml", "colour = 1", "colour"),
    "unknown-key-inside": ("machine.toml", '[nodes."/dev/x"]\ncolour = 1', "nodes"),
    "wrong-type": ("machine.toml", 'platform = "linux"', "$.platform"),
    "mode-not-octal": ("machine.toml", '[nodes."/dev/nvidia0"]\nmode = "rw"', "mode"),
    "no-utf-8": ("machine.toml", "about = '\udce9'", "machine.toml"),
    "no-json": ("machine.json", "{", "machine.json"),
    "json-deep": ("machine.json", DEEP, "machine.json"),
    "json-wrong-type": ("machine.json", '{"names":{"/etc":"x"}}', "$.names"),
}


@pytest.mark.parametrize(("name", "text", "word"), BROKEN_MACHINES.values(), ids=BROKEN_MACHINES)
def test_a_machine_document_that_is_broken_is_refused(tmp_path: Path, name: str, text: str, word: str) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert_refused(kdoctor("check", "--sysroot", str(tmp_path)), 3, name, word)


def test_an_empty_root_and_a_hostile_one_are_reported(tmp_path: Path) -> None:
    empty, hostile = tmp_path / "empty", tmp_path / "hostile"
    empty.mkdir()
    assert_reported(kdoctor("check", "--sysroot", f"{empty}/", "--format", "json"))
    make_hostile(hostile)
    result = kdoctor("check", "--sysroot", str(hostile), "--format", "json")
    sections = assert_reported(result)
    assert "outside" not in json.dumps(sections)
    assert kdoctor("check", "--sysroot", str(hostile)).code in (0, 1)


def make_hostile(root: Path) -> None:
    """A root full of what an image should not have."""
    library = root / "usr/lib/x86_64-linux-gnu"
    site = root / "usr/local/lib/python3.11/site-packages"
    for directory in ("etc", "proc/driver/nvidia", "dev", "usr/bin", "sys/bus/pci/devices", "usr/local/bin"):
        (root / directory).mkdir(parents=True)
    library.mkdir(parents=True)
    site.mkdir(parents=True)
    (library / "libcuda.so.1").mkdir()
    (library / "libcudart.so.12").symlink_to("libcudart.so.12")
    (library / "libcublas.so.12").write_bytes(b"\x7fELF" + b"\xff" * 100)
    outside = root.parent / "outside"
    outside.write_text("outside")
    (root / "etc/os-release").symlink_to(f"../../../../../../../../..{outside}")
    (root / "proc/cpuinfo").symlink_to("/proc/self/environ")
    os.mkfifo(root / "etc/ld.so.cache")
    os.mkfifo(root / "proc/driver/nvidia/version")
    (root / "sys/bus/pci/devices/a\nb\x1b[31m").mkdir()
    (root / "sys/bus/pci/devices" / os.fsdecode(b"\xff\xfe")).mkdir()
    (site / "tensorflow-2.20.0.dist-info").mkdir()
    os.mkfifo(site / "tensorflow-2.20.0.dist-info/METADATA")
    (site / "~ensorflow").mkdir()
    (site / os.fsdecode(b"k\xe9ras-3.0.dist-info")).mkdir()
    (root / "usr/local/bin/python3").symlink_to("python3.11")
    (root / "usr/local/bin/python3.11").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(60))
    if os.geteuid() == 0:
        os.mknod(root / "dev/nvidia0", stat.S_IFCHR | 0o666, os.makedev(1, 5))
        os.mknod(root / "dev/nvidiactl", stat.S_IFBLK | 0o600, os.makedev(7, 250))


def script(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("name", ["ls", "text", "noise", "silent", "crash", "no-loader"])
def test_an_odd_interpreter_is_a_fact(tmp_path: Path, name: str) -> None:
    path = {
        "ls": "/bin/ls",
        "text": script(tmp_path / "text", "just a text\n"),
        "noise": script(
            tmp_path / "noise", f"#!/bin/sh\necho '{{noise}}'; echo bye >&2; exec {sys.executable} \"$@\"\n"
        ),
        "silent": script(tmp_path / "silent", "#!/bin/sh\nexit 3\n"),
        "crash": script(tmp_path / "crash", "#!/bin/sh\nkill -SEGV $$\n"),
        "no-loader": script(tmp_path / "no-loader", "#!/no/such/loader\n"),
    }[name]
    result = kdoctor("check", "--python", path, "--timeout", "2", "--format", "json")
    sections = assert_reported(result)
    assert sections["examined"]["interpreter"].endswith(("python", "python3.11", name)) or name == "noise"


def test_an_interpreter_that_hangs_is_given_up_and_killed(tmp_path: Path) -> None:
    prefix = tmp_path / "venv"
    site = prefix / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    site.mkdir(parents=True)
    (prefix / "bin").mkdir()
    (prefix / "bin/python").symlink_to(Path(sys.executable).resolve())
    (prefix / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).resolve().parent}\nversion = 3.11.7\n")
    noted = tmp_path / "pid"
    hang = f"import os, time\nopen({str(noted)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    (site / "sitecustomize.py").write_text(hang)
    result = kdoctor("check", "--python", str(prefix / "bin/python"), "--timeout", "1", "--format", "json")
    assert "gave no result in 1 s" in assert_reported(result)["interpreter"]["reason"]
    assert not is_alive(int(noted.read_text()))


@functools.cache
def interpreter_of(version: str) -> str:
    found = next(iter(sorted(PYENV.glob(f"{version}*/bin/python"))), None)
    return str(found) if found else ""


@pytest.mark.parametrize("version", ["3.6.", "2.7."])
def test_an_old_interpreter_answers(version: str) -> None:
    python = interpreter_of(version)
    if not python:
        pytest.skip(f"no Python {version} here")
    sections = assert_reported(kdoctor("check", "--python", python, "--format", "json"))
    assert sections["interpreter"]["version"].startswith(version)
    assert sections["interpreter"]["read_by"] == "interpreter"


def test_a_mistyped_name_is_a_usage_error(tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "x").write_text("")
    for arguments in (
        ("check", "--python", str(tmp_path / "missing")),
        ("check", "--python", str(full)),
        ("check", "--python", "pythom3"),
        ("check", "--env", "nowhere-at-all"),
        ("check", "--format", "yaml"),
        ("check", "--select", "KD999"),
        ("check", "--form", "json"),
        ("check", "--timeout", "soon"),
        ("check", "--from", "x", "--sysroot", "y"),
        ("check", "--record", str(full / "x")),
        ("check", "--record", str(tmp_path / "no/parent")),
    ):
        assert_refused(kdoctor(*arguments), 2, "KD999" if "KD999" in arguments else arguments[1])
    assert_refused(kdoctor("check", "--record", str(full)), 3, "not empty")
