"""What conda is configured to do: parsed documents and variables in, one frozen ``CondaConfig`` out.

py-rattler reads no `.condarc`, so what a user or a site set there is read here, by conda's own rules. Nothing here
looks at the machine; ``kdoctor.fix.condarc_files`` reads the documents. URLs are kept clean; what is secret in them is
in ``credentials``, which no repr and no JSON shows. Settings that kdoctor does not need are ignored, as conda ignores
those that it does not know.

Settings and defaults: conda/base/context.py and constants.py of conda 26.9; ``mirrored_channels``:
libmamba/src/api/configuration.cpp; both read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from kdoctor.fix.condarc_settings import (
    CHANNEL_ALIAS,
    CUSTOM_CHANNELS,
    DEFAULT_CHANNELS,
    LISTS,
    NAMES,
    Place,
    Priority,
    Reader,
)
from kdoctor.fix.condarc_values import Document, Node
from kdoctor.fix.secret import Secret


class CondaConfig(msgspec.Struct, frozen=True, kw_only=True):
    """conda's settings that matter for making an environment; names and defaults are conda's own.

    ``extra_channels``: those of the command line. ``mirrored_channels``: channel name to URLs, mamba's.
    ``proxy_servers``: a scheme, or scheme and host, to a clean URL. ``ssl_verify``: true, false, or what to trust.
    ``virtual_packages``: what to take instead of what is detected, "" for none. ``credentials``: a clean URL, by which
    everything below it is meant, to the same with user, password and token. ``sources``: setting to item to the place
    it comes from; a setting without items has the item "". ``files``: what was read, weakest first.
    """

    channels: tuple[str, ...] = ()
    extra_channels: tuple[str, ...] = ()
    default_channels: tuple[str, ...] = DEFAULT_CHANNELS
    channel_alias: str = CHANNEL_ALIAS
    custom_channels: Mapping[str, str] = msgspec.field(default_factory=lambda: dict(CUSTOM_CHANNELS))
    custom_multichannels: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    migrated_channel_aliases: tuple[str, ...] = ()
    mirrored_channels: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    channel_priority: Priority = "flexible"
    allowlist_channels: tuple[str, ...] = ()
    denylist_channels: tuple[str, ...] = ()
    override_channels_enabled: bool = True
    proxy_servers: Mapping[str, str] = msgspec.field(default_factory=dict)
    ssl_verify: bool | str = True
    client_ssl_cert: str = ""
    client_ssl_cert_key: str = ""
    offline: bool = False
    pkgs_dirs: tuple[str, ...] = ()
    envs_dirs: tuple[str, ...] = ()
    remote_max_retries: int = 3
    remote_read_timeout_secs: float = 60.0
    add_anaconda_token: bool = True
    virtual_packages: Mapping[str, str] = msgspec.field(default_factory=dict)
    credentials: Mapping[str, Secret] = msgspec.field(default_factory=dict)
    home: str = ""
    sources: Mapping[str, Mapping[str, str]] = msgspec.field(default_factory=dict)
    files: tuple[str, ...] = ()

    def source_of(self, setting: str, item: str = "") -> str:
        """The file or variable that a setting, or an item of it, comes from; "" for conda's default."""
        return self.sources.get(setting, {}).get(item, "")


def configure(
    documents: Iterable[Document],
    environ: Mapping[str, str],
    *,
    place: Place = Place(),  # noqa: B008  it is frozen
    extra_channels: tuple[str, ...] = (),
    mamba: bool = False,
) -> CondaConfig:
    """Merge the documents, weakest first, the variables over them and the command line over all."""
    files = tuple(documents)
    reader = Reader((*files, *_of_variables(environ, mamba=mamba)), environ, place)
    found: dict[str, object] = {
        **reader.of_channels(extra_channels),
        **reader.of_network(),
        **reader.of_folders(),
        "virtual_packages": reader.virtual_packages(),
    }
    made = {name: value for name, value in found.items() if value is not None}
    return CondaConfig(
        **made,  # type: ignore[arg-type]  # each is made for its field
        credentials=reader.credentials,
        home=place.home,
        sources=reader.sources,
        files=tuple(document.source for document in files),
    )


def _of_variables(environ: Mapping[str, str], *, mamba: bool) -> Iterable[Document]:
    """A document for each variable that is a setting, so that messages name the variable."""
    spellings = {spelling: name for name, others in NAMES.items() for spelling in (name, *others)}
    for prefix in ("CONDA_", "MAMBA_") if mamba else ("CONDA_",):
        for variable in sorted(environ):
            spelling = variable.removeprefix(prefix).lower()
            if not variable.startswith(prefix) or spelling not in spellings or variable != variable.upper():
                continue
            name, text = spellings[spelling], environ[variable]
            if name in LISTS:
                parts = (part.strip() for part in text.split(":" if name == "envs_dirs" else ","))
                yield Document(f"${variable}", {name: Node(tuple(Node(part) for part in parts if part))})
            else:
                plain, important, _ = text.partition("!important")
                yield Document(f"${variable}", {name: Node(plain.strip(), "final" if important else "")})
