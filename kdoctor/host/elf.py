"""What an ELF file asks of the dynamic loader: its NEEDED, RPATH, RUNPATH, soname and symbol versions.

``parse_elf`` is a pure function over ``read(offset, size)``: it opens nothing, takes only the headers and the tables
that the dynamic section points to (a 1.1 GB library costs what a small one does), and every count, length and offset
in the file is treated as hostile: whatever is wrong ends in ``NotElf`` with the reason.
Layout: elf(5), and the LSB's symbol versioning; checked against readelf of binutils 2.40 on 2026-11-21.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Literal

import msgspec

from kdoctor.host.elf_file import DYNAMIC, INTERP, LOAD, MAX_NAME, ElfFile, NotElf, Segment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kdoctor.host.elf_file import Read

__all__ = ["Elf", "FileKind", "NotElf", "parse_elf", "parse_header"]

FileKind = Literal["shared", "executable", "pie", "other"]

_MACHINES = {3: "x86", 8: "mips", 20: "ppc", 22: "s390", 40: "arm", 62: "x86_64", 183: "aarch64"}
_MACHINES |= {21: "ppc64", 243: "riscv", 258: "loongarch"}
_KINDS: dict[int, FileKind] = {2: "executable", 3: "shared"}
_NULL, _NEEDED, _STRTAB, _STRSZ, _SONAME, _RPATH, _RUNPATH = 0, 1, 5, 10, 14, 15, 29
_FLAGS_1, _VERDEF, _VERDEFNUM, _VERNEED, _VERNEEDNUM = 0x6FFFFFFB, 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
_NODEFLIB, _PIE = 0x800, 0x08000000
_WEAK = 2
_MAX_TAGS = 8192
_MAX_VERSIONS = 16384
_MAX_PATHS = 1 << 16
_MAX_VERSION_NAME = 256


class Elf(msgspec.Struct, frozen=True, kw_only=True):
    """The dynamic section of an ELF file, raw.

    ``rpath`` and ``runpath`` keep ``$ORIGIN`` and empty items; ``("",)`` is a tag that is present and empty. A file
    with ``runpath`` has its ``rpath`` ignored by glibc: applying that is the loader's work.
    ``required_versions``: symbol versions by soname, weak ones left out. ``provided_versions``: every name defined,
    the file's own base version included.
    """

    bits: int
    machine: str
    byte_order: Literal["little", "big"] = "little"
    kind: FileKind = "shared"
    has_dynamic: bool = True
    soname: str = ""
    needed: tuple[str, ...] = ()
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    interp: str = ""
    no_default_lib: bool = False
    required_versions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    provided_versions: tuple[str, ...] = ()


class _Dynamic:
    """The dynamic section: its tags, its strings, and where its addresses are in the file."""

    def __init__(self, file: ElfFile, segments: tuple[Segment, ...], dynamic: Segment) -> None:
        self._file = file
        self._loaded = tuple(each for each in segments if each.kind == LOAD)
        self.tags = tuple(self._read_tags(dynamic))
        self.last = dict(self.tags)
        if _STRTAB not in self.last:
            message = "its dynamic section has no string table"
            raise NotElf(message)
        self._strings = self._offset_of(self.last[_STRTAB])
        self._known: dict[int, str] = {}

    def _read_tags(self, dynamic: Segment) -> Iterator[tuple[int, int]]:
        layout = self._file.order + ("qQ" if self._file.wide else "iI")
        size = struct.calcsize(layout)
        count = dynamic.size // size
        if count > _MAX_TAGS:
            message = f"its dynamic section has {count} entries, more than {_MAX_TAGS}"
            raise NotElf(message)
        table = self._file.bytes_at(self._offset_of(dynamic.address), count * size)
        for tag, value in struct.iter_unpack(layout, table):
            if tag == _NULL:
                return
            yield tag, value

    def _offset_of(self, address: int) -> int:
        for segment in self._loaded:
            if segment.address <= address < segment.address + segment.size:
                return address - segment.address + segment.offset
        message = f"the address {address:#x} is in none of its segments"
        raise NotElf(message)

    def text(self, index: int, limit: int = MAX_NAME) -> str:
        """Look up a string of the string table."""
        if index not in self._known:
            if index >= self.last.get(_STRSZ, index + 1):
                message = f"the string {index} is outside its string table"
                raise NotElf(message)
            self._known[index] = self._file.text_at(self._strings + index, limit)
        return self._known[index]

    def texts(self, wanted: int) -> tuple[str, ...]:
        """List the strings of every entry with that tag."""
        return tuple(self.text(value) for tag, value in self.tags if tag == wanted)

    def paths(self, tag: int) -> tuple[str, ...]:
        """Split an RPATH or RUNPATH."""
        return tuple(self.text(self.last[tag], _MAX_PATHS).split(":")) if tag in self.last else ()

    def required(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Walk the VERNEED table: soname, versions."""
        count = self.last.get(_VERNEEDNUM, 0) if _VERNEED in self.last else 0
        at = self._offset_of(self.last[_VERNEED]) if count else 0
        left = _MAX_VERSIONS
        for _ in range(count):
            _version, names, soname, first, step = self._file.numbers("HHIII", at)
            left -= 1 + names
            _refuse_versions(-left)
            yield self.text(soname), tuple(self._required_names(at + first, names))
            if not step:
                return
            at += step

    def _required_names(self, at: int, count: int) -> Iterator[str]:
        for _ in range(count):
            _hash, flags, _index, name, step = self._file.numbers("IHHII", at)
            if not flags & _WEAK:
                yield self.text(name, _MAX_VERSION_NAME)
            if not step:
                return
            at += step

    def provided(self) -> Iterator[str]:
        """Walk the VERDEF table: names."""
        count = self.last.get(_VERDEFNUM, 0) if _VERDEF in self.last else 0
        _refuse_versions(count - _MAX_VERSIONS)
        at = self._offset_of(self.last[_VERDEF]) if count else 0
        for _ in range(count):
            *_rest, first, step = self._file.numbers("HHHHIII", at)
            (name,) = self._file.numbers("I", at + first)
            yield self.text(name, _MAX_VERSION_NAME)
            if not step:
                return
            at += step


