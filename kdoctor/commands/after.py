"""Is the end of a command worth a look? Decided at once: nothing more is loaded after a command that went well."""

from __future__ import annotations

from kdoctor.host.attend import Ended

_WORDS = (b"gpu", b"cuda", b"nvidia", b"cudnn", b"device", b"driver")


def is_suspect(ended: Ended) -> bool:
    """Whether it failed, or printed a word that every line on a GPU has."""
    return ended.has_failed or any(
        word in lowered
        for printed in ended.printed
        for part in printed.parts
        for lowered in (part.lower(),)
        for word in _WORDS
    )
