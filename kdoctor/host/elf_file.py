"""Bounded reading of an ELF file's headers, over ``read(offset, size)``.

Input: a function that gives bytes. Output: numbers, texts and segments, or ``NotElf`` with the reason. Nothing is
opened here, no block is read twice, and no more than 4 MiB are kept whatever the file claims.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Read: TypeAlias = Callable[[int, int], bytes]

LOAD, DYNAMIC, INTERP = 1, 2, 3
MAX_NAME = 4096
_BLOCK = 1 << 13
_MAX_BLOCKS = 512
_MAX_OFFSET = 1 << 62
_MAX_SEGMENTS = 2048
_SMALLEST_HEADER = 52
_WIDE, _LITTLE, _BIG = 2, 1, 2
_LINUX_SYSTEMS = (0, 3)


class NotElf(ValueError):  # noqa: N818  it says what the file is, not what went wrong here
    """Not an ELF file, or one whose tables cannot be followed; the text is the reason."""


class Segment(NamedTuple):
    """An entry of the program header; ``size`` is the part that is in the file."""

    kind: int
    offset: int
    address: int
    size: int


class ElfFile:
    """The file in blocks, its word size and byte order known."""

    def __init__(self, read: Read) -> None:
        """Check the identification; raises NotElf."""
        self._read = read
        self._blocks: dict[int, bytes] = {}
        start = self._block(0)[:_SMALLEST_HEADER]
        if len(start) < _SMALLEST_HEADER or start[:4] != b"\x7fELF":
            message = "file too short" if len(start) < _SMALLEST_HEADER else "invalid ELF header"
            raise NotElf(message)
        if start[4] not in (1, _WIDE) or start[5] not in (_LITTLE, _BIG):
            message = "its ELF header names no word size or byte order"
            raise NotElf(message)
        self.wide = start[4] == _WIDE
        self.order = "<" if start[5] == _LITTLE else ">"

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            if len(self._blocks) >= _MAX_BLOCKS:
                message = f"its tables are spread over more than {_MAX_BLOCKS * _BLOCK >> 20} MiB"
                raise NotElf(message)
            self._blocks[number] = self._read(number * _BLOCK, _BLOCK)
        return self._blocks[number]

    def bytes_at(self, offset: int, size: int) -> bytes:
        """Read exactly ``size`` bytes."""
        if not 0 <= offset <= _MAX_OFFSET or not 0 <= size <= _MAX_BLOCKS * _BLOCK:
            message = f"a table is at an impossible place ({offset:#x}, {size} bytes)"
            raise NotElf(message)
        first, last = offset // _BLOCK, (offset + max(size, 1) - 1) // _BLOCK
        start = offset - first * _BLOCK
        pieces = [self._block(number) for number in range(first, last + 1)]
        found = (pieces[0] if first == last else b"".join(pieces))[start : start + size]
        if len(found) != size:
            message = f"truncated: it ends before byte {offset + size}"
            raise NotElf(message)
        return found

    def numbers(self, layout: str, offset: int) -> tuple[int, ...]:
        """Read the numbers of a struct layout, without padding."""
        layout = self.order + layout
        return struct.unpack(layout, self.bytes_at(offset, struct.calcsize(layout)))

    def text_at(self, offset: int, limit: int) -> str:
        """Read the text up to its NUL, which must come within ``limit`` bytes."""
        if not 0 <= offset <= _MAX_OFFSET:
            message = f"a string is at an impossible place ({offset:#x})"
            raise NotElf(message)
        found = b""
        while len(found) < limit:
            number, start = divmod(offset + len(found), _BLOCK)
            piece = self._block(number)[start:]
            text, end, _rest = piece.partition(b"\0")
            found += text
            if end and len(found) < limit:
                return found.decode("utf-8", "replace")
            if end or len(piece) < _BLOCK - start:
                break
        message = f"the string at byte {offset} does not end within {limit} bytes"
        raise NotElf(message)

    def segments(self) -> Iterator[Segment]:
        """Walk the program header."""
        (start,) = self.numbers("Q", 32) if self.wide else self.numbers("I", 28)
        size, count = self.numbers("HH", 54 if self.wide else 42)
        layout = self.order + ("IIQQQQQQ" if self.wide else "IIIIIIII")
        if count and size != struct.calcsize(layout):
            message = f"its program header entries have {size} bytes"
            raise NotElf(message)
        if count > _MAX_SEGMENTS:
            message = f"its program header has {count} entries, more than {_MAX_SEGMENTS}"
            raise NotElf(message)
        for entry in struct.iter_unpack(layout, self.bytes_at(start, size * count)):
            if self.wide:
                kind, _flags, offset, address, _physical, in_file, *_ = entry
            else:
                kind, offset, address, _physical, in_file, *_ = entry
            yield Segment(kind, offset, address, in_file)

    def check_identification(self) -> None:
        """Refuse what Linux's loaders refuse in the first 16 bytes, beyond word size and byte order."""
        version, system, abi_version, *padding = self.bytes_at(6, 10)
        reason = ""
        if version != 1:
            reason = "ELF file version ident does not match current one"
        elif system not in _LINUX_SYSTEMS:
            reason = "ELF file OS ABI invalid"
        elif abi_version and not system:
            reason = "ELF file ABI version invalid"
        elif any(padding):
            reason = "nonzero padding in e_ident"
        if reason:
            raise NotElf(reason)

    def check_whole(self, segments: tuple[Segment, ...]) -> None:
        """Refuse a file that ends before its last loadable segment does: a download that was cut off."""
        end = max((each.offset + each.size for each in segments if each.kind == LOAD and each.size), default=0)
        if not end:
            message = "no loadable segments"
            raise NotElf(message)
        if end > _MAX_OFFSET or not self._read(end - 1, 1):
            message = f"truncated: it ends before byte {end}, where its last segment ends"
            raise NotElf(message)
