"""Which cells are to be measured? What was asked, spread over workloads, modes, precisions, batch sizes and epochs."""

from __future__ import annotations

from itertools import product

import msgspec

from kdoctor.knowledge.workloads import workload as workload_row
from kdoctor.model.bench import MODES, PRECISIONS, Cell, Mode, Precision, Request
from kdoctor.model.recipe import Backend
from kdoctor.model.trouble import Trouble

QUICK = ("linear", "lenet")
CONVERGING = 0.05  # at its documented rate of 0.01 the regression does not reach its line (docs: CONTRACT, bench)
SWEPT = "mlp"
SWEEP = (1, 10, 100, 1000)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked; an empty tuple or 0 leaves it to the workload. ``full``: everything, in long runs."""

    workloads: tuple[str, ...] = ()
    modes: tuple[Mode, ...] = ()
    precisions: tuple[Precision, ...] = ()
    batch_sizes: tuple[int, ...] = ()
    epochs: tuple[int, ...] = ()
    seconds: float = 3.0
    repeat: int = 1
    data: str = ""
    download: bool = False
    full: bool = False


def chosen_workloads(asked: tuple[str, ...], known: tuple[str, ...], *, full: bool) -> tuple[str, ...]:
    """The workloads by name; raises Trouble for one that there is not."""
    for name in asked:
        if name not in known:
            raise Trouble(
                "workload-unknown", f"there is no workload {name!r}", hint=f"Known: {', '.join(known)}.", code=2
            )
    return asked or (known if full else tuple(name for name in QUICK if name in known))


def request_for(wanted: Wanted, backend: Backend, device: str, *, without_gpu: bool = False) -> Request:
    """All cells of one device, the short workloads first; ``without_gpu``: the machine has no other than its CPU."""
    cells = tuple(
        cell
        for _ in range(wanted.repeat)
        for workload in wanted.workloads
        for cell in _cells(wanted, workload, backend, device, _usual(workload) if without_gpu else 0)
    )
    return Request(backend=backend, device=device, cells=cells, peaks=device != "all")


def _usual(workload: str) -> int:
    """The batch size on a machine without a GPU; 0: the workload's own."""
    row = workload_row(workload)
    return 0 if row is None else row.batch_size_without_gpu


def _cells(wanted: Wanted, workload: str, backend: Backend, device: str, size: int) -> tuple[Cell, ...]:
    on_gpu = device != "cpu"
    modes = wanted.modes or (MODES if wanted.full else MODES[:1])
    precisions = wanted.precisions or (PRECISIONS[:2] if wanted.full and on_gpu else PRECISIONS[:1])
    sweep = SWEEP if wanted.full and workload == SWEPT else (size,)
    made = [
        Cell(
            workload=workload,
            backend=backend,
            device=device,
            mode=mode,
            precision=precision,
            batch_size=size,
            epochs=epochs,
            rate=CONVERGING if workload == "linear" else 0.0,
            seconds=wanted.seconds,
            data=wanted.data,
            download=wanted.download,
            full=wanted.full,
        )
        for mode, precision, size, epochs in product(
            modes, precisions, wanted.batch_sizes or sweep, wanted.epochs or (0,)
        )
    ]
    if wanted.full and workload == "linear":
        made.append(msgspec.structs.replace(made[0], rate=0.0))
    if device == "all" or (wanted.full and on_gpu):  # what several devices lose to their input
        made.append(msgspec.structs.replace(made[0], on_device=True))
    return tuple(made)


def devices_for(asked: tuple[str, ...], reported: tuple[str, ...], uuids: tuple[str, ...]) -> tuple[str, ...]:
    """The devices to measure: ``cpu``, ``gpu:N`` and ``all`` where there are several GPUs.

    ``reported``: the backend's own words for what it has; ``uuids``: of its GPUs, in its order, where they are known.
    Raises Trouble for a device that was asked for and is not there.
    """
    count = sum(1 for name in reported if not is_cpu(name))
    there = ("cpu", *(f"gpu:{index}" for index in range(count)), *(("all",) if count > 1 else ()))
    if not asked:
        return there
    found: list[str] = []
    for name in asked:
        some = _meant(name, there, uuids)
        if not some:
            raise Trouble("device-unknown", f"--device {name}: this backend has {', '.join(there)}", code=2)
        found += some
    return tuple(dict.fromkeys(found))


def is_cpu(name: str) -> bool:
    """Whether a device, in its backend's words, is the processor."""
    return "cpu" in name.lower()


def _meant(name: str, there: tuple[str, ...], uuids: tuple[str, ...]) -> list[str]:
    low = name.lower()
    if low == "gpu":
        return [device for device in there if device.startswith("gpu:")]
    if low == "all" and "all" not in there:
        return ["all"]  # several logical CPU devices
    if low.startswith(("gpu-", "mig-")):  # as CUDA_VISIBLE_DEVICES, which takes the beginning of a UUID
        some = [f"gpu:{index}" for index, uuid in enumerate(uuids) if uuid.lower().startswith(low)]
        return some if len(some) == 1 else []
    return [device for device in there if device == low]
