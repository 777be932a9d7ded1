"""What a machine's dynamic loader is set up with: which C library, its default directories, its processor's variants.

Input: a Host, and the executable's architecture and interpreter. Output: a ``System``. glibc has its directories
compiled in; they are told here from where its libc.so.6 lies. Checked on 2026-11-21 against glibc 2.36 of Debian and
musl 1.2.3; the layouts of other systems, and the variants of other versions of glibc, have not been tried on them.
"""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, Literal

import msgspec

from kdoctor.host import exists, names_in, text_of
from kdoctor.host.elf import Elf
from kdoctor.loader.cache import CacheEntry, parse_cache
from kdoctor.loader.tokens import base_name, directory_of

if TYPE_CHECKING:
    from kdoctor.host import Host

CACHE_FILE = "/etc/ld.so.cache"
LEVELS_DIRECTORY = "glibc-hwcaps"
_MUSL_DEFAULT = ("/lib", "/usr/local/lib", "/usr/lib")
_CPUINFO_LIMIT = 1 << 14
_TRIPLES = {"x86_64": "x86_64-linux-gnu", "aarch64": "aarch64-linux-gnu", "x86": "i386-linux-gnu"}
_TRIPLES |= {"ppc64": "powerpc64le-linux-gnu", "riscv": "riscv64-linux-gnu", "arm": "arm-linux-gnueabihf"}
_LINKERS = {"x86_64": "/lib64/ld-linux-x86-64.so.2", "aarch64": "/lib/ld-linux-aarch64.so.1"}
_LINKERS |= {"x86": "/lib/ld-linux.so.2", "ppc64": "/lib64/ld64.so.2", "arm": "/lib/ld-linux-armhf.so.3"}
_LEVELS = {
    "x86-64-v2": {"cx16", "lahf_lm", "pni", "popcnt", "sse4_1", "sse4_2", "ssse3"},
    "x86-64-v3": {"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"},
    "x86-64-v4": {"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"},
}
_HASWELL = {"abm", "avx2", "bmi1", "bmi2", "fma", "movbe", "popcnt"}
_TLS_BIT, _HASWELL_BIT, _X86_64_BIT = 1 << 63, 1 << 50, 1 << 1
_GLIBC_VERSION = re.compile(r"GLIBC_2\.(\d+)\Z")
_FIRST_WITH_LEVELS, _FIRST_WITHOUT_LEGACY = 33, 37


class System(msgspec.Struct, frozen=True, kw_only=True):
    """The loader's set-up.

    ``variants``: subdirectories tried before each directory itself, in order. ``library``: what ``$LIB`` stands
    for. ``cache``: the entries of the process's architecture, in order. ``hwcap_mask``: the bits that a numeric
    hwcap of the cache may have.
    """

    libc: Literal["glibc", "musl"]
    linker: str
    defaults: tuple[str, ...]
    library: str = "lib"
    platform: str = ""
    variants: tuple[str, ...] = ()
    cache: tuple[CacheEntry, ...] = ()
    hwcap_mask: int = 0


class _Cpu(msgspec.Struct, frozen=True):
    """The first processor of /proc/cpuinfo."""

    vendor: str
    flags: frozenset[str]


def describe_system(host: Host, executable: Elf) -> System:
    """Find out how the loader of that executable searches."""
    linker = executable.interp or _installed_linker(host, executable.machine)
    name = base_name(linker)
    if name.startswith("ld-musl"):
        return System(libc="musl", linker=linker, defaults=_musl_directories(host, linker), platform=executable.machine)
    defaults, library = _glibc_directories(host, executable, linker)
    cpu = _cpu(host) if executable.machine == "x86_64" and executable.bits == 64 else None  # noqa: PLR2004  bits
    platform = executable.machine
    if cpu and cpu.vendor == "GenuineIntel" and cpu.flags >= _HASWELL:
        platform = "haswell"
    return System(
        libc="glibc",
        linker=linker,
        defaults=defaults,
        library=library,
        platform=platform,
        variants=_variants(cpu, platform, _glibc_minor(host, defaults)) if cpu else (),
        cache=_cache(host, executable),
        hwcap_mask=_TLS_BIT | _X86_64_BIT | (_HASWELL_BIT if platform == "haswell" else 0),
    )


