"""The static search on an unpacked system against the real loader inside it: caches of its own, stale and damaged.

Needs root: the world is entered with chroot. It holds this machine's loader and C library and nothing else.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kdoctor.host.sysroot import SysrootHost
from kdoctor.loader.search import Loader
from tests.loader.elves import Library, narrow_elf_bytes, write
from tests.loader.real import HAS_CC, NOT_STARTED, Program

if TYPE_CHECKING:
    from tests.loader.real import Toolbox

SYSTEM = ("/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6")
LDCONFIG, CHROOT = (shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin") for name in ("ldconfig", "chroot"))
CAN = HAS_CC and LDCONFIG and CHROOT and os.geteuid() == 0 and all(Path(path).exists() for path in SYSTEM)
pytestmark = pytest.mark.skipif(not CAN, reason="needs root, cc, ldconfig, chroot and a Debian x86-64")
SONAMES = tuple(f"lib{letter}.so.1" for letter in "abcdef")
PLACES: tuple[str, ...] = (
    "opt/a",
    "opt/b",
    "opt/c",
    "usr/lib",
    "lib",
    "lib/x86_64-linux-gnu",
    "lib/tls",
    "opt/c/tls/x86_64",
)
PLACES += ("opt/a/glibc-hwcaps/x86-64-v2", "opt/a/glibc-hwcaps/x86-64-v3", "opt/b/glibc-hwcaps/x86-64-v4")
PATHS = (None, None, "/opt/c", "/opt/b:/opt/c", "$ORIGIN")
WORLDS = 25


def library(dice: random.Random, name: str) -> Library:
    """Roll a library."""
    return Library(
        soname=name if dice.random() < 0.9 else dice.choice(SONAMES),
        needed=tuple(dice.sample(SONAMES, dice.choice((0, 0, 0, 1, 2)))),
        runpath=dice.choice(PATHS) if dice.random() < 0.3 else None,
        rpath=dice.choice(PATHS) if dice.random() < 0.3 else None,
        no_default_lib=dice.random() < 0.15,
    )


def fill(root: Path, dice: random.Random, tools: Toolbox) -> None:
    """Make a system: libraries, then its cache, then some libraries go or break."""
    for given in (*SYSTEM, "/proc/cpuinfo"):
        write(root / given[1:], Path(given).read_bytes()).chmod(0o755)
    places = [root / place / name for name in SONAMES for place in dice.sample(PLACES, dice.randint(1, 6))]
    for path in places:
        write(path, library(dice, path.name))
    write(root / "etc/ld.so.conf", b"/opt/a\n/opt/b\n")
    if dice.random() < 0.9:
        subprocess.run((str(LDCONFIG), "-r", str(root)), check=True, capture_output=True)
    for path in places:
        fate = dice.random()
        if fate < 0.12:
            path.unlink()
        elif fate < 0.17:
            path.write_bytes(narrow_elf_bytes() if fate < 0.15 else b"text" * 30)
    if dice.random() < 0.3:
        listed = " ".join(dice.sample(SONAMES, 2))
        write(root / "etc/ld.so.preload", f"# comment\n{listed} # more\n/opt/a/liba.so.1:libq.so\n".encode())
    caller = Program(runpath=dice.choice(PATHS), no_default_lib=dice.random() < 0.3)
    tools.link(root / "bin/probe", Program(rpath=dice.choice(PATHS)), is_library=False)
    tools.link(root / "app/caller.so", caller, is_library=True)


def real_lines(root: Path, names: list[str], environ: dict[str, str]) -> list[str]:
    """Give what the real loader found, then all that it loaded."""
    words = (str(CHROOT), str(root), "/bin/probe", "/app/caller.so", *names)
    lines = subprocess.run(words, check=False, capture_output=True, text=True, env=environ).stdout.splitlines()
    if not lines or lines[0].startswith("!"):
        return [NOT_STARTED]
    found = [line[2:] if line[0] == "+" else "" for line in lines if line[0] in "+-"]
    return found + sorted(line[2:] for line in lines if line.startswith("= /"))


def static_lines(root: Path, names: list[str], environ: dict[str, str]) -> list[str]:
    """Give ours in the same form."""
    loader = Loader(SysrootHost(str(root)), "/bin/probe", environ)
    if not loader.startup.ok or not loader.open("/app/caller.so", "/bin/probe").ok:
        return [NOT_STARTED]
    found = [opened.path if opened.ok else "" for opened in (loader.open(name, "/app/caller.so") for name in names)]
    return found + sorted(path for path in loader.loaded if path != "/bin/probe")


@pytest.mark.parametrize("seed", range(WORLDS))
def test_the_verdict_on_an_unpacked_system_is_its_own_loaders(seed: int, tools: Toolbox, tmp_path: Path) -> None:
    """Through ld.so.cache with variants and stale entries, ld.so.preload and the default directories."""
    dice = random.Random(seed)  # noqa: S311  no secret
    fill(tmp_path, dice, tools)
    environ = {"LD_LIBRARY_PATH": dice.choice(("/opt/c", "/opt/b:/opt/c"))} if dice.random() < 0.3 else {}
    names = dice.choices(SONAMES, k=6)
    assert static_lines(tmp_path, names, environ) == real_lines(tmp_path, names, environ)
