"""Compile the simulated driver once, keep it, and put it before a command that then takes this process's place.

What is compiled lies in a folder of the cache named by everything that it depends on; it is made beside it and gets
its name last, so that a folder with the name is whole, however many start at once and wherever one is killed.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

import platformdirs

from kdoctor.host import NotRun
from kdoctor.host.live import INSIDE
from kdoctor.host.rename import remove_tree, rename_new, sync_tree
from kdoctor.host.spawn import spawn
from kdoctor.knowledge.faults import Offered
from kdoctor.model.trouble import Trouble

SOURCES = Path(__file__).resolve().parent.parent / "fakegpu"
LIBCUDA = "libcuda.so.1"
NVML = "libnvidia-ml.so.1"
OFFERED: Mapping[Offered, tuple[str, ...]] = {
    "both": (LIBCUDA, NVML),
    "only-libcuda": (LIBCUDA,),
    "only-nvml": (NVML,),
}
STATE_VARIABLE = "KDOCTOR_FAKE_GPU"
COMPILED = {LIBCUDA: ("cuda.c", "state.c"), NVML: ("nvml.c", "absent.c", "state.c")}
COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-std=gnu11", "-O1", "-fPIC", "-shared", "-fvisibility=hidden")
COMPILE_S = 60.0
FORGOTTEN_S = 3600.0
NOT_FOUND, NOT_EXECUTABLE = 127, 126
HINT_CACHE = "Set XDG_CACHE_HOME to a folder where programs may lie."


def compiler() -> str:
    """The C compiler on PATH; raises Trouble where there is none."""
    found = next((path for path in map(shutil.which, COMPILERS) if path), None)
    if found is None:
        hint = "Install one, e.g. `apt-get install gcc libc6-dev`, `dnf install gcc`, `apk add gcc musl-dev`."
        message = f"the simulated driver is compiled here, and no C compiler ({', '.join(COMPILERS)}) is on PATH"
        raise Trouble("no-compiler", message, hint=hint)
    return found


def build(directory: Path, flags: tuple[str, ...] = ()) -> None:
    """Compile both libraries into a new directory, and lay out a folder for each choice of which are offered."""
    cc = compiler()
    directory.mkdir(parents=True, exist_ok=True)
    for soname, sources in COMPILED.items():
        _compile(cc, sources, directory / soname, flags)
    for offered, sonames in OFFERED.items():
        (directory / offered).mkdir()
        for soname in sonames:
            shutil.copy2(directory / soname, directory / offered / soname)
    programs = directory / "bin"
    programs.mkdir()
    script = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I {shlex.quote(str(INSIDE / "nvidia_smi.py"))} "$@"\n'
    (programs / "nvidia-smi").write_text(script, encoding="utf-8")
    (programs / "nvidia-smi").chmod(0o755)


def _compile(cc: str, sources: tuple[str, ...], target: Path, flags: tuple[str, ...]) -> None:
    library = target.name.partition(".so")[0]
    command = (
        *(cc, *FLAGS, *flags, f'-DLIBRARY="{library}"', f"-Wl,-soname,{target.name}", "-o", str(target)),
        *(*(str(SOURCES / source) for source in sources), "-ldl"),
    )
    ran = spawn(command, timeout_s=COMPILE_S, environ={**os.environ, "LC_ALL": "C"})
    if isinstance(ran, NotRun) or ran.code:
        said = str(ran) if isinstance(ran, NotRun) else (ran.err.strip() or f"exit status {ran.code}")
        first = next((line for line in said.splitlines() if "error" in line), said.splitlines()[0])
        hint = "It needs the C library's headers too: `apt-get install libc6-dev`, `apk add musl-dev`."
        raise Trouble("not-compiled", f"{cc} could not compile {sources[0]}: {first[:300]}", hint=hint)


def built(cache: Path) -> Path:
    """The folder with the compiled libraries, made now where it is not there yet. Raises Trouble."""
    target = cache / _identity()
    try:
        if not target.is_dir():
            cache.mkdir(parents=True, exist_ok=True)
            _make(target)
        _refuse_noexec(target)
    except OSError as error:
        message = f"{cache} cannot be written: {error.strerror or error}"
        raise Trouble("cache-unwritable", message, hint=HINT_CACHE) from error
    return target


def _make(target: Path) -> None:
    _clean(target.parent)
    aside = Path(tempfile.mkdtemp(prefix="making-", dir=target.parent))
    try:
        build(aside)
        sync_tree(str(aside))
        aside.chmod(0o755)
        with contextlib.suppress(FileExistsError):  # another start was quicker
            rename_new(str(aside), str(target))
    finally:
        if aside.exists():
            remove_tree(str(aside))


def _clean(cache: Path) -> None:
    """Remove what a kill left, long after the longest compilation has ended."""
    for path in cache.glob("making-*"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - FORGOTTEN_S:
                remove_tree(str(path))


def _identity() -> str:
    """Sources, way of compiling, C library and interpreter: a home may be shared by several kinds of machine."""
    digest = sha256(repr((FLAGS, os.uname().machine, _libc(), sys.executable, str(INSIDE))).encode())
    for path in sorted((*SOURCES.glob("*.c"), *SOURCES.glob("*.h"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _libc() -> str:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except ValueError:
        return "musl"


def _refuse_noexec(folder: Path) -> None:
    if os.statvfs(folder).f_flag & os.ST_NOEXEC:
        message = f"{folder} is on a file system that is mounted noexec: libraries there cannot be loaded"
        raise Trouble("cache-noexec", message, hint=HINT_CACHE)


def kept_state(cache: Path, text: str) -> Path:
    """A file with that state, named by its content: the command reads it whenever it starts a program."""
    data = text.encode()
    target = cache / f"{sha256(data).hexdigest()[:16]}.state"
    try:
        if not target.is_file():
            descriptor, part = tempfile.mkstemp(prefix="making-", dir=cache)
            with open(descriptor, "wb") as file:
                file.write(data)
            os.replace(part, target)
    except OSError as error:
        message = f"{cache} cannot be written: {error.strerror or error}"
        raise Trouble("cache-unwritable", message, hint=HINT_CACHE) from error
    return target


def cache_folder() -> Path:
    """Where this user's compiled libraries and states are."""
    return Path(platformdirs.user_cache_dir("kdoctor")).absolute() / "fakegpu"


