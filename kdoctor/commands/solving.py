"""What is the solver asked? The recipe's specs, the machine of the facts, and how the channels are reached."""

from __future__ import annotations

import datetime as dt

import msgspec
import platformdirs

from kdoctor.commands.choosing import Asked, Chosen
from kdoctor.fix.access import access_of, not_honoured
from kdoctor.fix.channels import find_channels
from kdoctor.fix.conda import without_credentials
from kdoctor.fix.condarc import CondaConfig
from kdoctor.fix.machine import machine_of
from kdoctor.fix.solve import GPU_PACKAGES, Question, VirtualPackage
from kdoctor.fix.virtual import alternatives, cuda_of, virtual_packages
from kdoctor.host.live import LiveHost
from kdoctor.host.place import is_writable
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import PythonVersion, SymbolVersion

CHANNELS = ("conda-forge",)  # where the Python of a pip recipe comes from


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What the solver is asked, and how it came to that.

    ``names``: the channels as recipe or user name them, without credentials; ``notes``: what conda's configuration
    makes of them, and what of it has no effect.
    """

    question: Question
    config: CondaConfig
    names: tuple[str, ...]
    notes: tuple[str, ...]


def asking(
    asked: Asked,
    found: Chosen,
    host: LiveHost,
    python: PythonVersion,
    *,
    with_pip: bool,
    subdir: str,
    glibc: SymbolVersion | None = None,
) -> Asking:
    """Only the Python for a recipe of the index. ``glibc``: another than the machine's.

    Raises Trouble for options and configuration that are not understood, and for channels that are refused.
    """
    from kdoctor.fix.condarc_files import read_config

    recipe, part = found.recipe, found.recipe.conda
    config = read_config(host, extra_channels=asked.channels)
    wanted = () if asked.channels else part.channels if part else CHANNELS
    channels = find_channels(wanted, config)
    question = Question(
        specs=(f"python={python.short}", *(part.specs if part else ()), *(("pip",) if with_pip else ())),
        channels=tuple(channel.url for channel in channels),
        subdir=subdir,
        virtual_packages=_virtual(found, config, glibc),
        cache=cache("repodata"),
        gpu=GPU_PACKAGES if part and recipe.requires.gpu == "required" else (),
        alternatives=alternatives(cuda_of(recipe, machine_of(found.facts))),
        exclude_newer=moment(asked.exclude_newer),
        strict_priority=config.channel_priority == "strict" or not config.source_of("channel_priority"),
        offline=asked.offline or config.offline,
        retries=config.remote_max_retries,
        access=access_of(config, host.environ),
    )
    names = tuple(without_credentials(name) for name in (asked.channels or wanted))
    told = tuple(str(channel) for channel in channels if channel.source not in ("", "--channel"))
    return Asking(question=question, config=config, names=names, notes=(*told, *not_honoured(config)))


def _virtual(found: Chosen, config: CondaConfig, glibc: SymbolVersion | None) -> tuple[VirtualPackage, ...]:
    """What the machine has; what conda is told to take instead wins, as it does there."""
    virtual = {one.name: one for one in virtual_packages(found.recipe, found.facts)}
    if glibc is not None:
        virtual["__glibc"] = VirtualPackage("__glibc", str(glibc))
    for name, version in config.virtual_packages.items():
        virtual.pop(name, None)
        if version and not (name == "__cuda" and found.recipe.requires.gpu == "none"):
            virtual[name] = (
                VirtualPackage(name, "1", version) if name == "__archspec" else VirtualPackage(name, version)
            )
    return tuple(virtual.values())


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


def folder_of(config: CondaConfig, *, has_conda: bool) -> str:
    """Where conda puts environments that have a name, so that it lists ours too; "" where there is no conda."""
    if not (has_conda or "envs_dirs" in config.sources):
        return ""
    return next((folder for folder in config.envs_dirs if is_writable(folder)), "")
