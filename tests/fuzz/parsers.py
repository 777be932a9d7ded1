"""Every parser of what comes from outside: a function of bytes, and samples of what it reads.

A parser may refuse its input in its own documented way, which is no fault; another exception is. A new parser is a
row of ``PARSERS``.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from kdoctor.host.elf import NotElf, parse_elf, parse_header
from kdoctor.knowledge.signatures import signatures
from kdoctor.loader.cache import parse_cache
from kdoctor.model.codec import facts_from_json, to_builtins
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.examined import Examined
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import Dotted, PythonVersion, Soname
from kdoctor.probes import (
    conda,
    container,
    cpu,
    cuda_toolkits,
    distributions,
    driver,
    interpreter,
    keras,
    libcuda,
    nvml,
    pci,
    system,
    tensorflow,
    torch,
)
from kdoctor.probes.framework_answers import ask
from tests.fuzz import gates
from tests.fuzz.paper import Paper
from tests.loader.elves import Library, elf_bytes, narrow_elf_bytes
from tests.recorded import FOLDER, NAMES, checked, machine_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = "/e/lib/python3.12/site-packages"
PYTHON = Interpreter(
    path="/e/bin/python",
    realpath="/e/bin/python",
    version=PythonVersion("3.12.3"),
    kind="conda",
    prefix="/e",
    base_prefix="/e",
    sys_path=(SITE,),
    read_by="files",
)
NOBODY = Environ(variables={})
NOT_SEARCHED = Unknown(reason="not of interest here")
Parse = Callable[[bytes], object]


class Parser(msgspec.Struct, frozen=True):
    """How input of one kind is read, and samples of it."""

    parse: Parse
    samples: tuple[bytes, ...]


def elf(data: bytes) -> None:
    """The headers of a library."""

    def read(offset: int, size: int) -> bytes:
        return data[offset : offset + size]

    with contextlib.suppress(NotElf):
        parse_elf(read)
    with contextlib.suppress(NotElf):
        parse_header(read)


def cache(data: bytes) -> None:
    """ld.so.cache."""
    try:
        parse_cache(data)
    except ValueError:
        return


def versions(data: bytes) -> None:
    """Version texts of every kind, and sonames."""
    text = data.decode("utf-8", "replace")
    for kind in Dotted.__subclasses__():
        kind.parse(text)
    Soname.parse(text)
    parse_release(text)
    driver.module_release(text)


def facts(data: bytes) -> None:
    """A document of `kdoctor facts`."""
    try:
        facts_from_json(data, "facts.json")
    except Trouble:
        return


def environment(data: bytes) -> None:
    """Names of metadata directories, PKG-INFO and RECORD."""
    names = [line for line in data.decode("utf-8", "replace").splitlines() if line and "/" not in line][:40]
    files = {f"{SITE}/{name}/{part}": data for name in names for part in ("METADATA", "RECORD", "PKG-INFO")}
    distributions.probe(Paper(files), PYTHON)


def conda_meta(data: bytes) -> None:
    """A record of conda-meta, under a name that is damaged like it."""
    name = data.partition(b"\n")[0].decode("utf-8", "replace").replace("/", "_")
    files = {f"/e/conda-meta/{name}.json": data, "/e/conda-meta/tensorflow-2.19.1-cuda128py311_0.json": data}
    release = system.probe(Paper({"/etc/os-release": data}))
    assert not isinstance(release, Unknown)
    conda.probe(Paper(files), PYTHON, NOBODY, release, NOT_SEARCHED)


def proc(data: bytes) -> None:
    """What /proc and /sys say of the processor, the driver, the container and the kernel."""
    paths = (
        "/proc/cpuinfo", "/proc/driver/nvidia/version", "/proc/1/cgroup", "/proc/self/mounts", "/.dockerenv",
        "/etc/os-release", "/sys/kernel/security/lockdown", "/sys/bus/pci/devices/0000:01:00.0/class",
        "/sys/bus/pci/devices/0000:01:00.0/vendor", "/usr/share/misc/pci.ids", system.SECURE_BOOT,
    )  # fmt: skip
    host = Paper(dict.fromkeys(paths, data))
    cpu.probe(host)
    driver.probe(host, NOBODY)
    container.probe(host, NOBODY)
    system.probe(host)
    pci.probe(host)
    pci.name_in_database(data.decode("utf-8", "replace"), "10de", "2503")


def keras_json(data: bytes) -> None:
    """The user's keras.json."""
    keras.read_config(Paper({"/home/user/.keras/keras.json": data}), "/home/user/.keras/keras.json")


def python_files(data: bytes) -> None:
    """pyvenv.cfg, TensorFlow's build_info.py and PyTorch's version.py."""
    text = data.decode("utf-8", "replace")
    tensorflow.build_info(text)
    torch.version_file(text)
    files = {"/e/pyvenv.cfg": data, "/e/bin/python": b"\x7fELF", "/e/lib/python3.12/site-packages/x.pth": data}
    interpreter.probe(Paper(files, data), Examined(interpreter="/e/bin/python", chosen_by="--python"), NOBODY)


