"""Which configuration holds for a run: the file that was named, or the nearest one above the working directory.

Searched are the working directory and its parents, up to the repository's root (the folder with `.git`) or the home
directory, whichever comes first. In a folder `kdoctor.toml` comes before a `pyproject.toml` with `[tool.kdoctor]`; the
first file that is found is the only one that is read.
"""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.check.settings import MAX_BYTES, NAMES, NOTHING, Settings, settings_in
from kdoctor.host import Host, Unreadable, exists
from kdoctor.model.trouble import Trouble


def configured(host: Host, *, named: str, wanted: bool) -> Settings:
    """The settings; ``named``: the file that `--config` gives, ``wanted``: not with `--no-config`. Raises Trouble."""
    if named:
        return _named(host, named)
    return next(_found(host), NOTHING) if wanted else NOTHING


def _named(host: Host, named: str) -> Settings:
    path = named if named.startswith("/") or ":" in named[:3] else f"{host.cwd}/{named}"
    data = host.read_bytes(path, limit=MAX_BYTES + 1)
    if isinstance(data, Unreadable):
        raise Trouble("config-unreadable", f"--config {named}: {data.detail or data.reason}")
    settings = settings_in(data, named)
    if settings is None:
        raise Trouble("config-unreadable", f"--config {named}: it has no table [tool.kdoctor]")
    return settings


def _found(host: Host) -> Iterator[Settings]:
    for folder in folders(host):
        for name in NAMES:
            path = f"{folder.rstrip('/')}/{name}"
            data = host.read_bytes(path, limit=MAX_BYTES + 1)
            if isinstance(data, Unreadable):
                if data.reason not in ("absent", "not-a-file") and name == NAMES[0]:
                    hint = "`--no-config` goes without a configuration."
                    raise Trouble("config-unreadable", f"{path}: {data.detail or data.reason}", hint=hint)
                continue
            settings = settings_in(data, path)
            if settings is not None:
                yield settings


def folders(host: Host) -> Iterator[str]:
    """The working directory and its parents, as far as they are searched."""
    folder = host.cwd.replace("\\", "/")
    home = host.user.home.replace("\\", "/").rstrip("/")
    while folder:
        yield folder
        parent = folder.rstrip("/").rpartition("/")[0] or ("/" if folder != "/" else "")
        if exists(host, f"{folder.rstrip('/')}/.git") or folder.rstrip("/") == home:
            return
        folder = parent if parent != folder else ""
