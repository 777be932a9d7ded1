"""Each setting that kdoctor takes from conda's configuration: its names, its type, its default.

Input: documents and variables; output: values for ``CondaConfig``, where each came from, and apart from them what is
secret in them. Defaults: conda/base/context.py and constants.py of conda 26.9, read 2026-11-21.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from kdoctor.fix.condarc_values import (
    Document,
    Found,
    Placed,
    flag,
    gather,
    is_true,
    merge_list,
    merge_lists,
    merge_map,
    merge_text,
    number,
)
from kdoctor.fix.secret import Secret, clean, has_scheme, token_of, user_of, without_subdir

Priority = Literal["strict", "flexible", "disabled"]
DEFAULT_CHANNELS = ("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r")
CHANNEL_ALIAS = "https://conda.anaconda.org"
CUSTOM_CHANNELS = {"pkgs/pro": "https://repo.anaconda.com"}
COMMAND_LINE = "--channel"
# Setting: its other names.
NAMES: dict[str, tuple[str, ...]] = {
    "channels": ("channel",), "default_channels": (), "channel_alias": (), "custom_channels": (),
    "custom_multichannels": (), "migrated_channel_aliases": (), "mirrored_channels": (), "channel_priority": (),
    "allowlist_channels": ("whitelist_channels",), "denylist_channels": (), "override_channels_enabled": (),
    "proxy_servers": (), "ssl_verify": ("verify_ssl",), "client_ssl_cert": ("client_cert",), "offline": (),
    "client_ssl_cert_key": ("client_cert_key",), "pkgs_dirs": (), "envs_dirs": ("envs_path",),
    "remote_max_retries": (), "remote_read_timeout_secs": (), "add_anaconda_token": ("add_binstar_token",),
    "override_virtual_packages": ("virtual_packages",),
}  # fmt: skip
LISTS = {
    "channels", "default_channels", "migrated_channel_aliases", "allowlist_channels", "denylist_channels", "pkgs_dirs",
    "envs_dirs",
}  # fmt: skip
_NOT_EXPANDED = {"migrated_channel_aliases", "channel_priority", "offline", "override_virtual_packages"}
_VARIABLE = re.compile(r"\$(?:(\w+)|\{([^}]*)\})", re.ASCII)
_OVERRIDE = "CONDA_OVERRIDE_"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What paths are relative to. ``root``: conda's base environment, "" where there is none."""

    home: str = "/"
    cwd: str = "/"
    root: str = ""
    root_writable: bool = True


