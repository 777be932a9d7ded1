"""The operating system, its C library and what restricts kernel modules."""

from kdoctor.model.facts.base import Section
from kdoctor.model.version import SymbolVersion


class System(Section, frozen=True, kw_only=True):
    """``glibcxx``: the newest GLIBCXX symbol version of the system's libstdc++; None: not readable here."""

    os: str
    machine: str
    kernel: str = ""
    distribution_id: str = ""
    distribution_version: str = ""
    distribution: str = ""
    libc: str = ""
    glibc: SymbolVersion | None = None
    glibcxx: SymbolVersion | None = None
    secure_boot: bool | None = None
    lockdown: str = ""
