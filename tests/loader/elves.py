"""Shared libraries written byte by byte: small, made in microseconds, and yet what the real loader loads."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_TAGS = {"needed": 1, "soname": 14, "rpath": 15, "runpath": 29}
_CLASS_64, _HEADER_64, _SEGMENT_64 = 2, 64, 56


class Library(msgspec.Struct, frozen=True, kw_only=True):
    """What to write; None for a tag that is to be absent."""

    soname: str | None = None
    needed: tuple[str, ...] = ()
    rpath: str | None = None
    runpath: str | None = None
    no_default_lib: bool = False
    required: tuple[tuple[str, str, bool], ...] = ()
    provided: tuple[str, ...] = ()
    interp: str = ""
    machine: int = 62
    kind: int = 3
    order: str = "<"


class _Strings:
    def __init__(self) -> None:
        self.data = b"\0"

    def add(self, text: str) -> int:
        at = len(self.data)
        self.data += text.encode() + b"\0"
        return at


def system_v_hash(text: str) -> int:
    """Hash a name as symbol versions do."""
    value = 0
    for byte in text.encode():
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ high >> 24) & ~high & 0xFFFFFFFF
    return value


def _required_table(library: Library, strings: _Strings) -> bytes:
    rows = []
    for index, (soname, version, is_weak) in enumerate(library.required):
        step = 0 if index + 1 == len(library.required) else 32
        rows.append(struct.pack(library.order + "HHIII", 1, 1, strings.add(soname), 16, step))
        row = (system_v_hash(version), 2 if is_weak else 0, 2 + index, strings.add(version), 0)
        rows.append(struct.pack(library.order + "IHHII", *row))
    return b"".join(rows)


def _provided_table(library: Library, strings: _Strings) -> bytes:
    rows = []
    for index, version in enumerate(library.provided):
        step = 0 if index + 1 == len(library.provided) else 28
        row = (1, 0 if index else 1, index + 1, 1, system_v_hash(version), 20, step)
        rows.append(struct.pack(library.order + "HHHHIII", *row))
        rows.append(struct.pack(library.order + "II", strings.add(version), 0))
    return b"".join(rows)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)


def elf_bytes(library: Library) -> bytes:
    """Write a 64-bit ELF file with one readable and writable segment."""
    strings = _Strings()
    tags = [(_TAGS["needed"], strings.add(name)) for name in library.needed]
    for tag in ("soname", "rpath", "runpath"):
        text = getattr(library, tag)
        if text is not None:
            tags.append((_TAGS[tag], strings.add(text)))
    required, provided = _required_table(library, strings), _provided_table(library, strings)
    count = 3 if library.interp else 2
    interp = library.interp.encode() + b"\0"
    interp_at = _HEADER_64 + count * _SEGMENT_64
    symbols_at = interp_at + len(_padded(interp))
    hashes_at = symbols_at + 24
    strings_at = hashes_at + 16
    required_at = strings_at + len(_padded(strings.data))
    provided_at = required_at + len(_padded(required))
    dynamic_at = provided_at + len(_padded(provided))
    tags += [(4, hashes_at), (5, strings_at), (6, symbols_at), (10, len(strings.data)), (11, 24)]
    tags += [(0x6FFFFFFB, 0x800)] if library.no_default_lib else []
    tags += [(0x6FFFFFF0, symbols_at)] if required or provided else []
    tags += [(0x6FFFFFFE, required_at), (0x6FFFFFFF, len(library.required))] if required else []
    tags += [(0x6FFFFFFC, provided_at), (0x6FFFFFFD, len(library.provided))] if provided else []
    dynamic = b"".join(struct.pack(library.order + "QQ", *tag) for tag in [*tags, (0, 0)])
    size = dynamic_at + len(dynamic)
    data_order = 1 if library.order == "<" else 2
    identity = b"\x7fELF" + bytes([_CLASS_64, data_order, 1]) + bytes(9)
    fields = (library.kind, library.machine, 1, 0, _HEADER_64, 0, 0, _HEADER_64, _SEGMENT_64, count, 64, 0, 0)
    header = identity + struct.pack(library.order + "HHIQQQIHHHHHH", *fields)
    load = struct.pack(library.order + "IIQQQQQQ", 1, 6, 0, 0, 0, size, size, 0x1000)
    pointer = (2, 6, dynamic_at, dynamic_at, dynamic_at, len(dynamic), len(dynamic), 8)
    segments = load + struct.pack(library.order + "IIQQQQQQ", *pointer)
    if library.interp:
        place = (3, 4, interp_at, interp_at, interp_at, len(interp), len(interp), 1)
        segments += struct.pack(library.order + "IIQQQQQQ", *place)
    hashes = struct.pack(library.order + "IIII", 1, 1, 0, 0)
    tables = (interp, bytes(24), hashes, strings.data, required, provided)
    return header + segments + b"".join(map(_padded, tables)) + dynamic


def narrow_elf_bytes() -> bytes:
    """Write the header of a 32-bit x86 library: enough for the loader to pass it over."""
    return (
        b"\x7fELF\1\1\1"
        + bytes(9)
        + struct.pack("<HHIIIIIHHHHHH", 3, 3, 1, 0, 52, 0, 0, 52, 32, 0, 40, 0, 0)
        + bytes(64)
    )


def write(path: Path, library: Library | bytes) -> Path:
    """Put a library, or any bytes, into a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(library if isinstance(library, bytes) else elf_bytes(library))
    return path


def write_all(files: Iterable[tuple[Path, Library | bytes]]) -> None:
    """Write several."""
    for path, library in files:
        write(path, library)
