"""Who makes something, so that a later start can tell whether that process still lives.

A number alone is not enough: numbers are used again, every machine has its own, and so has every container. An owner
that cannot be judged from here (another host, another container) counts as alive.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path

import msgspec
import psutil

_START_FIELD = 19  # of /proc/PID/stat, counted from the state, which follows the name in brackets


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """A process: ``started`` and ``boot`` tell two of the same number; ``since``: when it took hold, ISO 8601."""

    pid: int
    started: str
    host: str
    boot: str = ""
    namespace: str = ""
    since: str = ""

    def __str__(self) -> str:
        """``process 4711 on ws1, since 2026-11-21 20:15:03 UTC``."""
        return f"process {self.pid} on {self.host}, since {self.since}"


def this_owner() -> Owner:
    """The running process."""
    now = dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    return Owner(
        pid=os.getpid(), started=_started(os.getpid()), host=_host(), boot=_boot(), namespace=_namespace(), since=now
    )


def is_dead_here(owner: Owner) -> bool:
    """Whether the process was one of this host and has ended."""
    if owner.host != _host():
        return False
    if owner.boot != _boot():
        return True
    if owner.namespace != _namespace():
        return False
    return _started(owner.pid) != owner.started


def _started(pid: int) -> str:
    """When the process started, in a form that only equality is asked of; "" where there is no such process."""
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] in (b"Z", b"X") else fields[_START_FIELD].decode()
    try:
        return str(psutil.Process(pid).create_time())
    except psutil.Error:
        return ""


def _host() -> str:
    return os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
