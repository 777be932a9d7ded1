"""Which URLs stand behind the names of channels, by conda's configuration.

Input: names, URLs and absolute paths, as recipes and users write them; output: clean URLs in the order of their
priority. What is secret goes another way, by ``kdoctor.fix.access``. Nothing here looks at the machine.

Rules: conda/models/channel.py of conda 26.9, read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

import msgspec

from kdoctor.fix.condarc import CondaConfig
from kdoctor.fix.secret import clean, has_scheme, without_subdir
from kdoctor.model.trouble import Trouble

DEFAULTS = "defaults"
NODEFAULTS = "nodefaults"


class Channel(msgspec.Struct, frozen=True):
    """A channel's URL, the name that led to it, and the file, variable or option that has the name or its meaning."""

    url: str
    name: str
    source: str = ""

    def __str__(self) -> str:
        """``conda-forge (https://mirror.example/conda-forge, by /etc/conda/.condarc)``."""
        behind = [self.url] if self.url != self.name else []
        behind += [f"by {self.source}"] if self.source else []
        return f"{self.name} ({', '.join(behind)})" if behind else self.name


def channels_for(names: Iterable[str], config: CondaConfig) -> tuple[str, ...]:
    """The URLs of a recipe's channels; the ones of ``find_channels``."""
    return tuple(channel.url for channel in find_channels(names, config))


def find_channels(names: Iterable[str], config: CondaConfig) -> tuple[Channel, ...]:
    """The channels to solve with: those of the command line, then the recipe's, each once.

    Those that the user has configured are not among them, as with ``conda --override-channels``, because a recipe says
    what was tried; they come last where the configuration forbids to leave them out, and alone where there are no
    others. Raises Trouble for a channel that the configuration refuses.
    """
    wanted = [*config.extra_channels, *names]
    if not wanted or not config.override_channels_enabled:
        wanted += config.channels or (DEFAULTS,)
    found: dict[str, Channel] = {}
    for name in wanted:
        for channel in resolve(name, config):
            found.setdefault(channel.url, channel)
    _refuse(found.values(), config)
    return tuple(found.values())


def resolve(name: str, config: CondaConfig) -> tuple[Channel, ...]:
    """The channels that one name stands for, with their nearest mirror if that is a folder.

    User, password and token of a URL are dropped: they are used where they were configured, or given to `--channel`.
    """
    plain = name.strip()
    if plain in (NODEFAULTS, ""):
        return ()
    if has_scheme(plain):
        shown = clean(plain)
        return _mirrored(_migrated(without_subdir(shown), config), shown, config, "")
    if plain.startswith(("/", "~")):
        path = re.sub(r"^~(?=/|$)", lambda _: config.home, plain)
        return (Channel(f"file://{quote(path.rstrip('/'))}", plain, _said(plain, config)),)
    if plain.startswith("."):
        message = f"the channel {plain} is a relative path"
        raise Trouble("channel-relative", message, hint="Give its absolute path.", code=2)
    plain = without_subdir(plain).strip("/")
    several = multichannels(config).get(plain)
    if several is not None:
        setting = "custom_multichannels" if plain in config.custom_multichannels else "default_channels"
        item = plain if setting == "custom_multichannels" else ""
        source = config.source_of(setting, item) or _said(plain, config)
        return tuple(Channel(_member(url, config), plain, source) for url in several)
    if plain == "local":
        message = "the channel `local` stands for conda-build's own results, which kdoctor does not look for"
        raise Trouble("channel-local", message, hint="Give the absolute path of its folder.", code=2)
    return _one(plain, config)


def multichannels(config: CondaConfig) -> dict[str, tuple[str, ...]]:
    """Names that stand for several channels."""
    return {DEFAULTS: config.default_channels, **config.custom_multichannels}


def _member(name: str, config: CondaConfig) -> str:
    """A channel among those of one name; conda looks it up below the alias only."""
    url = name if has_scheme(name) else f"{config.channel_alias}/{name}"
    mirrors = mirrors_of(url, name, config)
    return mirrors[0] if mirrors and mirrors[0].startswith("file:") else url


