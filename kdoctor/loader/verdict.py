"""From what the loader would do to the fact that rules judge."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kdoctor.model.facts.cuda_libraries import CopySource, Library, LibraryCopy

if TYPE_CHECKING:
    from kdoctor.loader.opened import Opened

_SUFFIX = re.compile(r"\.so\.(\d+(?:\.\d+)+)$")


def library_of(opened: Opened, copies: tuple[LibraryCopy, ...], *, required: bool = True) -> Library:
    """The verdict on one library; ``copies`` are the files of that name known on disk."""
    mine = next((copy for copy in copies if copy.realpath == opened.realpath), None)
    return Library(
        soname=opened.name,
        state="opens" if opened.ok else "broken" if opened.path or opened.rejected else "missing",
        path=opened.path,
        realpath=opened.realpath,
        version=mine.version if mine else version_in_name(opened.realpath),
        source=mine.source if mine else source_of(opened.realpath),
        found_via=opened.found_via,
        why_not=why_not(opened),
        looked=opened.looked if not opened.path else (),
        copies=copies,
        required=required,
    )


def why_not(opened: Opened) -> str:
    """Why the library does not open, "" if it does."""
    if opened.ok:
        return ""
    if opened.missing:
        return "; ".join(
            f"{soname}, which {by.rpartition('/')[2]} needs, is not found" for soname, by in opened.missing[:3]
        )
    if opened.version_errors:
        return opened.version_errors[0]
    fatal = [rejected for rejected in opened.rejected if rejected.fatal] or list(opened.rejected)
    return str(fatal[0]) if fatal else "no file of that name in the search order"


def version_in_name(path: str) -> str:
    """The version at the end of a library's real file name.

    >>> version_in_name("/x/libcudart.so.12.5.82"), version_in_name("/x/libcudnn.so.9")
    ('12.5.82', '')
    """
    match = _SUFFIX.search(path)
    return match[1] if match else ""


def source_of(path: str) -> CopySource:
    """Who put a library there, by its path."""
    if "/site-packages/" in path or "/dist-packages/" in path:
        return "pip"
    if re.search(r"/(cuda|cuda-\d[\d.]*)/", path):
        return "toolkit"
    if re.match(r"/(usr/)?lib(64)?/", path):
        return "system"
    return "other"
