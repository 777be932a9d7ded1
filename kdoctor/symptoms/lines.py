"""Which lines are in a stream of bytes? Any encoding, any line ends, in bounded memory.

A line longer than ``LONGEST`` keeps its beginning, which is where programs say what happened; control characters,
terminal escapes, Markdown quotes, HTML entities and the timestamps of CI logs do not come through.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterable, Iterator

LONGEST = 2048
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_]|[ -/][0-~])")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_ENDS = re.compile("\r\n|\r|\n")
_QUOTE = re.compile(r"^(?:\s{0,3}>(?!>>?)\s?)+")
_CI_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z ")
_CURLY = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " "})
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SNIFFED = 4096
_BINARY_SHARE = 0.1


class NotTextError(ValueError):
    """The bytes are no text."""


def lines_of(chunks: Iterable[bytes]) -> Iterator[str]:
    """Cleaned lines in order; raises NotTextError where the beginning is no text."""
    for raw in _split(_decoded(chunks)):
        yield clean(raw)


def clean(raw: str) -> str:
    r"""One line as a person would have typed it.

    >>> clean("> \x1b[31mE cuda_driver.cc:318] failed&nbsp;call\x1b[0m")
    'E cuda_driver.cc:318] failed call'
    """
    if "\x1b" in raw:
        raw = _ESCAPE.sub("", raw)
    raw = _CONTROL.sub("", raw)
    if "&" in raw:
        raw = html.unescape(raw)
    if not raw.isascii():
        raw = _CONTROL.sub("", raw.translate(_CURLY))
    raw = _CI_TIME.sub("", raw)
    return _QUOTE.sub("", raw).rstrip()


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
    strange = sum(1 for byte in head if byte < 9 or 14 <= byte < 27)  # noqa: PLR2004  control characters
    if head and strange > len(head) * _BINARY_SHARE:
        raise NotTextError("is not text")
    return "utf-8"


def _decoded(chunks: Iterable[bytes]) -> Iterator[str]:
    decoder: codecs.IncrementalDecoder | None = None
    for chunk in chunks:
        if decoder is None:
            decoder = codecs.getincrementaldecoder(encoding_of(chunk))(errors="replace")
        yield decoder.decode(chunk)
    if decoder is not None:
        yield decoder.decode(b"", final=True)


def _split(texts: Iterable[str]) -> Iterator[str]:
    """Lines without their ends; of a long one the beginning."""
    kept = ""
    for text in texts:
        *whole, rest = _ENDS.split(text)
        for number, part in enumerate(whole):
            yield (kept + part if number == 0 else part)[:LONGEST]
        kept = (rest if whole else kept + rest)[:LONGEST]
    if kept:
        yield kept
