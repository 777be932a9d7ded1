"""Files and streams that the user named on the command line."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO


def is_there(path: str) -> bool:
    """Whether there is such a file or directory."""
    try:
        return os.path.exists(path)
    except ValueError:
        return False


def files_in(path: str, suffix: str) -> list[str] | None:
    """The files of a directory with that suffix, in order; None where the path is no directory. Raises OSError."""
    if not stat.S_ISDIR(os.stat(path).st_mode):
        return None
    return sorted(entry.path for entry in os.scandir(path) if entry.name.endswith(suffix) and entry.is_file())


def stem(path: str) -> str:
    """The name of a file without its folder and its last suffix."""
    return os.path.splitext(os.path.basename(path))[0]


@contextlib.contextmanager
def standard_input() -> Iterator[BinaryIO]:
    """Standard input as bytes; closing it leaves the process's own open."""
    with os.fdopen(os.dup(0), "rb") as stream:
        yield stream