def _installed_linker(host: Host, machine: str) -> str:
    linker = _LINKERS.get(machine, "/lib/ld.so.1")
    musl = f"/lib/ld-musl-{machine}.so.1"
    return musl if not exists(host, linker) and exists(host, musl) else linker


def _musl_directories(host: Host, linker: str) -> tuple[str, ...]:
    """Read musl's path file, which lies beside the directory of its loader."""
    prefix = directory_of(directory_of(linker)).rstrip("/")
    path = f"{prefix}/etc/{base_name(linker).partition('.so')[0]}.path"
    if not exists(host, path):
        return _MUSL_DEFAULT
    return tuple(item for item in re.split(r"[:\n]", text_of(host, path)) if item)


def _glibc_directories(host: Host, executable: Elf, linker: str) -> tuple[tuple[str, ...], str]:
    """Give the default directories and the value of ``$LIB``."""
    if not linker.startswith(("/lib", "/usr/lib")):
        return (directory_of(linker),), "lib"
    triple = f"lib/{_TRIPLES.get(executable.machine, executable.machine)}"
    if any(exists(host, f"{top}/{triple}/libc.so.6") for top in ("", "/usr")):
        return (f"/{triple}", f"/usr/{triple}", "/lib", "/usr/lib"), triple
    if executable.bits == 64 and _is_lib64(host):  # noqa: PLR2004  bits
        return ("/lib64", "/usr/lib64"), "lib64"
    return ("/lib", "/usr/lib"), "lib"


def _is_lib64(host: Host) -> bool:
    """Whether /lib64 is where the C library lives, and not a link to /usr/lib as on Arch Linux."""
    real = host.resolve("/lib64")
    return isinstance(real, str) and real.endswith("/lib64") and exists(host, "/lib64/libc.so.6")


def _cpu(host: Host) -> _Cpu:
    lines = [line.partition(":") for line in text_of(host, "/proc/cpuinfo", limit=_CPUINFO_LIMIT).splitlines()]
    found = {key.strip(): value.strip() for key, _colon, value in reversed(lines)}
    return _Cpu(found.get("vendor_id", ""), frozenset(found.get("flags", "").split()))


def _glibc_minor(host: Host, defaults: tuple[str, ...]) -> int:
    """Give n of glibc 2.n, a recent one where it cannot be read."""
    for directory in defaults:
        libc = host.elf(f"{directory}/libc.so.6")
        if isinstance(libc, Elf):
            matches = (_GLIBC_VERSION.match(version) for version in libc.provided_versions)
            return max((int(match[1]) for match in matches if match), default=_FIRST_WITHOUT_LEGACY)
    return _FIRST_WITHOUT_LEGACY


def _variants(cpu: _Cpu, platform: str, glibc_minor: int) -> tuple[str, ...]:
    levels: list[str] = []
    if glibc_minor >= _FIRST_WITH_LEVELS:
        for level, flags in _LEVELS.items():
            if not cpu.flags >= flags:
                break
            levels.insert(0, f"{LEVELS_DIRECTORY}/{level}")
    if glibc_minor < _FIRST_WITHOUT_LEGACY:
        levels += _legacy_variants(cpu, platform)
    return tuple(levels)


def _legacy_variants(cpu: _Cpu, platform: str) -> list[str]:
    """Give the subdirectories of before glibc 2.37: every combination, the fullest first."""
    intel_512 = cpu.vendor == "GenuineIntel" and cpu.flags >= _LEVELS["x86-64-v4"]
    parts = ("tls", platform, *(["avx512_1"] if intel_512 else []), "x86_64")
    chosen = product((True, False), repeat=len(parts))
    paths = ("/".join(part for part, used in zip(parts, uses, strict=True) if used) for uses in chosen)
    return [path for path in dict.fromkeys(paths) if path]


def _cache(host: Host, executable: Elf) -> tuple[CacheEntry, ...]:
    """Read the cache; one that is damaged is no cache, as for glibc."""
    if "ld.so.cache" not in names_in(host, "/etc"):
        return ()
    data = host.read_bytes(CACHE_FILE)
    try:
        entries = parse_cache(data) if isinstance(data, bytes) else ()
    except ValueError:
        return ()
    arch = executable.machine if executable.machine != "arm" else "armhf"
    return tuple(entry for entry in entries if entry.arch == arch)
