"""Scripts name their interpreter by its path; in an environment that is built aside that path has to be the last."""

from __future__ import annotations

import os

from kdoctor.host.rename import write_file

_MAGIC = b"#!"
_ACTIVATES = "activate"  # of a venv: sourced, so without an interpreter of its own
_LONGEST = 1 << 20


def relocate(folder: str, old: str, new: str) -> None:
    """Have the scripts in a folder, and those that activate it, name ``new`` instead of ``old``."""
    with os.scandir(folder) as entries:
        scripts = [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    for entry in scripts:
        with open(entry.path, "rb") as file:
            data = file.read(_LONGEST)
        is_script = data.startswith(_MAGIC) or entry.name.lower().startswith(_ACTIVATES)
        if is_script and os.fsencode(old) in data:
            write_file(entry.path, data.replace(os.fsencode(old), os.fsencode(new)), entry.stat().st_mode & 0o777)
