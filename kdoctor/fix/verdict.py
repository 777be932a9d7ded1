"""What becomes of one requirement on one machine."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["ok", "fails", "unknown"]
EASY, HARD, NEVER = 1, 10, 100


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One requirement: what it needs, what was found, and a sentence of both.

    ``effort``: how far from met a failing one is: EASY is an update or another interpreter, from HARD on it is other
    hardware or another system, NEVER is against what was asked.
    """

    requirement: str
    state: State
    text: str
    needed: str = ""
    found: str = ""
    effort: int = 0
