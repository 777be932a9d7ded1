"""Files of the user's that have the name of a module and would be imported instead of it."""

import msgspec

from kdoctor.model.facts.base import Section


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """``path`` is imported as ``module`` because ``found_via`` comes before the installed copy."""

    module: str
    path: str
    found_via: str


class Modules(Section, frozen=True, kw_only=True):
    """``shadows``: files that win over an installed framework or over the standard library."""

    shadows: tuple[Shadow, ...] = ()
