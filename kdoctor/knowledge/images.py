"""Container images by name: what of CUDA they hold, and which Python."""

import functools
import re
from typing import Literal

from kdoctor.knowledge.tables import Row, Table, load
from kdoctor.model.version import CudaVersion, PythonVersion

Holds = Literal["cpu", "cuda", "gpu", "musl"]


class ImageRow(Row, frozen=True, kw_only=True):
    """One family of images; its regex may name the version of CUDA and the rest of the tag."""

    regex: str
    holds: Holds
    source: str


class PythonRow(Row, frozen=True, kw_only=True):
    """The Python of a family of images; None: the regex names it."""

    regex: str
    python: PythonVersion | None = None
    source: str


class ImageTable(Table, frozen=True, kw_only=True, rename={"images": "image", "pythons": "python"}):
    """images.toml."""

    images: tuple[ImageRow, ...]
    pythons: tuple[PythonRow, ...]


@functools.cache
def table() -> ImageTable:
    """The whole table."""
    return load("images", ImageTable)


def kind_of(image: str) -> tuple[Holds | None, CudaVersion | None, str]:
    """What an image holds, its CUDA version, and the rest of its tag; (None, None, "") for one that is not listed."""
    for row in table().images:
        found = re.search(row.regex, image)
        if found:
            parts = found.groupdict()
            return row.holds, CudaVersion.parse(parts.get("cuda") or ""), parts.get("rest") or ""
    return None, None, ""


def python_of(image: str) -> PythonVersion | None:
    """The Python of an image, None where that is not known."""
    for row in table().pythons:
        found = re.search(row.regex, image)
        if found:
            return row.python or PythonVersion.parse(found.groupdict().get("version") or "")
    return None
