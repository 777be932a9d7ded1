"""The ELF reader: real files, written files, and hostile ones."""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from kdoctor.host.elf import Elf, NotElf, parse_elf, parse_header
from tests.loader.elves import Library, elf_bytes, narrow_elf_bytes

if TYPE_CHECKING:
    from pathlib import Path

NEEDS_CC = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
FULL = Library(
    soname="liba.so.1",
    needed=("libb.so.1", "libc.so.6"),
    rpath="/r",
    runpath="$ORIGIN/../lib::/x",
    no_default_lib=True,
    interp="/lib/ld.so",
    required=(("libb.so.1", "V1", False), ("libc.so.6", "GLIBC_2.5", False), ("libc.so.6", "GLIBC_2.9", True)),
    provided=("liba.so.1", "A1", "A2"),
)


class Counted:
    """Bytes that note how much of them was asked for."""

    def __init__(self, data: bytes) -> None:
        """Start at nothing."""
        self.data = data
        self.taken = 0

    def __call__(self, offset: int, size: int) -> bytes:
        """Give a part."""
        found = self.data[offset : offset + size]
        self.taken += len(found)
        return found


def parse(data: bytes) -> Elf:
    """Parse bytes."""
    return parse_elf(Counted(data))


def patched(data: bytes, layout: str, place: int, *values: int) -> bytes:
    """Overwrite numbers."""
    changed = bytearray(data)
    struct.pack_into(layout, changed, place, *values)
    return bytes(changed)


def tag_place(data: bytes, tag: int) -> int:
    """Where the value of a dynamic tag is, in what ``elf_bytes`` wrote."""
    (start,) = struct.unpack_from("<Q", data, 64 + 56 + 8)
    for place in range(start, len(data), 16):
        if struct.unpack_from("<q", data, place)[0] == tag:
            return place + 8
    raise AssertionError(tag)


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_field_is_read_in_both_byte_orders(order: str) -> None:
    """The written library comes back."""
    library = Library(**{**{name: getattr(FULL, name) for name in FULL.__struct_fields__}, "order": order})
    assert parse(elf_bytes(library)) == Elf(
        bits=64,
        machine="x86_64",
        byte_order="little" if order == "<" else "big",
        soname="liba.so.1",
        needed=("libb.so.1", "libc.so.6"),
        rpath=("/r",),
        runpath=("$ORIGIN/../lib", "", "/x"),
        no_default_lib=True,
        interp="/lib/ld.so",
        required_versions=(("libb.so.1", ("V1",)), ("libc.so.6", ("GLIBC_2.5",)), ("libc.so.6", ())),
        provided_versions=("liba.so.1", "A1", "A2"),
    )


def test_an_empty_runpath_is_told_from_none() -> None:
    """It turns rpath off all the same."""
    assert parse(elf_bytes(Library(runpath=""))).runpath == ("",)
    assert parse(elf_bytes(Library())).runpath == ()


@NEEDS_CC
def test_a_compiled_library_is_read_as_readelf_reads_it(tmp_path: Path) -> None:
    """Tags, versions both ways, and the interpreter of a program."""
    (tmp_path / "a.c").write_text('#include <stdio.h>\nvoid f(void) { puts(""); }\nint main(void) { return 0; }\n')
    (tmp_path / "a.map").write_text("A1 { f; };\nA2 { main; } A1;\n")
    words = ["cc", "-shared", "-fPIC", "-o", "liba.so", "a.c", "-Wl,-soname,liba.so.7", "-Wl,--version-script,a.map"]
    words += ["-Wl,--disable-new-dtags,-rpath,$ORIGIN/x:/y", "-Wl,-z,nodefaultlib"]
    subprocess.run(words, check=True, cwd=tmp_path)
    subprocess.run(("cc", "-o", "program", "a.c", "-pie", "-Wl,--enable-new-dtags,-rpath,/z"), check=True, cwd=tmp_path)
    library, program = parse((tmp_path / "liba.so").read_bytes()), parse((tmp_path / "program").read_bytes())
    assert (library.soname, library.needed, library.rpath, library.runpath) == (
        "liba.so.7",
        ("libc.so.6",),
        ("$ORIGIN/x", "/y"),
        (),
    )
    assert library.no_default_lib
    assert library.provided_versions == ("liba.so.7", "A1", "A2")
    assert dict(library.required_versions)["libc.so.6"][0].startswith("GLIBC_2.")
    assert (program.kind, program.runpath) == ("pie", ("/z",))
    assert program.interp.startswith("/lib")


