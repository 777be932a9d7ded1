"""What do the GPUs do while something is measured? Samples from a child, since NVML may hang or crash.

Nothing depends on the child: where it does not start, dies or says nothing there are no samples.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from typing import IO

import msgspec
import psutil

from kdoctor.host.live import INSIDE
from kdoctor.host.stream import Listener
from kdoctor.host.worker import tethered

MOST_SAMPLES = 7200  # an hour of them


class GpuState(msgspec.Struct, frozen=True, kw_only=True):
    """A GPU or MIG instance. ``throttling``: NVML's reasons, e.g. sw_power_cap; None: not told.

    ``pids``: of the processes that compute on it, as NVML numbers them: perhaps those of another namespace.
    """

    uuid: str
    clock_mhz: float | None = None
    clock_max_mhz: float | None = None
    throttling: tuple[str, ...] = ()
    pids: tuple[int, ...] | None = None


class GpuSample(msgspec.Struct, frozen=True, kw_only=True):
    """The GPUs at one time; ``at`` as in ``host.watch.Sample``."""

    at: float
    gpus: tuple[GpuState, ...]


_DECODER = msgspec.json.Decoder(GpuSample)


class GpuWatch:
    """A child that samples the GPUs with these UUIDs; without any there is no child.

    ``own``: those of the processes seen that are kdoctor or were started by it.
    """

    def __init__(self, uuids: Sequence[str], environ: Mapping[str, str]) -> None:
        """Start it; it samples until it is closed."""
        self.uuids = frozenset(uuids)
        self.samples: deque[GpuSample] = deque(maxlen=MOST_SAMPLES)
        self._is_own: dict[int, bool] = {}
        self._child = self._start(environ) if uuids and sys.platform != "win32" else None

    def _start(self, environ: Mapping[str, str]) -> Listener | None:
        quiet = subprocess.DEVNULL
        argv = tethered(sys.executable, str(INSIDE / "gpu_watch.py"))
        with contextlib.suppress(OSError):
            process = subprocess.Popen(
                argv, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet, env=dict(environ), start_new_session=True
            )
            return Listener(process, self._line)
        return None

    @property
    def own(self) -> frozenset[int]:
        """The processes that are not others."""
        return frozenset(pid for pid, is_own in self._is_own.items() if is_own)

    def read(self) -> None:
        """Take the samples that have come; it does not wait for any."""
        if self._child is not None:
            self._child.take()

    def between(self, since: float, until: float) -> tuple[GpuSample, ...]:
        """The samples that were read, of that time."""
        return tuple(sample for sample in self.samples if since <= sample.at <= until)

    def close(self) -> None:
        """End the child; one that does not die, because NVML sleeps in the kernel, is left behind."""
        if self._child is not None:
            self._child.end(thorough=False)
            self._child.close()
            self._child = None

    def _line(self, _: IO[bytes], line: bytes) -> None:
        """Keep a sample; a line that is none is noise. Who started a process is asked while it runs."""
        try:
            sample = _DECODER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        gpus = tuple(gpu for gpu in sample.gpus if gpu.uuid in self.uuids)
        for pid in {pid for gpu in gpus for pid in gpu.pids or ()} - self._is_own.keys():
            self._is_own[pid] = _is_own(pid)
        self.samples.append(GpuSample(at=sample.at, gpus=gpus))


def _is_own(pid: int) -> bool:
    """Whether it is this process or was started by it."""
    try:
        process = psutil.Process(pid)
        return os.getpid() in {pid, *(one.pid for one in process.parents())}
    except (psutil.Error, ValueError, OverflowError):
        return False
