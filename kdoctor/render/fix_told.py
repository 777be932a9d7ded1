"""What a fix said and how it ended, for the formats that show it to others than the one at the terminal."""

from __future__ import annotations

from typing import Literal

import msgspec


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """``end``: how it ended, in a sentence; ``lines``: all that was printed."""

    level: Literal["notice", "error"]
    end: str
    lines: tuple[str, ...]
