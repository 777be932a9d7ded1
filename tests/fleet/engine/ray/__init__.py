"""What kdoctor uses of Ray, with nodes that behave as the variable FLEET says; tasks run in this process.

FLEET is JSON: ``nodes`` (rows as `ray.nodes()` has them, with ``does``), ``init`` (what joining raises), ``clusters``.
``does``: well (answers what is in the file ``report``), work, died, hung, gone, refused, alone (tells what was asked
for), abort, or what the node answers instead of a report.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from ray import cloudpickle, exceptions

__all__ = ["cancel", "cloudpickle", "exceptions", "get", "init", "nodes", "put", "remote", "shutdown", "wait"]
FLEET = json.loads(os.environ.get("FLEET", "{}"))


class Ref:
    """A task that was sent, or an object that was put."""

    def __init__(self, value: object, does: str = "work") -> None:
        self.value, self.does = value, does


class Remote:
    """A function that runs where it is asked for."""

    def __init__(self, function: Callable[..., object], options: Mapping[str, Any]) -> None:
        self.function, self.given = function, options

    def options(self, **options: object) -> Remote:
        return Remote(self.function, options)

    def remote(self, *arguments: object) -> Ref:
        node = next(row for row in FLEET["nodes"] if row["NodeID"] == self.given["scheduling_strategy"].node_id)
        if node["does"] == "alone":
            return Ref(
                (
                    lambda *_: {
                        "report": zlib.compress(json.dumps(self.given["num_gpus"]).encode()),
                        "lost": None,
                        "said": "",
                    },
                    arguments,
                )
            )
        return Ref((self.function, arguments), node["does"])


def init(**_: object) -> None:
    if FLEET.get("init"):
        raise RuntimeError(FLEET["init"])


def nodes() -> list[dict[str, object]]:
    return cast("list[dict[str, object]]", FLEET["nodes"])


def remote(**options: object) -> Callable[[Callable[..., object]], Remote]:
    return lambda function: Remote(function, options)


def put(value: object) -> Ref:
    return Ref(value)


def wait(refs: Sequence[Ref], *, num_returns: int, timeout: float) -> tuple[list[Ref], list[Ref]]:
    ready = [ref for ref in refs if ref.does != "hung"][:num_returns]
    time.sleep(0 if ready else timeout)
    return ready, [ref for ref in refs if ref not in ready]


def get(ref: Ref, timeout: float = 0) -> object:
    del timeout
    if ref.does == "died":
        raise exceptions.NodeDiedError("Task failed because the node is dead. Node IP: 10.0.0.3")
    if ref.does == "gone":
        raise exceptions.TaskUnschedulableError("The node does not exist any more.")
    if ref.does == "refused":
        raise exceptions.RayTaskError("Traceback\nPermissionError: no place for a temporary folder")
    if ref.does == "abort":
        os._exit(7)
    if ref.does != "work":
        said = Path(FLEET["report"]).read_bytes() if ref.does == "well" else ref.does.encode()
        return {"report": zlib.compress(said), "lost": None, "said": ""}
    if not isinstance(ref.value, tuple):
        return ref.value
    function, arguments = ref.value
    return function(*arguments)


def cancel(ref: Ref, *, force: bool) -> None:
    del ref, force


def shutdown() -> None:
    time.sleep(FLEET.get("shutdown", 0))
