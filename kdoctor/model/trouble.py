"""The one exception of our own: what was seen, what was needed, what to do."""

from __future__ import annotations


class Trouble(Exception):  # noqa: N818  the word that users read
    """kdoctor cannot go on. ``code`` is the exit status: 2 for a slip of the user's, 3 for anything else.

    ``reference`` is a kebab-case name that is stable across releases, e.g. ``facts-not-json``.
    """

    def __init__(self, reference: str, message: str, *, hint: str = "", code: int = 3) -> None:
        """Keep the parts; ``hint`` is one sentence on what to do."""
        super().__init__(message)
        self.reference = reference
        self.message = message
        self.hint = hint
        self.code = code
