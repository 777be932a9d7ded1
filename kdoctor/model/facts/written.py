"""What a file that makes an environment asks for: packages, Python, base image, settings, each with its line."""

import msgspec

from kdoctor.model.facts.base import Section
from kdoctor.model.version import DriverRelease


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A package as the file asks for it.

    ``spec``: of versions, as packaging writes it, "" for any; ``build``: the build string of a conda package.
    ``index``: the package index or channel that the file names for it. ``where``: FILE:LINE.
    """

    name: str
    manager: str
    where: str
    text: str
    spec: str = ""
    extras: tuple[str, ...] = ()
    build: str = ""
    index: str = ""


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """The image that a Dockerfile begins with; ``name`` without registry and tag."""

    name: str
    tag: str
    where: str

    @property
    def text(self) -> str:
        """As it is written."""
        return f"{self.name}:{self.tag}" if self.tag else self.name


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A variable that the file sets."""

    name: str
    value: str
    where: str


class WrittenFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file. ``kind``: requirements, environment, project or image.

    ``python``: the versions that it asks for, as packaging writes them, "" for any, and ``python_where``. ``alone``:
    the environment holds nothing but what the file asks for. ``other_cuda``: a line that brings CUDA in a way that is
    not followed, "" if none does. ``unread``: files that it names and that are not there. ``builds`` and ``driver``:
    the GPU builds that it leads to, and the oldest driver that they run with, where nothing is wrong.
    """

    path: str
    kind: str
    packages: tuple[Asked, ...] = ()
    python: str = ""
    python_where: str = ""
    image: Image | None = None
    settings: tuple[Setting, ...] = ()
    channels: tuple[str, ...] = ()
    alone: bool = False
    other_cuda: str = ""
    unread: tuple[str, ...] = ()
    builds: tuple[str, ...] = ()
    driver: DriverRelease | None = None

    def get(self, *names: str) -> Asked | None:
        """The first package of one of these names."""
        return next((item for item in self.packages if item.name in names), None)


class Written(Section, frozen=True, kw_only=True):
    """All files that were given."""

    files: tuple[WrittenFile, ...]
