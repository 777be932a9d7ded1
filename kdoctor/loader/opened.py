"""What came of opening a library: the file that would be taken, the way to it, and what stops it."""

from __future__ import annotations

import msgspec


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the right name that cannot be used; ``fatal``: the loader stops there instead of looking further."""

    path: str
    reason: str
    fatal: bool = False

    def __str__(self) -> str:
        """``/x/liba.so: file too short``."""
        return f"{self.path}: {self.reason}"


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one name.

    ``path``: as the loader names the file, made absolute, links not followed; "" where nothing was found.
    ``found_via``: the step that won. ``looked``: the directories tried before the search ended, and
    ``/etc/ld.so.cache`` at its place among them. ``missing``: sonames that no file was opened for, with the library
    that needs them. ``version_errors``: glibc's own texts. ``later_copies``: other files of the same name that the
    search would have come to afterwards.
    """

    name: str
    path: str = ""
    realpath: str = ""
    found_via: str = ""
    looked: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    version_errors: tuple[str, ...] = ()
    later_copies: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether dlopen would succeed, as far as files can tell."""
        return bool(self.path) and not self.missing and not self.version_errors
