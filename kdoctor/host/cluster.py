"""Reach the nodes of a Ray cluster, from a child: Ray can hang, abort and print as it likes."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable, Mapping

import msgspec

from kdoctor import __version__
from kdoctor.host.live import INSIDE
from kdoctor.host.stream import Ended, converse

SILENT_S = 30.0  # the child says every second that it lives
JOIN_S = 30.0
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # it would put the command line's environment on every node
    "RAY_DEFAULT_PYTHON_VERSION_MATCH_LEVEL": "minor",
    "RAY_gcs_rpc_server_connect_timeout_s": "5",
}
UNSET = ("RAY_RUNTIME_ENV_HOOK", "RAY_JOB_CONFIG_JSON_ENV_VAR")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A command of kdoctor's for every node.

    ``address``: auto or HOST:PORT. ``python``: the interpreter examined there, "" for that of Ray. ``limit_s``: for
    each node. ``alone``: on all its processors and GPUs, when no other job of the cluster has any. ``workers`` above 0:
    instead of the command, so many workers that train together, each asked what ``asked`` (as model.scaling.Asked) and
    its place say; ``usual_batch``: of a worker without a GPU, where ``asked`` has none.
    """

    address: str
    command: tuple[str, ...] = ()
    python: str = ""
    limit_s: float
    alone: bool = False
    workers: int = 0
    asked: Mapping[str, str | int | float] = {}
    usual_batch: int = 0


def on_every_node(asked: Asked, on_line: Callable[[bytes], None]) -> Ended:
    """Give every event of inside/ray_nodes.py to ``on_line``, and say how it ended."""
    request = {
        **msgspec.to_builtins(asked),
        "version": __version__,
        "package": str(INSIDE.parent),
        "made_for": f"{sysconfig.get_platform()}, {sys.implementation.cache_tag}",
        "join_s": JOIN_S,
    }
    environ = {name: value for name, value in os.environ.items() if name not in UNSET}

    def heard(line: bytes) -> bool:
        on_line(line)
        return False

    return converse(
        (sys.executable, str(INSIDE / "ray_nodes.py"), str(os.getpid())),
        msgspec.json.encode(request),
        environ={**environ, **QUIET},
        on_line=heard,
        idle_s=SILENT_S,
        piece_s=JOIN_S + 2 * asked.limit_s + SILENT_S,
    )
