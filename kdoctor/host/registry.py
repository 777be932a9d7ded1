"""Which environments did kdoctor make? One small file for each, written before it is made, in kdoctor's data folder.

A file whose environment is gone, or never came to be, is removed by the next start.
"""

from __future__ import annotations

import contextlib
import os
from hashlib import sha256

import msgspec
import platformdirs

from kdoctor.host.recovery import tidy
from kdoctor.host.rename import write_file


class Entry(msgspec.Struct, frozen=True):
    """One environment, by the path of its directory."""

    prefix: str


def folder() -> str:
    """Where the files are."""
    return f"{platformdirs.user_data_dir('kdoctor')}/made"


def remember(prefix: str) -> None:
    """Say that it is about to be made."""
    os.makedirs(folder(), exist_ok=True)
    write_file(_path(prefix), msgspec.json.encode(Entry(prefix)))


def forget(prefix: str) -> None:
    """It is not there."""
    with contextlib.suppress(OSError):
        os.unlink(_path(prefix))


def known() -> tuple[str, ...]:
    """The prefixes, in order."""
    try:
        names = sorted(os.listdir(folder()))
    except OSError:
        return ()
    found = (_read(os.path.join(folder(), name)) for name in names if name.endswith(".json"))
    return tuple(sorted(prefix for prefix in found if prefix))


def clean() -> None:
    """Remove what killed starts left, of every environment that was ever begun."""
    for prefix in known():
        if tidy(prefix):
            forget(prefix)


def _path(prefix: str) -> str:
    return f"{folder()}/{sha256(os.fsencode(prefix)).hexdigest()[:16]}.json"


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(file.read(1 << 16), type=Entry).prefix
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return ""
