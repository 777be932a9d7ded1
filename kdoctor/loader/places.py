"""Every directory in which the dynamic loader of this machine finds libraries by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kdoctor.host import is_directory
from kdoctor.loader.cache import parse_cache

if TYPE_CHECKING:
    from kdoctor.host import Host

CACHE = "/etc/ld.so.cache"
DEFAULTS = (
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
)


def library_directories(host: Host) -> tuple[str, ...]:
    """The directories of ld.so.cache, then the default ones that exist."""
    data = host.read_bytes(CACHE)
    try:
        entries = parse_cache(data) if isinstance(data, bytes) else ()
    except ValueError:
        entries = ()
    cached = (entry.path.rpartition("/")[0] for entry in entries)
    return tuple(dict.fromkeys((*cached, *(path for path in DEFAULTS if is_directory(host, path)))))