def _refuse_versions(too_many: int) -> None:
    if too_many > 0:
        message = f"more than {_MAX_VERSIONS} symbol versions"
        raise NotElf(message)


def parse_elf(read: Read) -> Elf:
    """Read what the dynamic loader reads.

    Args:
        read: gives ``size`` bytes at ``offset``, fewer only at the end of the file.

    Raises:
        NotElf: for anything that is not a whole and consistent ELF file.

    """
    file = ElfFile(read)
    bare = _bare(file)
    file.check_identification()
    if bare.kind == "other":
        return bare
    segments = tuple(file.segments())
    file.check_whole(segments)
    interp = next((file.text_at(each.offset, MAX_NAME) for each in segments if each.kind == INTERP), "")
    dynamic = next((each for each in segments if each.kind == DYNAMIC), None)
    if dynamic is None:
        return msgspec.structs.replace(bare, interp=interp)
    return _with_dynamic(bare, interp, _Dynamic(file, segments, dynamic))


def parse_header(read: Read) -> Elf:
    """Read only what the header says, so also of a file whose tables are damaged; raises NotElf."""
    return _bare(ElfFile(read))


def _bare(file: ElfFile) -> Elf:
    kind, machine = file.numbers("HH", 16)
    return Elf(
        bits=64 if file.wide else 32,
        machine=_MACHINES.get(machine, str(machine)),
        byte_order="little" if file.order == "<" else "big",
        kind=_KINDS.get(kind, "other"),
        has_dynamic=False,
    )


def _with_dynamic(bare: Elf, interp: str, dynamic: _Dynamic) -> Elf:
    flags = dynamic.last.get(_FLAGS_1, 0)
    return msgspec.structs.replace(
        bare,
        interp=interp,
        has_dynamic=True,
        kind="pie" if flags & _PIE and bare.kind == "shared" else bare.kind,
        soname=next(iter(dynamic.texts(_SONAME)[-1:]), ""),
        needed=dynamic.texts(_NEEDED),
        rpath=dynamic.paths(_RPATH),
        runpath=dynamic.paths(_RUNPATH),
        no_default_lib=bool(flags & _NODEFLIB),
        required_versions=tuple(dynamic.required()),
        provided_versions=tuple(dynamic.provided()),
    )
