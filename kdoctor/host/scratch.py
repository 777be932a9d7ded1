"""Directories that are gone when they have served."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def scratch() -> Iterator[str]:
    """A new directory among the system's temporary ones, for this user alone."""
    with tempfile.TemporaryDirectory(prefix="kdoctor-", ignore_cleanup_errors=True) as path:
        yield path
