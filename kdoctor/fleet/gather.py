"""Where do reports come from without an engine? Folders, files and a stream, one report after the other.

A stream has the documents of `kdoctor check --format json` one behind the other, or one a line; of a line such as
``{"node": "n1", "report": {...}}`` the name is taken. Of files the name is that of the file, or NAME in NAME=FILE.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from kdoctor.model.codec import MAX_BYTES
from kdoctor.model.fleet import Answer


class _Labelled(msgspec.Struct, frozen=True):
    node: str
    report: msgspec.Raw


def split(stream: Iterable[bytes]) -> Iterator[bytes]:
    r"""The documents in lines of text; what is too large to be one is cut, so that it is told as broken.

    >>> list(split([b'{"a": 1}\n', b"{\n", b'  "b": 2\n', b"}\n", b"noise\n"]))
    [b'{"a": 1}\n', b'{\n  "b": 2\n}\n', b'noise\n']
    """
    kept: list[bytes] = []
    size = 0
    for line in stream:
        if size <= MAX_BYTES:
            kept.append(line[: MAX_BYTES + 1])
        size += len(line)
        text = line.rstrip()
        if text == b"}" or (len(kept) == 1 and text != b"{"):
            document = b"".join(kept)
            kept, size = [], 0
            if document.strip():
                yield document
    if kept:
        yield b"".join(kept)


def streamed(documents: Iterable[bytes]) -> Iterator[Answer]:
    """Each document as the answer of the machine that it names, or of its place in the stream."""
    for number, document in enumerate(documents, start=1):
        yield _labelled(document) or Answer(node=f"report-{number}", report=document)


def _labelled(document: bytes) -> Answer | None:
    try:
        labelled = msgspec.json.decode(document, type=_Labelled)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return Answer(node=labelled.node, report=bytes(labelled.report))


def expected(answers: Iterable[Answer], names: Iterable[str]) -> Iterator[Answer]:
    """The same, and after them those that were expected and are not there."""
    missing = dict.fromkeys(names)
    for answer in answers:
        missing.pop(answer.node, None)
        yield answer
    for name in missing:
        yield Answer(node=name, lost="missing", said="")
