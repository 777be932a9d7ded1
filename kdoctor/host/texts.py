"""Read a text that the user named, a file or a pipe, piece by piece."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import BinaryIO

from kdoctor.model.trouble import Trouble

CHUNK = 1 << 18


def opened(path: str) -> BinaryIO:
    """The file or pipe; "-" is standard input. Raises OSError, or Trouble for what is neither."""
    if path == "-":
        return os.fdopen(os.dup(0), "rb", buffering=0)
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        reference = "input-is-a-directory"
        raise Trouble(reference, f"{path} is a directory", hint="For a machine's files use `--sysroot`.")
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
        reference = "input-not-a-file"
        raise Trouble(reference, f"{path} is neither a file nor a pipe")
    return open(path, "rb", buffering=0)


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    """All bytes; of a file that grows as many as it has now, of a pipe until its writers are gone."""
    about = os.fstat(file.fileno())
    if not stat.S_ISREG(about.st_mode) or about.st_size == 0:  # files in /proc have no size, and an end
        while chunk := file.read(CHUNK):
            yield chunk
        return
    left = about.st_size - file.tell()
    while left > 0 and (chunk := file.read(min(left, CHUNK))):
        left -= len(chunk)
        yield chunk
