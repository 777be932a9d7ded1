"""Have a child of the examined environment be one of several workers that train together."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec

from kdoctor.host.live import INSIDE, LiveHost
from kdoctor.host.stream import Ended, converse
from kdoctor.host.worker import tethered
from kdoctor.model.scaling import Alive, Asked, End, Event, Failed, Failure, Worked

SILENT_S = 60.0  # the child says every second that it lives; a framework may hold it up while it compiles
GRACE_S = 5.0  # for the others once one has ended
LOOPBACK = "127.0.0.1"
MOST_EVENTS = 100_000
_FAILURES: dict[str, Failure] = {"idle": "timeout", "slow": "timeout"}
Hear = Callable[[int, Event], None]


class _Stopped(Exception):  # noqa: N818  it is no error
    """Nobody waits for this worker any more."""


def one(host: LiveHost, name: str, asked: Asked, *, limit_s: float, hear: Hear, stopped: threading.Event) -> Worked:
    """One worker; ``name``: of its machine. Whatever becomes of it is told in the result."""
    events: list[Event] = []

    def line(said: bytes) -> bool:
        if stopped.is_set():
            raise _Stopped
        try:
            event = msgspec.json.decode(said, type=Event)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        if not isinstance(event, Alive) and len(events) < MOST_EVENTS:
            events.append(event)
            hear(asked.rank, event)
        return False

    argv = tethered(host.examined, str(INSIDE / "together.py"))
    environ = {**host.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    request = msgspec.json.encode(asked)
    try:
        ended = converse(argv, request, environ=environ, on_line=line, idle_s=SILENT_S, piece_s=limit_s)
        failed = _failure(events, ended)
    except _Stopped:
        failed = Failed(kind="left", detail="it was ended, for another worker had ended before")
    return Worked(
        name=name, rank=asked.rank, device=asked.device, threads=asked.threads, events=tuple(events), failed=failed
    )


def _failure(events: list[Event], ended: Ended) -> Failed | None:
    """What the worker said of its failure, else how it ended, None where it came to its end."""
    said = next((event for event in events if isinstance(event, Failed)), None)
    if said is not None or (events and isinstance(events[-1], End)):
        return said
    return Failed(kind=_FAILURES.get(ended.why, "crashed"), detail=ended.detail or "it ended without a word")


def all_here(host: LiveHost, name: str, asked: list[Asked], *, limit_s: float, hear: Hear) -> list[Worked]:
    """All workers on this machine; a Ctrl-C ends them."""
    stopped = threading.Event()
    with ThreadPoolExecutor(len(asked)) as pool:
        waiting = [pool.submit(one, host, name, each, limit_s=limit_s, hear=hear, stopped=stopped) for each in asked]
        try:
            deadline = 0.0
            while not all(future.done() for future in waiting):
                time.sleep(0.1)
                if not deadline and any(future.done() for future in waiting):
                    deadline = time.monotonic() + GRACE_S
                if deadline and time.monotonic() > deadline:
                    stopped.set()
        except BaseException:
            stopped.set()
            raise
        return [future.result() for future in waiting]


def meeting_place() -> tuple[str, int, str]:
    """Address and port on which worker 0 of this machine can listen, and a word that strangers do not know."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind((LOOPBACK, 0))
        return LOOPBACK, int(probe.getsockname()[1]), secrets.token_hex(16)


def processors() -> tuple[int, ...]:
    """The processors that this process may use, as far as the platform tells."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))