def nvidia_smi(data: bytes) -> None:
    """What the child with NVML, the library of nvidia-smi, answers; and those with cuInit and the frameworks."""
    host = Paper({}, data)
    nvml.probe(host, NOT_SEARCHED)
    libcuda.probe(host, NOT_SEARCHED, Absent())
    ask(host, "tensorflow")


def toolkit(data: bytes) -> None:
    """What a CUDA toolkit says of its version."""
    for name in ("version.json", "version.txt", "include/cuda.h"):
        cuda_toolkits.version_of(Paper({f"/usr/local/cuda/{name}": data}), "/usr/local/cuda")


@functools.cache
def patterns() -> tuple[re.Pattern[str], ...]:
    """The expressions of the table of log lines."""
    return tuple(re.compile(row.regex) for row in signatures())


def log(data: bytes) -> None:
    """Lines of kernel and framework logs."""
    for line in data.decode("utf-8", "replace").splitlines():
        for pattern in patterns():
            pattern.search(line)


def recorded_files(*patterns_of_names: str) -> tuple[bytes, ...]:
    """The different files of that name on the recorded machines."""
    found = {path.read_bytes(): path for name in patterns_of_names for path in _files(name)}
    return tuple(sorted(found))


def _files(name: str) -> Iterator[Path]:
    return (path for path in FOLDER.rglob(name) if path.is_file())


def answers() -> tuple[bytes, ...]:
    """What children answered on the recorded machines."""
    return tuple(sorted({text.encode() for name in NAMES for text in machine_of(name).answers.values()}))


def listings() -> tuple[bytes, ...]:
    """The names in site-packages of the recorded machines, and metadata."""
    names = [
        "\n".join(entry.rstrip("/") for entry in listed)
        for name in NAMES
        for folder, listed in machine_of(name).names.items()
        if folder.endswith("-packages")
    ]
    record = "Metadata-Version: 2.1\nName: keras\nVersion: 3.12.0\n\ntensorflow/__init__.py,sha256=x,12\nkeras/a.so,,\n"
    return tuple(sorted({text.encode() for text in (*names, record, "keras.egg-info\nVersion: 3.0\n")}))


def log_samples() -> tuple[bytes, ...]:
    """A sample of each kind of line, and the kernel's own."""
    kernel = (
        "[  12.345678] NVRM: Xid (PCI:0000:01:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.",
        "[  13.000000] NVRM: API mismatch: the client has the version 550.120, but this kernel module has 535.183.01.",
        "[  14.000000] nvidia: loading out-of-tree module taints kernel.",
    )
    return tuple(text.encode() for text in (*(row.sample for row in signatures()), *kernel))


@functools.cache
def parsers() -> dict[str, Parser]:
    """Every parser by the name of what it reads."""
    libraries = (
        elf_bytes(Library(soname="liba.so.1", needed=("libb.so.2", "libc.so.6"), runpath="$ORIGIN/../lib:/x")),
        elf_bytes(Library(soname="libc.so.6", provided=("GLIBC_2.2.5", "GLIBC_2.39"), rpath="/y", order=">")),
        elf_bytes(Library(required=(("libc.so.6", "GLIBC_2.27", False),), interp="/lib64/ld-linux-x86-64.so.2")),
        narrow_elf_bytes(),
    )
    texts = (
        "550.120 535.183.01 12.5.1 9.10.2.21 3.12.0rc1 8.6 2.21.0+nv24.10 libcudart.so.12 libcudnn.so.9.1.0 GLIBC_2.27"
    )
    whole = tuple(json.dumps(to_builtins(checked(name).report.facts)).encode() for name in NAMES[:: len(NAMES) // 6])
    records = recorded_files("tensorflow*.json", "cudnn*.json", "python-3*.json", "os-release")
    return {
        "ELF": Parser(elf, libraries),
        "ld.so.cache": Parser(cache, recorded_files("ld.so.cache")),
        "version texts": Parser(versions, tuple(word.encode() for word in texts.split())),
        "nvidia-smi (NVML)": Parser(nvidia_smi, answers()),
        "conda-meta": Parser(conda_meta, records),
        "METADATA, RECORD": Parser(environment, listings()),
        "/proc, /sys": Parser(proc, recorded_files("cpuinfo", "version", "cgroup", "pci.ids", "class", "vendor")),
        "keras.json": Parser(keras_json, (*recorded_files("keras.json"), b'{"backend": "jax", "epsilon": 1e-07}')),
        "Python files": Parser(
            python_files, (*recorded_files("build_info.py", "version.py", "pyvenv.cfg"), *answers()[:3])
        ),
        "CUDA toolkits": Parser(toolkit, recorded_files("version.json", "version.txt")),
        "kernel and framework logs": Parser(log, log_samples()),
        "facts": Parser(facts, whole),
        "Dockerfiles": Parser(gates.dockerfiles, gates.samples("Dockerfile")),
        "requirements.txt": Parser(gates.requirements, gates.samples(".txt")),
        "environment.yml": Parser(gates.environments, gates.samples(".yml", ".yaml")),
        "pyproject.toml": Parser(gates.projects, gates.samples("pyproject.toml")),
        "configurations": Parser(gates.settings, gates.SETTINGS),
        "requirements": Parser(gates.required, gates.REQUIREMENTS),
    }