@NEEDS_CC
def test_a_large_library_costs_what_a_small_one_does(tmp_path: Path) -> None:
    """Its data is not read."""
    (tmp_path / "a.c").write_text("char big[64 << 20] = {1};\n")
    subprocess.run(("cc", "-shared", "-fPIC", "-o", "liba.so", "a.c"), check=True, cwd=tmp_path)
    read = Counted((tmp_path / "liba.so").read_bytes())
    assert parse_elf(read).has_dynamic
    assert len(read.data) > 64 << 20
    assert read.taken < 64 << 10


def test_a_32_bit_header_and_other_machines_are_told() -> None:
    """What the loader passes over."""
    header = parse_header(Counted(narrow_elf_bytes()))
    assert (header.bits, header.machine, header.kind) == (32, "x86", "shared")
    assert parse(elf_bytes(Library(machine=183))).machine == "aarch64"
    assert parse(elf_bytes(Library(machine=9999))).machine == "9999"
    assert parse(elf_bytes(Library(kind=1))) == Elf(bits=64, machine="x86_64", kind="other", has_dynamic=False)


def small_elf_bytes(*, order: str = "<") -> bytes:
    """Write a 32-bit x86 library that needs libb.so.1."""
    strings, start = b"\0libb.so.1\0\0", 52 + 64
    dynamic_at = start + len(strings)
    dynamic = b"".join(struct.pack(order + "II", *tag) for tag in ((1, 1), (5, start), (10, len(strings)), (0, 0)))
    size = dynamic_at + len(dynamic)
    header = b"\x7fELF" + bytes([1, 1 if order == "<" else 2, 1]) + bytes(9)
    header += struct.pack(order + "HHIIIIIHHHHHH", 3, 3, 1, 0, 52, 0, 0, 52, 32, 2, 40, 0, 0)
    load = struct.pack(order + "IIIIIIII", 1, 0, 0, 0, size, size, 5, 4096)
    pointer = (2, dynamic_at, dynamic_at, 0, len(dynamic), len(dynamic), 6, 4)
    return header + load + struct.pack(order + "IIIIIIII", *pointer) + strings + dynamic


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_32_bit_library_is_read_too(order: str) -> None:
    """In both byte orders."""
    elf = parse(small_elf_bytes(order=order))
    assert (elf.bits, elf.machine, elf.needed) == (32, "x86", ("libb.so.1",))


def test_a_string_over_two_blocks_is_read_whole() -> None:
    """Up to the limit of a search path."""
    runpath = ":".join(f"/{index}" for index in range(6000))
    assert parse(elf_bytes(Library(runpath=runpath))).runpath == tuple(runpath.split(":"))


