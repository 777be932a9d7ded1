"""Which lines are in a stream of bytes? Any encoding, any line ends, in bounded memory.

Lines come in blocks, clean and as UTF-8, so that a search goes through many at a time; ``text_of`` makes one of them
text. A line longer than ``LONGEST`` keeps its beginning, which is where programs say what happened; control
characters, terminal escapes, Markdown quotes, HTML entities and the timestamps of CI logs do not come through.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterable, Iterator

LONGEST = 2048
_LONGEST_BYTES = 1 << 15  # of an endless line: more than LONGEST characters with the escapes among them
_SLICE = 1 << 18
_ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\r\n]*(?:\x07|\x1b\\)?|[@-Z\\^_]|[ -/][0-~])")
_CONTROLS = bytes((*range(9), *range(11, 32), 127))
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_UNSEEN_BYTES = re.compile(
    rb"\xc2[\x80-\x9f]|\xe2(?:\x80[\x8b\x8e\x8f\xa8-\xae]|\x81[\xa6-\xa9])|\xef\xbb\xbf",
)
_PLAIN = tuple(
    (curly.encode(), plain)
    for curly, plain in (("\u2018", b"'"), ("\u2019", b"'"), ("\u201c", b'"'), ("\u201d", b'"'), ("\u00a0", b" "))
)
_LEADS = (b"\xc2", b"\xe2\x80", b"\xe2\x81", b"\xef\xbb\xbf")
_ENTITY = re.compile(rb"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_QUOTE = re.compile(r"^(?:\s{0,3}>(?!>>?)\s?)+")
_CI_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z ")
_SNIFFED = 4096
_STRANGE = bytes((*range(8), *range(14, 27), 28, 29, 30, 31, 127))
_BINARY_SHARE = 0.1
_SUSPECT_SHARE = 0.01  # so many control characters, and bytes of no encoding in it: compressed or machine code
_BROKEN_SHARE = 0.05
_SUSPECT = 4  # fewer may be anywhere


class NotTextError(ValueError):
    """The bytes are no text."""


def blocks_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Clean lines in order, many at a time, each with a newline; raises NotTextError where they begin as no text."""
    rest, skipping = b"", False
    for given in _utf8(chunks):
        chunk = given
        if skipping:
            end = min((place for place in (chunk.find(b"\n"), chunk.find(b"\r")) if place >= 0), default=-1)
            if end < 0:
                continue
            chunk, skipping = chunk[end:], False
        data = rest + chunk
        cut = _last_end(data)
        whole, rest = data[:cut], data[cut:]
        if len(rest) > _LONGEST_BYTES and not rest.endswith(b"\r"):
            rest, skipping = rest[:_LONGEST_BYTES], True
        if whole:
            yield _cleaned(whole)
    if rest:
        yield _cleaned(rest + b"\n")


def text_of(line: bytes) -> str:
    """A line of a block as a person would have typed it, cut."""
    text = line[: LONGEST * 4].decode("utf-8", "replace")[:LONGEST]
    if not text.isascii():
        text = _UNSEEN.sub("", text)  # broken characters can make one where others between them went
    return _QUOTE.sub("", _CI_TIME.sub("", text)).rstrip()


def lines_of(chunks: Iterable[bytes]) -> Iterator[str]:
    r"""All lines as text; raises NotTextError where the beginning is no text.

    >>> list(lines_of([b"> \x1b[31mE cuda_driver.cc:318] failed&nbsp;call\x1b[0m\r\nnext"]))
    ['E cuda_driver.cc:318] failed call', 'next']
    """
    for block in blocks_of(chunks):
        for line in block[:-1].split(b"\n"):
            yield text_of(line)


def encoding_of(head: bytes) -> str:
    """The encoding of a text by its beginning; raises NotTextError for what is none."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return name
    head = head[:_SNIFFED]
    zeros = head.count(0)
    if zeros * 3 > len(head):
        even, odd = head[::2].count(0), head[1::2].count(0)
        if even + odd < len(head) * 0.6 and (even == 0 or odd == 0):
            return "utf-16-be" if even else "utf-16-le"
    if _is_binary(head):
        raise NotTextError("is not text")
    return "utf-8"


def _is_binary(head: bytes) -> bool:
    """Many control characters, or some in what is no encoding either: random bytes have a tenth of them."""
    strange = len(head) - len(head.translate(None, _STRANGE))
    if strange > len(head) * _BINARY_SHARE:
        return True
    broken = head.decode("utf-8", "replace").count("\ufffd")
    return strange > max(_SUSPECT, len(head) * _SUSPECT_SHARE) and broken > len(head) * _BROKEN_SHARE


def _utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same text as UTF-8 without a mark, in pieces of a bounded size."""
    pieces = (chunk[at : at + _SLICE] for chunk in chunks for at in range(0, len(chunk), _SLICE))
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= _SNIFFED:
            break
    name = encoding_of(head)
    if not name.startswith("utf-16"):
        yield head.removeprefix(codecs.BOM_UTF8)
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder(name)(errors="replace")
    yield decoder.decode(head).encode()
    for piece in pieces:
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()


def _last_end(data: bytes) -> int:
    """Where the last whole line ends; a carriage return that comes last may be half of an end."""
    cut = data.rfind(b"\n") + 1
    return max(cut, data.rfind(b"\r", cut, len(data) - 1) + 1)


def _cleaned(block: bytes) -> bytes:
    """Whole lines without what is not seen on a screen."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\x1b" in block:
        block = _ESCAPE.sub(b"", block)
    block = block.translate(None, _CONTROLS)
    if b"&" in block:
        block = _ENTITY.sub(_character, block)
    if not block.isascii() and any(lead in block for lead in _LEADS):
        for curly, plain in _PLAIN:
            block = block.replace(curly, plain)
        block = _UNSEEN_BYTES.sub(b"", block)
    return block


def _character(entity: re.Match[bytes]) -> bytes:
    """The character of an HTML entity: never an end of a line."""
    text = _UNSEEN.sub("", html.unescape(entity[0].decode()))
    return text.replace("\n", " ").encode("utf-8", "replace")
