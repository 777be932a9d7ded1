"""Is the end of a command worth a look? Decided at once: nothing more is loaded after a command that went well."""

from __future__ import annotations

import signal

from kdoctor.host.attend import Ended

_BY_USER = ("SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE")
_WORDS = (b"gpu", b"cuda", b"nvidia", b"cudnn", b"device", b"driver")
_BY_SIGNAL = 128


def has_failed(ended: Ended) -> bool:
    """Whether it failed by itself: being ended by its user, or by a reader that left, is no failure."""
    numbers = {number for name in _BY_USER if (number := getattr(signal, name, None))}
    return bool(ended.status or ended.signal) and not numbers & {ended.signal, ended.status - _BY_SIGNAL}


def is_suspect(ended: Ended) -> bool:
    """Whether it failed, or printed a word that every line on a GPU has."""
    return has_failed(ended) or any(
        word in part.lower() for printed in ended.printed for part in printed.parts for word in _WORDS
    )
