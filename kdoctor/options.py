"""Options that several commands have, and what is checked of their values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from kdoctor.model.trouble import Trouble

Sysroot = Annotated[
    str, typer.Option("--sysroot", metavar="DIR", help="Examine an unpacked image or a recorded machine: files only.")
]


def split(values: list[str] | None) -> tuple[str, ...]:
    """Repeated and comma-separated values alike."""
    return tuple(part.strip() for value in values or () for part in value.split(",") if part.strip())


def one_of(option: str, value: str, allowed: Sequence[str]) -> None:
    """Raise Trouble for a value that is none of the allowed ones."""
    if value not in allowed:
        reference = "option-value-unknown"
        raise Trouble(reference, f"{option} {value}: expected one of {', '.join(allowed)}", code=2)