GOOD = elf_bytes(FULL)
HUGE = 0xFFFF_FFFF_FFFF_FFF0
HOSTILE = {
    "empty": (b"", "too short"),
    "text": (b"INPUT ( -lfoo )\n" * 9, "invalid ELF header"),
    "magic alone": (b"\x7fELF", "too short"),
    "a class of its own": (patched(GOOD, "B", 4, 9), "word size"),
    "another system": (patched(GOOD, "B", 7, 9), "OS ABI"),
    "program header beyond the end": (patched(GOOD, "<Q", 32, 1 << 40), "truncated"),
    "program header at no place": (patched(GOOD, "<Q", 32, HUGE), "impossible place"),
    "65535 program headers": (patched(GOOD, "<H", 56, 0xFFFF), "65535 entries"),
    "2048 program headers": (patched(GOOD, "<H", 56, 2048), "truncated"),
    "small program headers": (patched(GOOD, "<H", 54, 8), "8 bytes"),
    "no program headers": (patched(GOOD, "<H", 56, 0), "no loadable segments"),
    "a segment beyond the end": (patched(GOOD, "<Q", 64 + 32, 1 << 30), "truncated"),
    "a segment at no place": (patched(GOOD, "<Q", 64 + 32, HUGE), "truncated"),
    "cut in the middle": (GOOD[: len(GOOD) // 2], "truncated"),
    "an interpreter at no place": (patched(GOOD, "<Q", 64 + 112 + 8, HUGE), "impossible place"),
    "one byte short": (GOOD[:-1], "truncated"),
    "a dynamic section outside": (patched(GOOD, "<Q", 64 + 56 + 16, 1 << 50), "none of its segments"),
    "a huge dynamic section": (patched(GOOD, "<Q", 64 + 56 + 32, 1 << 40), "entries"),
    "no string table": (patched(GOOD, "<q", tag_place(GOOD, 5) - 8, 0x6000_0000), "no string table"),
    "a string table outside": (patched(GOOD, "<Q", tag_place(GOOD, 5), HUGE), "none of its segments"),
    "a name outside the string table": (patched(GOOD, "<Q", tag_place(GOOD, 14), 1 << 20), "outside its string"),
    "a name that does not end soon": (elf_bytes(Library(soname="x" * 5000)), "within 4096 bytes"),
    "needed versions outside": (patched(GOOD, "<Q", tag_place(GOOD, 0x6FFFFFFE), HUGE), "none of its segments"),
    "countless versions": (patched(GOOD, "<Q", tag_place(GOOD, 0x6FFFFFFD), HUGE), "symbol versions"),
}


@pytest.mark.parametrize(("data", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    """Never another exception."""
    with pytest.raises(NotElf, match=reason):
        parse(data)


def test_a_count_of_versions_beyond_the_chain_is_harmless() -> None:
    """The chain says where it ends."""
    assert parse(patched(GOOD, "<Q", tag_place(GOOD, 0x6FFFFFFF), HUGE)) == parse(GOOD)


def test_a_version_chain_that_runs_in_a_circle_ends() -> None:
    """Each step leads on by one byte, or the count is all there is to stop it."""
    place = tag_place(GOOD, 0x6FFFFFFE)
    (start,) = struct.unpack_from("<Q", GOOD, place)
    endless = patched(GOOD, "<Q", tag_place(GOOD, 0x6FFFFFFF), 1 << 40)
    for step in (1, 4, 0xFFFF_FFFF):
        with pytest.raises(NotElf):
            parse(patched(endless, "<I", start + 12, step))
    with pytest.raises(NotElf, match="symbol versions"):
        parse(patched(endless, "<HHIII", start, 1, 0xFFFF, 0, 0, 1))


def test_tables_spread_over_the_whole_file_are_refused() -> None:
    """The memory stays bounded: each name lies in a block of its own."""
    count = 2000
    tags = [(1, 1 + index * 8192) for index in range(count)] + [(5, 64 + 112), (10, 1 << 40), (0, 0)]
    dynamic = b"".join(struct.pack("<QQ", *tag) for tag in tags)
    size = 64 + 112 + count * 8192 + len(dynamic)
    at = size - len(dynamic)
    data = bytearray(elf_bytes(Library())[:64].ljust(size, b"\0"))
    struct.pack_into("<IIQQQQQQ", data, 64, 1, 6, 0, 0, 0, size, size, 4096)
    struct.pack_into("<IIQQQQQQ", data, 120, 2, 6, at, at, at, len(dynamic), len(dynamic), 8)
    data[at:] = dynamic
    read = Counted(bytes(data))
    with pytest.raises(NotElf, match="spread"):
        parse_elf(read)
    assert read.taken < 5 << 20


def test_mutations_end_in_an_elf_or_not_elf() -> None:
    """Thousands of damaged copies of a written and of a real file, within seconds."""
    with open(os.path.realpath(sys.executable), "rb") as file:  # noqa: PTH123  any real ELF file
        real = file.read(1 << 16)
    dice = random.Random(2)  # noqa: S311  no secret
    started = time.monotonic()
    for _ in range(4000):
        data = bytearray(GOOD if dice.random() < 0.8 else real)
        for _ in range(dice.randint(1, 8)):
            data[dice.randrange(min(len(data), 1024))] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
        if dice.random() < 0.2:
            del data[dice.randrange(len(data)) :]
        try:
            parse(bytes(data))
        except NotElf:
            continue
    assert time.monotonic() - started < 20
