"""What is the solver asked? The recipe's specs, the machine of the facts, and how the channels are reached."""

from __future__ import annotations

import datetime as dt

import platformdirs

from kdoctor.commands.choosing import Asked, Chosen
from kdoctor.fix.conda import Access
from kdoctor.fix.machine import machine_of
from kdoctor.fix.solve import GPU_PACKAGES, Question, VirtualPackage
from kdoctor.fix.virtual import alternatives, cuda_of, virtual_packages
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import PythonVersion, SymbolVersion

CHANNELS = ("conda-forge",)  # where the Python of a pip recipe comes from


def question_of(
    asked: Asked,
    found: Chosen,
    python: PythonVersion,
    *,
    subdir: str,
    with_pip: bool,
    glibc: SymbolVersion | None = None,
) -> Question:
    """The question; only the Python for a recipe of the index. ``glibc``: another than the machine's.

    Raises Trouble for options that are not understood.
    """
    recipe, part = found.recipe, found.recipe.conda
    virtual = virtual_packages(recipe, found.facts)
    if glibc is not None:
        others = tuple(one for one in virtual if one.name != "__glibc")
        virtual = (*others, VirtualPackage("__glibc", str(glibc)))
    return Question(
        specs=(f"python={python.short}", *(part.specs if part else ()), *(("pip",) if with_pip else ())),
        channels=asked.channels or (part.channels if part else CHANNELS),
        subdir=subdir,
        virtual_packages=virtual,
        cache=cache("repodata"),
        gpu=GPU_PACKAGES if part and recipe.requires.gpu == "required" else (),
        alternatives=alternatives(cuda_of(recipe, machine_of(found.facts))),
        exclude_newer=moment(asked.exclude_newer),
        offline=asked.offline,
        access=Access(),
    )


def cache(name: str) -> str:
    """Where kdoctor keeps what it downloads of channels."""
    return f"{platformdirs.user_cache_dir('kdoctor')}/conda/{name}"


def moment(text: str) -> dt.datetime | None:
    """The user's word for a time, in UTC unless it says otherwise; a day counts to its end. Raises Trouble."""
    if not text:
        return None
    try:
        found = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        message = f"--exclude-newer {text}: expected a day or a time, such as 2026-11-21"
        raise Trouble("date-not-understood", message, code=2) from error
    if len(text) == len("2026-11-21"):
        found += dt.timedelta(days=1)
    return found if found.tzinfo else found.replace(tzinfo=dt.timezone.utc)
