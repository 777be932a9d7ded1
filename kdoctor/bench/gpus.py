"""What samples of the GPUs say of a cell: who else computes there, what throttles them, and their clocks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from kdoctor.bench.disturbance import Disturbance, share, summed
from kdoctor.host.gpu_watch import GpuSample, GpuState


def joined(load: Disturbance, samples: Sequence[GpuSample], own: Collection[int]) -> Disturbance:
    """The load of the machine together with what the GPUs did; ``own``: processes that are not others."""
    seen = [_together([_of_gpu(gpu, own) for gpu in sample.gpus]) for sample in samples if sample.gpus]
    with_load = [msgspec.structs.replace(one, load_per_core=load.load_per_core, steal=load.steal) for one in seen]
    return summed(with_load or [load])


def others(pids: Sequence[int] | None, own: Collection[int]) -> int | None:
    """How many processes but the child compute on a GPU on which it does; None where that is not known.

    In a container the numbers may be of another namespace: where none is known, one is the child's. A list without any
    is none.

    >>> others((7, 8), {7}), others((4242,), {7}), others((4242, 4243), {7}), others((), {7})
    (1, 0, 1, None)
    """
    if not pids:
        return None
    return len(pids) - max(1, sum(pid in own for pid in pids))


def _of_gpu(gpu: GpuState, own: Collection[int]) -> Disturbance:
    return Disturbance(
        gpu_processes=others(gpu.pids, own),
        throttling=gpu.throttling,
        clock_mhz=gpu.clock_mhz,
        clock_max_mhz=gpu.clock_max_mhz,
    )


def _together(gpus: Sequence[Disturbance]) -> Disturbance:
    """GPUs that share a batch wait for the slowest: it counts."""
    slowest = min(gpus, key=share)
    return msgspec.structs.replace(
        slowest,
        gpu_processes=max((gpu.gpu_processes for gpu in gpus if gpu.gpu_processes is not None), default=None),
        throttling=tuple(sorted({reason for gpu in gpus for reason in gpu.throttling})),
    )
