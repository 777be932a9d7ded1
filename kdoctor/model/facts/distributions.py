"""The distributions installed for the examined interpreter, read from their metadata directories."""

import msgspec
from packaging.version import Version

from kdoctor.model.facts.base import Section


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """``name`` is normalised (lower case, dashes); ``location``: the sys.path entry that holds it."""

    name: str
    version: str
    location: str
    metadata: str = ""
    installer: str = ""

    @property
    def release(self) -> Version | None:
        """The version, None where the text is not one."""
        return parse_release(self.version)


class Requirement(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement of an installed distribution that the installed version does not meet."""

    wanted_by: str
    name: str
    wanted: str
    installed: str


class Distributions(Section, frozen=True, kw_only=True):
    """``items`` in import order: the first of a name is the one that Python imports.

    ``broken``: what is wrong with a metadata directory. ``overwritten``: files that two distributions both own,
    as "FILE: first, second". ``in_place``: of such a family the distribution whose libraries are there, by the sizes
    in its RECORD. ``unmet``: requirements of the frameworks that are not met.
    """

    items: tuple[Distribution, ...]
    broken: tuple[str, ...] = ()
    overwritten: tuple[str, ...] = ()
    in_place: dict[str, str] = msgspec.field(default_factory=dict)
    unmet: tuple[Requirement, ...] = ()

    def get(self, name: str) -> Distribution | None:
        """The distribution of that normalised name which Python would import."""
        return next((item for item in self.items if item.name == name), None)

    def all(self, name: str) -> tuple[Distribution, ...]:
        """Every copy of that name, in import order."""
        return tuple(item for item in self.items if item.name == name)


def parse_release(text: str) -> Version | None:
    """The package version in ``text``, None where it is not one."""
    try:
        return Version(text)
    except ValueError:  # InvalidVersion is one, and so is what int says of too many digits
        return None
