"""What native Windows lacks of the libraries that frameworks are linked with."""

from kdoctor.model.facts.base import Section


class Windows(Section, frozen=True, kw_only=True):
    """``missing``: DLLs of the Visual C++ runtime that were found in none of the directories ``looked``."""

    missing: tuple[str, ...] = ()
    looked: tuple[str, ...] = ()
