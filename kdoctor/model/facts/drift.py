"""What differs from an earlier report, of one group of facts; only where one was given to compare with."""

import msgspec

from kdoctor.model.facts.base import Section


class Changed(msgspec.Struct, frozen=True):
    """A value then and now; "" where it was, or is, not there."""

    label: str
    before: str
    after: str


class Drift(Section, frozen=True, kw_only=True):
    """``group``: of what, e.g. "NVIDIA driver"; ``expected``: the file of the earlier report.

    ``changes``: the most important first. ``unknown``: why some of it cannot be compared, "" where all could.
    """

    group: str
    expected: str
    changes: tuple[Changed, ...] = ()
    unknown: str = ""
