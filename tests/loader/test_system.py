"""What the loader is set up with, told from the files of each kind of system."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kdoctor.host.elf import Elf
from kdoctor.host.sysroot import SysrootHost
from kdoctor.loader.cache import CacheEntry
from kdoctor.loader.system import System, describe_system
from kdoctor.loader.tokens import directories
from tests.loader.elves import Library, write
from tests.loader.test_cache import new_format

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = Elf(bits=64, machine="x86_64", interp="/lib64/ld-linux-x86-64.so.2")
V2 = "cx16 lahf_lm pni popcnt sse4_1 sse4_2 ssse3"
V3 = f"{V2} abm avx avx2 bmi1 bmi2 f16c fma movbe"
V4 = f"{V3} avx512bw avx512cd avx512dq avx512f avx512vl"


def system(root: Path, libc: str, *, versions: tuple[str, ...] = ("GLIBC_2.39",), cpu: str = "") -> System:
    """Describe an image with a C library at a place."""
    write(root / libc, Library(soname="libc.so.6", provided=("libc.so.6", "GLIBC_PRIVATE", *versions)))
    if cpu:
        write(root / "proc/cpuinfo", cpu.encode())
    return describe_system(SysrootHost(str(root)), PROGRAM)


def cpu(vendor: str, flags: str) -> str:
    """Write /proc/cpuinfo of two processors; the first counts."""
    return f"processor\t: 0\nvendor_id\t: {vendor}\nflags\t\t: {flags}\n\nprocessor\t: 1\nflags\t\t: none\n"


def test_debian_has_multiarch_directories(tmp_path: Path) -> None:
    """Also for ``$LIB``."""
    found = system(tmp_path, "usr/lib/x86_64-linux-gnu/libc.so.6")
    assert found.defaults == ("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib")
    assert (found.libc, found.library, found.platform) == ("glibc", "lib/x86_64-linux-gnu", "x86_64")


def test_fedora_has_lib64(tmp_path: Path) -> None:
    """On every 64-bit architecture."""
    found = system(tmp_path, "lib64/libc.so.6")
    assert (found.defaults, found.library) == (("/lib64", "/usr/lib64"), "lib64")


def test_arch_has_lib_alone(tmp_path: Path) -> None:
    """Its /lib64 is a link."""
    write(tmp_path / "usr/lib/libc.so.6", Library())
    (tmp_path / "lib64").symlink_to("usr/lib")
    found = system(tmp_path, "lib64/libc.so.6")
    assert (found.defaults, found.library) == (("/lib", "/usr/lib"), "lib")


def test_a_loader_of_its_own_place_has_its_own_directory(tmp_path: Path) -> None:
    """As on NixOS."""
    program = Elf(bits=64, machine="x86_64", interp="/nix/store/x-glibc/lib/ld-linux-x86-64.so.2")
    found = describe_system(SysrootHost(str(tmp_path)), program)
    assert (found.defaults, found.variants) == (("/nix/store/x-glibc/lib",), ())


def test_without_an_interpreter_the_installed_loader_counts(tmp_path: Path) -> None:
    """It is the glibc one where there is neither."""
    program = Elf(bits=64, machine="x86_64")
    assert describe_system(SysrootHost(str(tmp_path)), program).libc == "glibc"
    write(tmp_path / "lib/ld-musl-x86_64.so.1", Library())
    assert describe_system(SysrootHost(str(tmp_path)), program).libc == "musl"


@pytest.mark.parametrize(
    ("flags", "variants"),
    [
        ("sse2", ()),
        (V2, ("glibc-hwcaps/x86-64-v2",)),
        (V3, ("glibc-hwcaps/x86-64-v3", "glibc-hwcaps/x86-64-v2")),
        (V4, ("glibc-hwcaps/x86-64-v4", "glibc-hwcaps/x86-64-v3", "glibc-hwcaps/x86-64-v2")),
    ],
    ids=["baseline", "v2", "v3", "v4"],
)
def test_variants_follow_the_processor(flags: str, variants: tuple[str, ...], tmp_path: Path) -> None:
    """The best first; none are known without its flags."""
    assert system(tmp_path, "lib64/libc.so.6", cpu=cpu("AuthenticAMD", flags)).variants == variants


def test_before_glibc_2_33_there_are_only_the_old_variants(tmp_path: Path) -> None:
    """Every combination, the fullest first; haswell is Intel's alone."""
    found = system(tmp_path, "lib64/libc.so.6", versions=("GLIBC_2.31",), cpu=cpu("GenuineIntel", V4))
    assert found.platform == "haswell"
    assert found.variants[:3] == ("tls/haswell/avx512_1/x86_64", "tls/haswell/avx512_1", "tls/haswell/x86_64")
    assert (len(found.variants), found.variants[-1]) == (15, "x86_64")
    assert found.hwcap_mask & 1 << 50


def test_in_between_there_are_both(tmp_path: Path) -> None:
    """As ld.so 2.36 prints them on this processor with LD_DEBUG=libs."""
    found = system(tmp_path, "lib64/libc.so.6", versions=("GLIBC_2.36",), cpu=cpu("AuthenticAMD", V2))
    legacy = ("tls/x86_64/x86_64", "tls/x86_64", "tls", "x86_64/x86_64", "x86_64")
    assert found.variants == ("glibc-hwcaps/x86-64-v2", *legacy)
    assert not found.hwcap_mask & 1 << 50


def test_other_architectures_have_no_variants(tmp_path: Path) -> None:
    """Nor do their entries of the cache count."""
    write(tmp_path / "etc/ld.so.cache", new_format("<", 0x0303))
    program = Elf(bits=64, machine="aarch64", interp="/lib/ld-linux-aarch64.so.1")
    found = describe_system(SysrootHost(str(tmp_path)), program)
    assert (found.variants, found.cache) == ((), ())


def test_the_cache_is_kept_for_the_architecture_and_none_if_damaged(tmp_path: Path) -> None:
    """As glibc ignores one that it cannot read."""
    write(tmp_path / "etc/ld.so.cache", new_format("<", 0x0303))
    entry = CacheEntry(soname="liba.1", path="/x/liba.1", arch="x86_64")
    assert system(tmp_path, "lib64/libc.so.6").cache == (entry,)
    write(tmp_path / "etc/ld.so.cache", new_format("<", 0x0303)[:50])
    assert system(tmp_path, "lib64/libc.so.6").cache == ()


def test_an_item_that_is_nothing_but_an_unknown_platform_is_dropped() -> None:
    """As glibc, which drops what a token made empty, and takes what was empty for the current directory."""
    assert directories(("$PLATFORM", "", "/"), {"PLATFORM": ""}, "/work") == ("/work", "/")
