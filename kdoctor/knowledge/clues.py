"""What a pasted report says beside a program's own lines, and what several signs together mean.

A *clue* is a pattern as a signature is, of prose, commands and answers. A *combination* names causes where all its
signs are there: ids of signatures and clues, marks that are worked out from versions, and comparisons such as
``tensorflow>=2.11``.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from packaging.version import Version

from kdoctor.knowledge.tables import Row, Table, load
from kdoctor.model.finding import Safety, Severity
from kdoctor.model.version import CudaVersion, CudnnVersion


class Clue(Row, frozen=True, kw_only=True):
    """One kind of line; ``names``: taxonomy causes that it speaks for alone, each with a weight of 0 to 1."""

    id: str
    regex: str
    sample: str
    names: Mapping[str, float] = {}


class Combination(Row, frozen=True, kw_only=True):
    """Signs that mean more together: ``all`` of them, one of ``any``, ``none`` of the last.

    ``names``: causes with their weights; ``drops``: causes that it rules out, "*" for all that say that there is no
    usable GPU.
    """

    why: str
    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    names: Mapping[str, float] = {}
    drops: tuple[str, ...] = ()


class Told(Row, frozen=True, kw_only=True):
    """How a cause that was read from a text is told.

    ``values``: the kinds of stated versions that belong to it. ``decide``: the command that would make it certain.
    """

    id: str
    severity: Severity = "error"
    what: str
    why: str
    values: tuple[str, ...] = ()
    do: str
    commands: tuple[str, ...] = ()
    safety: Safety = "changes-environment"
    decide: str = ""


class OldBuild(Row, frozen=True, kw_only=True):
    """What TensorFlow releases before those of tensorflow.toml were built for."""

    first: Version
    last: Version
    cuda: CudaVersion
    cudnn: CudnnVersion


class ClueTable(
    Table,
    frozen=True,
    kw_only=True,
    rename={"clues": "clue", "combinations": "combination", "causes": "cause", "builds": "build"},
):
    """clues.toml."""

    no_gpu: tuple[str, ...]
    builds: tuple[OldBuild, ...]
    clues: tuple[Clue, ...]
    combinations: tuple[Combination, ...]
    causes: tuple[Told, ...]


@functools.cache
def table() -> ClueTable:
    """The whole table."""
    return load("clues", ClueTable)


def clues() -> tuple[Clue, ...]:
    """All clues, in the order of the table."""
    return table().clues


def told(cause: str) -> Told:
    """How that cause is told; raises KeyError for one that is benign or not in the taxonomy."""
    return _told()[cause]


@functools.cache
def _told() -> Mapping[str, Told]:
    return {row.id: row for row in table().causes}
