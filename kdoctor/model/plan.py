"""Environments that `kdoctor fix` makes: the plan, what became of it, and those that it made."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kdoctor.model.recipe import Method


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """How far installing is: packages in the cache (``ready``), in the prefix (``linked``), and bytes that came."""

    ready: int
    linked: int
    total: int
    bytes: int
    bytes_total: int
    name: str = ""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was tried; ``said`` is what came of it."""

    name: str
    ok: bool
    said: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What would be made.

    ``unmet``: what the recipe needs and this machine lacks; ``why``: the sentence of the choice. ``python``: the
    interpreter that a virtual environment is made with. ``client``: who installs conda packages, "" for kdoctor itself.
    ``notes``: what conda's configuration changes. ``machine``: the virtual packages that were solved for.
    ``packages``: NAME VERSION BUILD of a solution, none where it was not solved; ``problem`` then says why, and
    ``relaxations`` what would help.
    """

    method: Method
    recipe: str
    title: str
    fits: bool
    why: str
    unmet: tuple[str, ...]
    target: str
    version: str
    specs: tuple[str, ...]
    settings: Mapping[str, str]
    gpu_wanted: bool
    python: str = ""
    client: str = ""
    channels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    machine: Mapping[str, str] = {}
    packages: tuple[str, ...] = ()
    download_bytes: int = 0
    problem: str = ""
    relaxations: tuple[str, ...] = ()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a plan.

    ``gpu``: trained (on one), not-here (none could be used), not-wanted, failed; "" where nothing was made.
    """

    schema: int
    plan: Plan
    done: bool
    solved: bool = False
    packages: tuple[str, ...] = ()
    gpu: str = ""
    proofs: tuple[Proof, ...] = ()
    activate: str = ""


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """An environment that kdoctor made; ``recipe`` and the rest are "" where its record cannot be read."""

    name: str
    prefix: str
    recipe: str = ""
    method: str = ""
    specs: tuple[str, ...] = ()
