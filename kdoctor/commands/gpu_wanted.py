"""Can this interpreter use the GPUs that somebody wants? If not, why, in one line."""

from __future__ import annotations

import re

import msgspec

from kdoctor.check.registry import find_rules
from kdoctor.model.facts.base import Facts, Unknown
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.libcuda import CudaDevice, Libcuda
from kdoctor.model.facts.prediction import Expected, Prediction
from kdoctor.model.report import Report
from kdoctor.model.trouble import Trouble
from kdoctor.render.notebook import one_line

BACKENDS = ("tensorflow", "jax", "torch")
UNITS = {"gib": 1 << 30, "gb": 10**9, "mib": 1 << 20, "mb": 10**6}
RESERVED = 0.08  # a card sold as 16 GB shows 15 to 15.8 GiB: driver and error correction take theirs (A100, T4, V100)
PREVENTING = frozenset(  # layers of the ranking whose errors leave a GPU that is listed but of no use
    {
        *("hardware", "driver-release", "compute-capability", "visibility"),
        *("cuda-libraries", "cudnn", "framework-build"),
    }
)
_AMOUNT = re.compile(r"(?P<number>\d{1,6}(?:\.\d{1,6})?)\s*(?P<unit>gib|gb|mib|mb)", re.IGNORECASE)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """``backend`` "": the one that Keras uses, or the only one installed; where there is none, CUDA alone."""

    count: int = 1
    memory: str = ""
    memory_bytes: int = 0
    backend: str = ""


def wanted(count: object = 1, memory: object = "", backend: object = "") -> Wanted:
    """What somebody wrote, understood. Raises Trouble.

    >>> wanted(2, "16 GiB").memory_bytes == 16 * 1024**3
    True
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise Trouble("gpu-not-understood", f"count={count!r}: expected a whole number from 1 on", code=2)
    amount = _AMOUNT.fullmatch(memory.strip()) if isinstance(memory, str) else None
    if memory and amount is None:
        raise Trouble("gpu-not-understood", f"memory={memory!r}: expected an amount such as '16GiB'", code=2)
    if not isinstance(backend, str) or (backend and backend not in BACKENDS):
        raise Trouble("gpu-not-understood", f"backend={backend!r}: expected one of {', '.join(BACKENDS)}", code=2)
    size = int(float(amount["number"]) * UNITS[amount["unit"].lower()]) if amount else 0
    return Wanted(count=count, memory=amount[0] if amount else "", memory_bytes=size, backend=backend)


def why_not(report: Report, wish: Wanted) -> str:
    """Nothing where such GPUs can be used; else the primary finding, or what there is less of than wanted."""
    sections = report.facts.sections
    frameworks, libcuda = sections.get("frameworks"), sections.get("libcuda")
    build = _build(frameworks, wish) if isinstance(frameworks, Frameworks) else None
    if wish.backend and build is None:
        return f"{wish.backend} is not installed in the examined environment"
    if isinstance(libcuda, Unknown):
        return f"whether there is a GPU could not be found out: {libcuda.reason}"
    devices = [one for one in libcuda.devices if not one.error] if isinstance(libcuda, Libcuda) else []
    expected = _expected(report.facts, build)
    if not devices or (expected is not None and expected.gpus == 0):
        return _cause(report, expected)
    if _is_of_no_use(report, build):
        return one_line(report)
    count = len(devices) if expected is None or expected.gpus is None else min(len(devices), expected.gpus)
    if count < wish.count:
        by = f" by {build.title}" if build is not None else ""
        return f"{wish.count} GPUs are wanted, {count} can be used here{by}"
    return _too_small(devices, wish)


def _build(frameworks: Frameworks, wish: Wanted) -> Build | None:
    return frameworks.get(wish.backend) if wish.backend else next(iter(frameworks.builds), None)


def _expected(facts: Facts, build: Build | None) -> Expected | None:
    prediction = facts.sections.get("prediction")
    rows = prediction.items if isinstance(prediction, Prediction) else ()
    return next((row for row in rows if build is not None and row.framework == build.framework), None)


def _is_of_no_use(report: Report, build: Build | None) -> bool:
    """Whether the primary finding says that nothing can be computed on the GPU that is listed.

    It is about the backend that Keras uses; another one may be all right.
    """
    first = report.primary
    if (
        first is None
        or first.severity != "error"
        or first.confidence != "certain"
        or not (build is None or build.active)
    ):
        return False
    return any(rule.id == first.id and rule.layer in PREVENTING for rule in find_rules().items)


def _cause(report: Report, expected: Expected | None) -> str:
    if report.primary is not None:
        return one_line(report)
    return f"no GPU can be used: {expected.because if expected is not None else 'CUDA lists none'}"


def _too_small(devices: list[CudaDevice], wish: Wanted) -> str:
    """Why too few of them have the memory; a device that does not tell its memory may have it."""
    least = wish.memory_bytes * (1 - RESERVED)
    large = [one for one in devices if one.memory_total_bytes is None or one.memory_total_bytes >= least]
    if len(large) >= wish.count:
        return ""
    most = max(one.memory_total_bytes or 0 for one in devices) / UNITS["gib"]
    needed = f"{wish.count} GPU{'s' if wish.count > 1 else ''} with {wish.memory}"
    return f"{needed} wanted, {len(large)} here; the largest has {most:.1f} GiB"
