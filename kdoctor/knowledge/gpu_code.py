"""Whether compiled GPU code runs on a GPU: as machine code, after compiling its PTX, or not at all.

Input: code targets as TensorFlow, JAX, torch or a binary name them ("sm_80", "compute_90", "ptx_90", "8.0", "12.0+PTX")
and a compute capability. Machine code runs on the same major with an equal or newer minor; PTX is compiled for anything
equal or newer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from kdoctor.model.version import ComputeCapability

if TYPE_CHECKING:
    from collections.abc import Iterable

Coverage = Literal["native", "jit", "none"]
_NAMED = re.compile(r"(?P<kind>sm|compute|ptx)_(?P<digits>\d{2,3})(?P<suffix>[af]?)\Z")
_DOTTED = re.compile(r"(?P<capability>\d{1,2}\.\d)(?P<suffix>[af]?)(?P<ptx>\+PTX)?\Z")


class _Target(NamedTuple):
    capability: ComputeCapability
    suffix: str
    cubin: bool
    ptx: bool


def coverage(targets: Iterable[str], capability: ComputeCapability, *, bare_compute_is_both: bool) -> Coverage:
    """How a GPU of ``capability`` runs code made for ``targets``; a target that is no CUDA target counts for nothing.

    Args:
        targets: the code targets.
        capability: that of the GPU.
        bare_compute_is_both: whether "compute_90" means machine code and PTX (TensorFlow, JAX) or PTX only (torch).

    """
    best: Coverage = "none"
    for text in targets:
        target = _parse(text, bare_compute_is_both=bare_compute_is_both)
        if target is None:
            continue
        if target.cubin and _runs(target, capability):
            return "native"
        if target.ptx and _compiles(target, capability):
            best = "jit"
    return best


def _parse(text: str, *, bare_compute_is_both: bool) -> _Target | None:
    named = _NAMED.match(text)
    if named:
        kind = named["kind"]
        return _Target(
            capability=ComputeCapability.from_digits(named["digits"]),
            suffix=named["suffix"],
            cubin=kind == "sm" or (kind == "compute" and bare_compute_is_both),
            ptx=kind != "sm",
        )
    dotted = _DOTTED.match(text)
    if dotted:
        return _Target(ComputeCapability(dotted["capability"]), dotted["suffix"], cubin=True, ptx=bool(dotted["ptx"]))
    return None


def _runs(target: _Target, capability: ComputeCapability) -> bool:
    if target.suffix == "a":
        return capability == target.capability
    return capability.major == target.capability.major and capability >= target.capability


def _compiles(target: _Target, capability: ComputeCapability) -> bool:
    # sm_90a and the like use instructions of one chip, sm_100f those of one family: their PTX goes no further either.
    return _runs(target, capability) if target.suffix else capability >= target.capability
