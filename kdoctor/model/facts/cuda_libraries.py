"""For each framework and each library that it opens: from where, or why not.

"On disk", "first in the search order" and "built against" are three facts: ``copies`` are on disk, ``path`` is
what the loader opens, and what a build wants is in the section of the framework.
"""

from typing import Literal

import msgspec

from kdoctor.model.facts.base import Section

CopySource = Literal["pip", "conda", "toolkit", "system", "driver", "other"]


class LibraryCopy(msgspec.Struct, frozen=True, kw_only=True):
    """One file of that soname on disk."""

    path: str
    realpath: str
    version: str = ""
    source: CopySource = "other"


class Library(msgspec.Struct, frozen=True, kw_only=True):
    """``state``: opens; missing (no file in the search order); broken (found, but what it needs is not).

    ``found_via``: the search step that won, e.g. "runpath of libtensorflow_framework.so.2". ``looked``: the
    directories searched, where it is missing. ``copies``: every file of that soname known, the opened one too.
    """

    soname: str
    state: Literal["opens", "missing", "broken"]
    path: str = ""
    realpath: str = ""
    version: str = ""
    source: CopySource = "other"
    found_via: str = ""
    why_not: str = ""
    looked: tuple[str, ...] = ()
    copies: tuple[LibraryCopy, ...] = ()
    required: bool = True

    @property
    def is_stub(self) -> bool:
        """Whether it is a toolkit's stub, which only serves for linking."""
        return "/stubs/" in self.realpath or "/stubs/" in self.path

    @property
    def is_stand_in(self) -> bool:
        """Whether a libcuda is a stub or of the package cuda-compat, neither of which is a driver."""
        return self.is_stub or "/compat/" in self.realpath or "/compat/" in self.path


class LibrarySearch(msgspec.Struct, frozen=True, kw_only=True):
    """What one framework opens, in its order; ``caller``: the library whose search path counts.

    ``linked``: libraries that those need and whose version matters, as the loader would find them for those.
    """

    framework: str
    caller: str
    libraries: tuple[Library, ...]
    linked: tuple[Library, ...] = ()

    def get(self, stem: str) -> Library | None:
        """The library of that stem, e.g. libcudnn."""
        return next((item for item in self.libraries if item.soname.partition(".so")[0] == stem), None)


class CudaLibraries(Section, frozen=True, kw_only=True):
    """One search per framework that has a GPU build.

    ``other_cudnn``: copies of cuDNN of any major that no framework here asks for.
    """

    searches: tuple[LibrarySearch, ...]
    other_cudnn: tuple[LibraryCopy, ...] = ()

    def get(self, framework: str) -> LibrarySearch | None:
        """The search of that framework."""
        return next((search for search in self.searches if search.framework == framework), None)
