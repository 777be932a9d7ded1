"""Memory that a framework reserves at its start and that no training here needed."""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.bench.runs import Measured, place
from kdoctor.model.bench import Verdict

MOST_USED = 0.5  # of the GPU's memory: above that a reservation keeps little from others
GIB = 1 << 30
TAKES = {"tensorflow": "nearly all", "jax": "75 %"}
DO = {
    "tensorflow": "Set TF_FORCE_GPU_ALLOW_GROWTH=true where several programs share the GPU.",
    "jax": "Set XLA_PYTHON_CLIENT_PREALLOCATE=false where several programs share the GPU.",
}


def judge(measured: Measured) -> Iterator[Verdict]:
    """Once for each GPU whose memory is known, of the cell that needed most."""
    for where, total in measured.reserved.items():
        backend, _, device = where.partition(" ")
        needed = [run.result.memory_bytes for run in measured.good() if place(run.result) == where]
        most = max(needed, default=0)
        if backend in TAKES and 0 < most < MOST_USED * total:
            yield Verdict(
                name="memory-growth-unused",
                severity="note",
                what=f"{where}: the largest training needed {most / GIB:.1f} of {total / GIB:.0f} GiB.",
                why=f"Unless told otherwise, {backend} reserves {TAKES[backend]} of {device}'s memory at its start;"
                " other programs then fail for want of it.",
                do=DO[backend],
                evidence=(f"peak memory: {most} bytes", f"memory of the GPU: {total} bytes"),
            )
