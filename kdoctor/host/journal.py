"""A file that grows by a line, in the user's data folder."""

from __future__ import annotations

import os

import platformdirs

from kdoctor.model.trouble import Trouble

MAX_BYTES = 8 << 20


def path_of(name: str) -> str:
    """Where the file of that name is."""
    return f"{platformdirs.user_data_dir('kdoctor')}/{name}"


def append(name: str, line: bytes) -> None:
    """Add a line, in one write; raises Trouble where it cannot be written."""
    path = path_of(name)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        with open(descriptor, "ab", buffering=0) as file:
            file.write(line)
    except OSError as error:
        raise Trouble("history-not-written", f"{path}: {error.strerror or error}") from error


def tail(name: str) -> bytes:
    """The end of the file, whole lines; nothing where there is none. Raises Trouble where it cannot be read."""
    path = path_of(name)
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - MAX_BYTES))
            data = file.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise Trouble("history-not-read", f"{path}: {error.strerror or error}") from error
    return data if size <= MAX_BYTES else data.partition(b"\n")[2]