def environment(folder: Path, state: Path, offered: Offered, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables under which a command meets the simulated driver first."""
    found = {**environ, STATE_VARIABLE: str(state)}
    found["LD_LIBRARY_PATH"] = _before(str(folder / offered), environ.get("LD_LIBRARY_PATH", ""))
    if NVML in OFFERED[offered]:
        found["PATH"] = _before(str(folder / "bin"), environ.get("PATH", "") or os.defpath)
    return found


def _before(path: str, rest: str) -> str:
    return f"{path}{os.pathsep}{rest}" if rest else path


def real_driver() -> str | None:
    """The library of a real driver that the loader would find where the simulated one is not offered."""
    from ctypes.util import find_library  # noqa: PLC0415  asked only where a library is left out

    return find_library("cuda") or find_library("nvidia-ml")


def become(command: tuple[str, ...], environ: Mapping[str, str]) -> NoReturn:
    """Run a command in this process's place: its terminal, signals and exit status are the command's own.

    Raises Trouble, with a shell's status, where it cannot be started.
    """
    for name in ("SIGPIPE", "SIGXFSZ"):  # Python ignores them, and what is ignored stays so
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvpe(command[0], command, environ)  # noqa: S606  an argv, no shell: the command is the user's own
    except FileNotFoundError as error:
        raise Trouble("command-not-found", f"{command[0]}: command not found", code=NOT_FOUND) from error
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise Trouble("command-not-started", f"{command[0]}: {said}", code=NOT_EXECUTABLE) from error
