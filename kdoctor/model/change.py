"""A change of the examined environment that can be shown, done, and undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, Union

import msgspec

Kind = Literal["link", "file", "packages"]


class MakeLink(msgspec.Struct, frozen=True, kw_only=True):
    """A symbolic link where nothing is yet."""

    path: str
    target: str


class WriteFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file with new content; ``before`` is what it holds now, None where there is none."""

    path: str
    before: bytes | None
    after: bytes


class RemoveFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that goes; ``before`` is what it holds now."""

    path: str
    before: bytes


Edit: TypeAlias = Union[MakeLink, WriteFile, RemoveFile]  # noqa: UP007  read at run time on 3.10


class Packages(msgspec.Struct, frozen=True, kw_only=True):
    """What commands on packages may touch.

    ``names``: the distributions, normalised; ``files``: all of theirs that are there; ``roots``: the directories in
    which commands may add and remove.
    """

    names: tuple[str, ...]
    files: tuple[str, ...]
    roots: tuple[str, ...]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What kdoctor can do: edits, or commands on packages.

    ``shown``: the difference as lines of text. ``settings``: variables that hold once the environment is activated
    anew; ``then``: what the user has to do for it to have effect, "" if nothing.
    """

    kind: Kind
    title: str
    edits: tuple[Edit, ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()
    packages: Packages | None = None
    shown: tuple[str, ...] = ()
    settings: Mapping[str, str] = msgspec.field(default_factory=dict)
    then: str = ""


class ByHand(msgspec.Struct, frozen=True):
    """kdoctor does not do it itself; ``why`` ends the sentence "kdoctor does not change this itself: ..."."""

    why: str
