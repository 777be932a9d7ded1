"""A change as the lines of a difference, for people to judge before they say yes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from kdoctor.model.change import Edit, MakeLink, RemoveFile

NOTHING = "/dev/null"


def difference(edits: Iterable[Edit]) -> tuple[str, ...]:
    """All edits as one unified difference; a link is shown by what it leads to."""
    return tuple(line for edit in edits for line in _lines(edit))


def _lines(edit: Edit) -> Iterator[str]:
    if isinstance(edit, MakeLink):
        yield from (f"--- {NOTHING}", f"+++ {edit.path}", "@@ symbolic link @@", f"+{edit.target}")
        return
    after = b"" if isinstance(edit, RemoveFile) else edit.after
    source = NOTHING if edit.before is None else edit.path
    target = NOTHING if isinstance(edit, RemoveFile) else edit.path
    for line in difflib.unified_diff(_split(edit.before or b""), _split(after), source, target):
        yield line.removesuffix("\n")


def _split(data: bytes) -> list[str]:
    r"""Lines with their ends; the last says so where it has none.

    >>> _split(b"a\nb")
    ['a\n', 'b\n\\ No newline at end of file\n']
    """
    lines = data.decode("utf-8", "backslashreplace").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n\\ No newline at end of file\n"
    return lines