def _one(name: str, config: CondaConfig) -> tuple[Channel, ...]:
    """The channel of a name that stands for one."""
    for base, location in _places(config):
        if name == base or name.startswith(f"{base}/"):
            source = config.source_of("custom_channels", base)
            return _mirrored(f"{location}/{name}", name, config, source)
    return _mirrored(f"{config.channel_alias}/{name}", name, config, config.source_of("channel_alias"))


def _places(config: CondaConfig) -> list[tuple[str, str]]:
    """Names and the locations that they are below; the longest first, and custom channels before parts of several."""
    found: dict[str, str] = {}
    for urls in multichannels(config).values():
        for url in urls:
            name, location = _name_and_location(url, config)
            found[name] = location
    for name, location in config.custom_channels.items():
        found[name] = location if has_scheme(location) else config.channel_alias
    return sorted(found.items(), key=lambda row: len(row[0]), reverse=True)


def _name_and_location(url: str, config: CondaConfig) -> tuple[str, str]:
    if not has_scheme(url):
        return url.strip("/"), config.channel_alias
    if url.startswith(f"{config.channel_alias}/"):
        return url.removeprefix(config.channel_alias).strip("/"), config.channel_alias
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    return path.strip("/"), f"{scheme}://{host}"


def _migrated(url: str, config: CondaConfig) -> str:
    """The URL below the channel alias of today, where it is below one of the past."""
    bare = url.partition("://")[2]
    for alias in config.migrated_channel_aliases:
        place = alias.partition("://")[2] or alias
        if bare == place or bare.startswith(f"{place}/"):
            return config.channel_alias + bare.removeprefix(place)
    return url


def _mirrored(url: str, name: str, config: CondaConfig, source: str) -> tuple[Channel, ...]:
    """The channel, by its first mirror if that is a folder: no client asks a folder in the place of a server."""
    mirrors = mirrors_of(url, name, config)
    if mirrors and mirrors[0].startswith("file:"):
        return (Channel(mirrors[0], name, config.source_of("mirrored_channels", name)),)
    return (Channel(url, name, source or _said(name, config)),)


def mirrors_of(url: str, name: str, config: CondaConfig) -> tuple[str, ...]:
    """What is to be asked instead of a channel, by its name or its URL."""
    return config.mirrored_channels.get(name) or config.mirrored_channels.get(url) or ()


def _said(name: str, config: CondaConfig) -> str:
    return config.source_of("extra_channels", name) or (
        config.source_of("channels", name) if name in config.channels else ""
    )


def _refuse(channels: Iterable[Channel], config: CondaConfig) -> None:
    """Raise Trouble for the first channel that is not allowed or that is denied."""
    denied, allowed = set(_plain(config.denylist_channels, config)), set(_plain(config.allowlist_channels, config))
    for channel in channels:
        urls = {channel.url, *(_unmirrored(channel.name, config))}
        if denied & urls:
            source = ", ".join(sorted(set(config.sources.get("denylist_channels", {}).values())))
            message = f"the channel {channel.name} is denied by `denylist_channels` of {source}"
            raise Trouble("channel-refused", message, hint=_HINT)
        if allowed and not allowed & urls:
            source = ", ".join(sorted(set(config.sources.get("allowlist_channels", {}).values())))
            message = f"the channel {channel.name} is not among the `allowlist_channels` of {source}"
            raise Trouble("channel-refused", message, hint=_HINT)


_HINT = "Take another channel, or ask who set this up to allow it."


def _unmirrored(name: str, config: CondaConfig) -> Iterator[str]:
    plain = msgspec.structs.replace(config, mirrored_channels={})
    yield from (channel.url for channel in resolve(name, plain)) if name not in multichannels(config) else ()


def _plain(names: Iterable[str], config: CondaConfig) -> Iterator[str]:
    plain = msgspec.structs.replace(config, mirrored_channels={})
    for name in names:
        if name == "local" or name.startswith("."):
            continue  # those are no channels here
        yield from (channel.url for channel in resolve(name, plain))
