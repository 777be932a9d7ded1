"""What ``/etc/ld.so.cache`` maps sonames to.

Input: the file's bytes. Output: its entries in the file's order, the one in which glibc meets them; ValueError for
anything that is not a consistent cache. Layout: glibc's ``dl-cache.h``; checked against the ldconfig of glibc 2.36 on
2026-11-21.
"""

from __future__ import annotations

import functools
import struct
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

_OLD_MAGIC, _NEW_MAGIC = b"ld.so-1.7.0\0", b"glibc-ld.so.cache1.1"
_OLD_HEADER, _OLD_ENTRY, _NEW_HEADER, _NEW_ENTRY = 16, 12, 48, 24
_EXTENSION_MAGIC, _HWCAPS_TAG, _SECTION = 0xEAA42174, 1, 16
_MAX_SECTIONS = 64
_BIG_ENDIAN, _LITTLE_ENDIAN = 3, 2
_EXTENSION_BIT = 1 << 62
_MAX_TEXT = 4096
_LIBRARY_KINDS = (1, 3)
_ARCHS = {0x00: "x86", 0x01: "sparc64", 0x02: "ia64", 0x03: "x86_64", 0x04: "s390x", 0x05: "ppc64", 0x08: "x32"}
_ARCHS |= {0x09: "armhf", 0x0A: "aarch64", 0x0B: "arm", 0x0F: "riscv64-soft", 0x10: "riscv64", 0x12: "loongarch"}


class CacheEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``ldconfig -p``.

    ``arch``: x86_64, aarch64, x86 (also the unmarked default), ... or the marker's number. ``hwcap``: the
    glibc-hwcaps name, e.g. x86-64-v3, a number such as 0x1000000000000 for the kind before glibc 2.33, or "".
    """

    soname: str
    path: str
    arch: str
    hwcap: str = ""


class _Bytes:
    """Bounds-checked reading; all texts together may be only a few times the size of the data."""

    def __init__(self, data: bytes, order: str) -> None:
        self._data = data
        self._order = order
        self._budget = 8 * len(data)
        self._known: dict[int, str] = {}

    def table(self, layout: str, offset: int, count: int) -> Iterator[tuple[int, ...]]:
        """Read ``count`` entries of a struct layout."""
        layout = self._order + layout
        end = offset + count * struct.calcsize(layout)
        if end > len(self._data):
            message = f"ld.so.cache: {count} entries at byte {offset} do not fit in its {len(self._data)} bytes"
            raise ValueError(message)
        return struct.iter_unpack(layout, self._data[offset:end])

    def text(self, offset: int) -> str:
        """Read the text up to its NUL."""
        if offset not in self._known:
            end = self._data.find(b"\0", offset, offset + _MAX_TEXT)
            self._budget -= end - offset
            if end < 0 or self._budget < 0:
                message = f"ld.so.cache: the string at byte {offset} does not end"
                raise ValueError(message)
            self._known[offset] = self._data[offset:end].decode("utf-8", "replace")
        return self._known[offset]


@functools.lru_cache(maxsize=2)  # one run asks for the same bytes four times
def parse_cache(data: bytes) -> tuple[CacheEntry, ...]:
    """Read an ld.so.cache in the old format, the new one, or the old with the new one inside.

    Raises:
        ValueError: where it is not one, or its tables do not fit in it.

    """
    start = 0
    if data.startswith(_OLD_MAGIC):
        order = _order_by_count(data, 12, _OLD_HEADER, _OLD_ENTRY)
        (count,) = struct.unpack_from(order + "I", data, 12)
        end = _OLD_HEADER + _OLD_ENTRY * count
        start = end + 7 & ~7
        if not data.startswith(_NEW_MAGIC, start):
            return tuple(_old_entries(_Bytes(data, order), count, end))
    if not data.startswith(_NEW_MAGIC, start):
        message = "ld.so.cache: no known header"
        raise ValueError(message)
    if len(data) < start + _NEW_HEADER:
        message = f"ld.so.cache: cut off after {len(data)} bytes"
        raise ValueError(message)
    return tuple(_new_entries(data, start))


def _order_by_count(data: bytes, at: int, header: int, entry: int) -> str:
    """Choose the byte order in which the count of entries fits; caches before glibc 2.33 do not say theirs."""
    for order in "<>" if len(data) >= header else "":
        (count,) = struct.unpack_from(order + "I", data, at)
        if header + count * entry <= len(data):
            return order
    message = "ld.so.cache: its count of entries does not fit in it"
    raise ValueError(message)


def _old_entries(read: _Bytes, count: int, strings: int) -> Iterator[CacheEntry]:
    for flags, soname, path in read.table("III", _OLD_HEADER, count):
        if flags & 0xFF in _LIBRARY_KINDS:
            yield CacheEntry(soname=read.text(strings + soname), path=read.text(strings + path), arch=_arch(flags))


def _new_entries(data: bytes, start: int) -> Iterator[CacheEntry]:
    marks = {_LITTLE_ENDIAN: "<", _BIG_ENDIAN: ">"}
    order = marks.get(data[start + 28] & 3) or _order_by_count(data[start:], 20, _NEW_HEADER, _NEW_ENTRY)
    count, _strings_size = struct.unpack_from(order + "II", data, start + 20)
    (extension,) = struct.unpack_from(order + "I", data, start + 32)
    read = _Bytes(data, order)
    hwcaps = _hwcap_names(read, start, extension) if extension else ()
    for flags, soname, path, _os_version, hwcap in read.table("IIIIQ", start + _NEW_HEADER, count):
        if flags & 0xFF not in _LIBRARY_KINDS:
            continue
        yield CacheEntry(
            soname=read.text(start + soname),
            path=read.text(start + path),
            arch=_arch(flags),
            hwcap=_hwcap(hwcap, hwcaps),
        )


def _hwcap_names(read: _Bytes, start: int, extension: int) -> tuple[str, ...]:
    ((magic, sections),) = read.table("II", extension, 1)
    if magic != _EXTENSION_MAGIC or sections > _MAX_SECTIONS:
        message = "ld.so.cache: its extension directory is not one"
        raise ValueError(message)
    names: tuple[str, ...] = ()
    for tag, _flags, offset, size in read.table("IIII", extension + 8, sections):
        if tag == _HWCAPS_TAG:
            names = tuple(read.text(start + name) for (name,) in read.table("I", offset, size // 4))
    return names


def _hwcap(number: int, names: tuple[str, ...]) -> str:
    if not number & _EXTENSION_BIT:
        return f"{number:#x}" if number else ""
    index = number & 0xFFFFFFFF
    if index >= len(names):
        message = f"ld.so.cache: there is no hwcaps name {index}"
        raise ValueError(message)
    return names[index]


def _arch(flags: int) -> str:
    mark = flags >> 8 & 0xFF
    return _ARCHS.get(mark, f"{mark:#x}")
