"""Scripts name their interpreter by its path; in an environment that is built aside that path has to be the last."""

from __future__ import annotations

import os

from kdoctor.host.rename import write_file

_MAGIC = b"#!"
_LONGEST = 1 << 20


def relocate(folder: str, old: str, new: str) -> None:
    """Have the scripts in a folder name what is below ``new`` instead of below ``old``."""
    with os.scandir(folder) as entries:
        scripts = [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    for entry in scripts:
        with open(entry.path, "rb") as file:
            data = file.read(_LONGEST)
        if data.startswith(_MAGIC) and os.fsencode(old) in data:
            write_file(entry.path, data.replace(os.fsencode(old), os.fsencode(new)), entry.stat().st_mode & 0o777)
