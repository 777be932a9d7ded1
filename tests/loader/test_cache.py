"""ld.so.cache: against ldconfig, in every format, and damaged."""

from __future__ import annotations

import random
import re
import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest

from kdoctor.loader.cache import CacheEntry, parse_cache
from tests.loader.elves import Library, write

LDCONFIG = shutil.which("ldconfig") or shutil.which("ldconfig", path="/sbin:/usr/sbin")
NEEDS_LDCONFIG = pytest.mark.skipif(LDCONFIG is None, reason="no ldconfig to compare with")
LINE = re.compile(r"\s+(\S+) \((?:libc6|ELF)(?:,(?P<arch>[^,)]+))?(?:, hwcap: \"(?P<hwcap>[^\"]+)\")?[^)]*\) => (\S+)")
ARCHS = {"x86-64": "x86_64", "AArch64": "aarch64", None: "x86"}
OLD = b"ld.so-1.7.0\0"
NEW = b"glibc-ld.so.cache1.1"


def printed(*options: str) -> tuple[CacheEntry, ...]:
    """Read what ldconfig -p prints."""
    words = (str(LDCONFIG), *options, "-p")
    text = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    found = (LINE.match(line) for line in text.splitlines()[1:])
    return tuple(
        CacheEntry(soname=line[1], path=line[4], arch=ARCHS[line["arch"]], hwcap=line["hwcap"] or "")
        for line in found
        if line
    )


def new_format(order: str, flags: int, *, mark: int = 0, hwcap: int = 0, extension: int = 0) -> bytes:
    """Write a cache of one entry."""
    header = (
        NEW
        + struct.pack(order + "II", 1, 20)
        + bytes([mark, 0, 0, 0])
        + struct.pack(order + "IIII", extension, 0, 0, 0)
    )
    strings = 48 + 24
    assert len(header) == 48
    return header + struct.pack(order + "IIIIQ", flags, strings, strings + 7, 0, hwcap) + b"liba.1\0/x/liba.1\0"


A = CacheEntry(soname="liba.1", path="/x/liba.1", arch="x86_64")


@NEEDS_LDCONFIG
def test_the_cache_of_this_machine_is_what_ldconfig_prints() -> None:
    """Every entry, in order."""
    path = Path("/etc/ld.so.cache")
    if not path.exists():
        pytest.skip("this machine has no ld.so.cache")
    assert parse_cache(path.read_bytes()) == printed()


@NEEDS_LDCONFIG
def test_a_new_cache_with_variants_is_what_ldconfig_prints(tmp_path: Path) -> None:
    """Made by ldconfig in a root of its own, with glibc-hwcaps directories."""
    for place in ("lib", "opt/lib", "opt/lib/glibc-hwcaps/x86-64-v3", "opt/lib/glibc-hwcaps/x86-64-v2"):
        write(tmp_path / place / "libkd.so.1", Library(soname="libkd.so.1"))
    write(tmp_path / "opt/lib/libother.so.2", Library(soname="libother.so.2"))
    write(tmp_path / "etc/ld.so.conf", b"/opt/lib\n")
    made = subprocess.run((str(LDCONFIG), "-r", str(tmp_path)), check=False, capture_output=True, text=True)
    cache = tmp_path / "etc/ld.so.cache"
    if made.returncode or not cache.exists():
        pytest.skip(f"ldconfig -r does not work here: {made.stderr}")
    entries = parse_cache(cache.read_bytes())
    assert entries == printed("-C", str(cache))
    assert {entry.hwcap for entry in entries} == {"x86-64-v3", "x86-64-v2", ""}


@pytest.mark.parametrize(("order", "mark"), [("<", 0), ("<", 2), (">", 0), (">", 3)])
def test_both_byte_orders_are_read_marked_or_not(order: str, mark: int) -> None:
    """Caches before glibc 2.33 do not say theirs."""
    assert parse_cache(new_format(order, 0x0303, mark=mark)) == (A,)


def test_the_old_format_is_read() -> None:
    """Of before glibc 2.2."""
    data = OLD + struct.pack("<I", 1) + struct.pack("<III", 3, 0, 7) + b"liba.1\0/x/liba.1\0"
    assert parse_cache(data) == (CacheEntry(soname="liba.1", path="/x/liba.1", arch="x86"),)


def test_the_new_format_inside_the_old_is_read() -> None:
    """As ldconfig --format=compat writes it; its offsets count from the inner header."""
    old = OLD + struct.pack("<I", 1) + struct.pack("<III", 0x0303, 0, 7)
    data = old + bytes(-len(old) % 8) + new_format("<", 0x0303)
    assert parse_cache(data) == (A,)


def test_architectures_are_named_and_other_kinds_left_out() -> None:
    """The mark is the second byte of the flags; libc4 is no ELF library."""
    assert parse_cache(new_format("<", 0x0A03))[0].arch == "aarch64"
    assert parse_cache(new_format("<", 0x3303))[0].arch == "0x33"
    assert parse_cache(new_format("<", 0x0300)) == ()


def test_the_old_kind_of_hwcap_is_a_number() -> None:
    """Bits of before glibc 2.33."""
    assert parse_cache(new_format("<", 0x0303, hwcap=1 << 50))[0].hwcap == "0x4000000000000"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ld.so",
        b"text\n" * 100,
        NEW,
        OLD,
        OLD + b"\xff" * 40,
        new_format("<", 0x0303)[:60],
        new_format("<", 0x0303)[:-1],
        new_format("<", 0x0303, hwcap=1 << 62),
        new_format("<", 0x0303, extension=4),
        new_format("<", 0x0303, extension=1 << 31),
    ],
    ids=[
        "empty",
        "short",
        "text",
        "header",
        "old-header",
        "old-count",
        "cut",
        "no-nul",
        "hwcap",
        "extension",
        "outside",
    ],
)
def test_garbage_is_refused(data: bytes) -> None:
    """With a ValueError and nothing else."""
    with pytest.raises(ValueError, match=r"ld\.so\.cache"):
        parse_cache(data)


def test_overlapping_strings_do_not_fill_the_memory() -> None:
    """Thousands of entries into one long text."""
    count = 20_000
    header = NEW + struct.pack("<II", count, 0) + bytes(20)
    body = b"".join(
        struct.pack("<IIIIQ", 0x0303, 48 + 24 * count + i % 3000, 48 + 24 * count, 0, 0) for i in range(count)
    )
    with pytest.raises(ValueError, match="does not end"):
        parse_cache(header + body + b"x" * 4000 + b"\0" * 2)


def test_mutations_end_in_entries_or_a_value_error() -> None:
    """Two thousand damaged copies of real caches, within seconds."""
    seeds = [new_format("<", 0x0303, mark=2), OLD + struct.pack("<I", 1) + struct.pack("<III", 3, 0, 7) + b"a\0b\0"]
    real = Path("/etc/ld.so.cache")
    if real.exists():
        seeds.append(real.read_bytes())
    dice = random.Random(1)  # noqa: S311  no secret
    started = time.monotonic()
    for _ in range(2000):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randint(1, 6)):
            data[dice.randrange(min(len(data), 400))] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
        if dice.random() < 0.2:
            del data[dice.randrange(len(data)) :]
        try:
            parse_cache(bytes(data))
        except ValueError:
            continue
    assert time.monotonic() - started < 20
