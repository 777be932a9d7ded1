"""What kdoctor does, for those who listen: lines for the loggers "kdoctor.*", at level DEBUG only.

Python's ``logging`` is imported by programs that listen, and not for those that do not: where it is not there, nobody
can have asked for anything.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

LONGEST = 300
_SECRET = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def trace(name: str, message: str, *values: object) -> None:
    """Tell the logger of that name; ``message`` holds a %s for each of the values."""
    logging = sys.modules.get("logging")
    if logging is not None:
        logging.getLogger(name).debug(message, *values)


def command_line(argv: Sequence[str]) -> str:
    """A command as it may be shown: without the name and password of an address, and cut.

    >>> command_line(["pip", "install", "-i", "https://me:secret@example.org/simple"])
    'pip install -i https://***@example.org/simple'
    """
    return _SECRET.sub("***", " ".join(argv))[:LONGEST]
