"""The section that the probe fills: its module's name is the section's name."""

from kdoctor.model.facts.base import Section


class Licence(Section, frozen=True, kw_only=True):
    """``server``: where the site's licence server is, "" where it is not said; ``found_in``: the file that says it."""

    server: str
    found_in: str
