"""`kdoctor fix --list` and `--remove`: the environments that kdoctor made, and nothing else."""

from __future__ import annotations

import msgspec

from kdoctor.fix.settle import Record
from kdoctor.host import is_file
from kdoctor.host.live import LiveHost
from kdoctor.host.place import RECORD
from kdoctor.host.registry import forget, known
from kdoctor.host.workspace import workspace
from kdoctor.model.plan import Environment
from kdoctor.model.trouble import Trouble


def made(host: LiveHost) -> tuple[Environment, ...]:
    """Those that are there, by path."""
    return tuple(_environment(host, prefix) for prefix in known() if is_file(host, f"{prefix}/{RECORD}"))


def _environment(host: LiveHost, prefix: str) -> Environment:
    name = prefix.rpartition("/")[2]
    data = host.read_bytes(f"{prefix}/{RECORD}")
    try:
        record = msgspec.json.decode(data if isinstance(data, bytes) else b"", type=Record)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Environment(name=name, prefix=prefix)
    return Environment(name=name, prefix=prefix, recipe=record.recipe, method=record.method, specs=record.specs)


def named(host: LiveHost, wanted: str) -> Environment:
    """The one of that name or path; raises Trouble where kdoctor made none or several."""
    path = wanted if wanted.startswith("/") else f"{host.cwd}/{wanted}"
    environments = made(host)
    found = [one for one in environments if one.prefix == path.rstrip("/")]
    found = found or [one for one in environments if one.name == wanted]
    if len(found) > 1:
        message = f"there are {len(found)} environments named {wanted}: {', '.join(one.prefix for one in found)}"
        raise Trouble("environment-not-unique", message, hint="Give the path.", code=2)
    if not found or not found[0].recipe:
        hint = "`kdoctor fix --list` lists those that kdoctor made."
        raise Trouble("environment-unknown", f"kdoctor made no environment {wanted}", hint=hint, code=2)
    return found[0]


def remove(environment: Environment) -> None:
    """Take it away in one step, then remove it. Raises Trouble."""
    with workspace(environment.prefix, replace=True) as room:
        room.discard()
    forget(environment.prefix)
