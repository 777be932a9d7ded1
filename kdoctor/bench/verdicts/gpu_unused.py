"""A GPU of the machine that the backend does not list, so that nothing was trained on it."""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.bench.runs import Measured
from kdoctor.model.bench import Verdict


def judge(measured: Measured) -> Iterator[Verdict]:
    """One verdict for each backend."""
    for unused in measured.unused:
        count = len(unused.gpus)
        said = f"it failed when it was asked: {unused.trouble}" if unused.trouble else "it lists no GPU"
        yield Verdict(
            name="gpu-unused",
            severity="warning",
            what=f"{unused.backend} does not use the GPU{'s' if count > 1 else ''} of this machine.",
            why=f"The machine has {', '.join(unused.gpus)}; {said}.",
            do="Run `kdoctor check`: it names the cause.",
            evidence=(f"GPUs seen: {count}", f"GPUs that {unused.backend} lists: 0"),
        )