class Reader:
    """Takes settings out of the documents, and notes where each came from and what is secret in it."""

    def __init__(self, documents: tuple[Document, ...], environ: Mapping[str, str], place: Place) -> None:
        """Read nothing yet."""
        self.documents = documents
        self.environ = environ
        self.place = place
        self.sources: dict[str, dict[str, str]] = {}
        self.credentials: dict[str, Secret] = {}

    def _found(self, name: str) -> list[Found]:
        return gather(self.documents, (name, *NAMES[name]))

    def _expanded(self, name: str, placed: Placed) -> str:
        """The text with its variables filled in; a variable that is not set stays as it is."""
        if name in _NOT_EXPANDED:
            return placed.text
        return _VARIABLE.sub(lambda one: self.environ.get(one[1] or one[2] or "", one[0]), placed.text)

    def _note(self, name: str, item: str, placed: Placed) -> str:
        self.sources.setdefault(name, {})[item] = placed.source
        return item

    def _text(self, name: str) -> str | None:
        placed = merge_text(self._found(name))
        if placed is None:
            return None
        self._note(name, "", placed)
        return self._expanded(name, placed)

    def _url(self, text: str) -> str:
        """A channel as it may be shown; user, password and token of a URL are kept apart."""
        text = text.strip()
        if not has_scheme(text):
            return text.rstrip("/") or text
        shown = clean(text)
        if user_of(text) or token_of(text):
            self.credentials[without_subdir(shown)] = Secret.of(without_subdir(text))
        return shown

    def _urls(self, name: str) -> tuple[str, ...] | None:
        found = self._found(name)
        rows = [(self._url(self._expanded(name, one)), one) for one in merge_list(found)]
        return tuple(self._note(name, url, one) for url, one in rows) if found else None

    def _folders(self, name: str) -> list[str]:
        rows = merge_list(self._found(name))
        return [self._note(name, self._path(self._expanded(name, one)), one) for one in rows]

    def _path(self, text: str) -> str:
        """An absolute path."""
        text = re.sub(r"^~(?=/|$)", lambda _: self.place.home, text)
        return posixpath.normpath(posixpath.join(self.place.cwd, text))

    def of_channels(self, extra: tuple[str, ...]) -> dict[str, object]:
        """The settings that say which channels there are."""
        lists = ("channels", "default_channels", "migrated_channel_aliases", "allowlist_channels", "denylist_channels")
        found: dict[str, object] = {name: self._urls(name) for name in lists}
        found["extra_channels"] = tuple(self._url(one) for one in extra)
        for one in extra:
            self._note("extra_channels", self._url(one), Placed(one, COMMAND_LINE))
        found["custom_channels"] = {**CUSTOM_CHANNELS, **self._custom()} if self._found("custom_channels") else None
        for name in ("custom_multichannels", "mirrored_channels"):
            found[name] = self._tables(name)
        found["channel_alias"] = self._alias()
        found["channel_priority"] = self._priority()
        found["override_channels_enabled"] = self._flag("override_channels_enabled", default=True)
        return found

    def _custom(self) -> dict[str, str]:
        """Names to locations; what is secret in a location is so for the channel of that name only."""
        made = {}
        for key, one in merge_map(self._found("custom_channels")).items():
            text = self._expanded("custom_channels", one).rstrip("/")
            made[self._note("custom_channels", key.strip("/"), one)] = clean(text) if has_scheme(text) else text
            if has_scheme(text):
                self._url(f"{text}/{key.strip('/')}")
        return made

    def _tables(self, name: str) -> dict[str, tuple[str, ...]]:
        made = {}
        for key, rows in merge_lists(self._found(name)).items():
            for one in rows:
                self._note(name, key, one)
            made[key] = tuple(self._url(self._expanded(name, one)) for one in rows)
        return made

    def _alias(self) -> str | None:
        text = self._text("channel_alias")
        if text and not has_scheme(text):
            raise self._found("channel_alias")[-1].wrong("a URL with its scheme")
        return self._url(text) if text else None

    def _priority(self) -> Priority | None:
        text = (self._text("channel_priority") or "").strip().lower()
        if text in ("strict", "flexible", "disabled"):
            return text  # type: ignore[return-value]  # it is one of them
        truth = is_true(text) if text else None
        if text and truth is None:
            raise self._found("channel_priority")[-1].wrong("strict, flexible or disabled", repr(text))
        return ("flexible" if truth else "disabled") if text else None

    def _flag(self, name: str, *, default: bool) -> bool:
        found = self._found(name)
        placed = merge_text(found)
        if placed is not None:
            self._note(name, "", placed)
        return flag(found, default=default)

    def of_network(self) -> dict[str, object]:
        """The settings that say how channels are reached."""
        verify = self._text("ssl_verify")
        truth = True if verify is None else is_true(verify)
        trusted = verify if verify == "truststore" or truth is not None else self._path(verify or "")
        proxies = merge_map(self._found("proxy_servers"))
        return {
            "proxy_servers": {key: self._proxy(key, one) for key, one in proxies.items()},
            "ssl_verify": trusted if truth is None else truth,
            "client_ssl_cert": self._text("client_ssl_cert"),
            "client_ssl_cert_key": self._text("client_ssl_cert_key"),
            "offline": self._flag("offline", default=False),
            "remote_max_retries": int(number(self._found("remote_max_retries"), 3)),
            "remote_read_timeout_secs": number(self._found("remote_read_timeout_secs"), 60.0),
            "add_anaconda_token": self._flag("add_anaconda_token", default=True),
        }

    def _proxy(self, key: str, placed: Placed) -> str:
        text = self._expanded("proxy_servers", placed).strip()
        self._note("proxy_servers", key, placed)
        if text and not has_scheme(text):
            text = f"http://{text}"
        if user_of(text):
            self.credentials[f"proxy:{key}"] = Secret.of(text)
        return clean(text)

    def of_folders(self) -> dict[str, object]:
        """Where packages and environments are kept: what was set, and conda's own places."""
        root, own = self.place.root, f"{self.place.home}/.conda"
        places = [root, own] if self.place.root_writable else [own, root]
        envs = [f"{place}/envs" for place in places if place]
        packages = [f"{place}/pkgs" for place in (root, own) if place]
        return {
            "envs_dirs": tuple(dict.fromkeys((*self._folders("envs_dirs"), *envs))),
            "pkgs_dirs": tuple(dict.fromkeys(self._folders("pkgs_dirs"))) or tuple(dict.fromkeys(packages)),
        }

    def virtual_packages(self) -> dict[str, str]:
        """What is set by a table and, stronger, by variables of their own."""
        made = {}
        for key, one in merge_map(self._found("override_virtual_packages")).items():
            made[f"__{key.removeprefix('__')}"] = one.text
            self._note("virtual_packages", f"__{key.removeprefix('__')}", one)
        for variable in sorted(_overrides(self.environ)):
            name = f"__{variable.removeprefix(_OVERRIDE).lower()}"
            made[name] = self.environ[variable].strip()
            self._note("virtual_packages", name, Placed("", f"${variable}"))
        return made


def _overrides(environ: Mapping[str, str]) -> set[str]:
    """The variables that stand for a virtual package."""
    settings = {f"CONDA_{name}".upper() for names in NAMES.items() for name in (names[0], *names[1])}
    return {name for name in environ if name.startswith(_OVERRIDE)} - settings
