"""What a recipe is: a tried and sourced description of an environment in which Keras trains, and what it needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal

import msgspec

from kdoctor.model.version import ComputeCapability, CudaVersion, DriverRelease, PythonVersion, SymbolVersion

Platform = Literal["linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64"]
Backend = Literal["tensorflow", "jax", "torch"]
Method = Literal["conda", "pip"]
Standing = Literal["current", "older", "asked-only"]


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A misspelt key is an error, not silence."""


class Requires(_Strict, frozen=True, kw_only=True):
    """What a machine must have; None: no limit.

    ``gpu``: "none" is a CPU environment, "optional" trains on either. ``cuda`` is the CUDA that the build was made
    with. ``driver_min`` runs it (minor version compatibility), ``driver_max`` is the newest that does;
    ``driver_min_windows`` counts under WSL, where Windows has the driver. ``compute_capability_except``: GPUs between
    the limits that the build has no code for. ``wsl``: only inside WSL 2.
    """

    gpu: Literal["none", "optional", "required"]
    cuda: CudaVersion | None = None
    driver_min: DriverRelease | None = None
    driver_max: DriverRelease | None = None
    driver_min_windows: DriverRelease | None = None
    compute_capability_min: ComputeCapability | None = None
    compute_capability_max: ComputeCapability | None = None
    compute_capability_except: tuple[ComputeCapability, ...] = ()
    glibc: SymbolVersion | None = None
    wsl: bool = False

    def has_code_for(self, capability: ComputeCapability) -> bool:
        """Whether a GPU of this compute capability is within the limits."""
        low, high = self.compute_capability_min, self.compute_capability_max
        if capability in self.compute_capability_except:
            return False
        return (low is None or capability >= low) and (high is None or capability <= high)


class CondaPart(_Strict, frozen=True, kw_only=True):
    """Channels in order of priority, and match specs; the environment's Python is added to them."""

    channels: tuple[str, ...]
    specs: tuple[str, ...]


class PipPart(_Strict, frozen=True, kw_only=True):
    """Requirements; their markers choose by Python and platform. ``from_source``: packages that have no wheel."""

    specs: tuple[str, ...]
    from_source: tuple[str, ...] = ()


class Verify(_Strict, frozen=True, kw_only=True):
    """What proves the environment: modules to import, whether a GPU must be listed, workloads to train."""

    imports: tuple[str, ...]
    devices: Literal["gpu", "cpu"]
    workloads: tuple[str, ...] = ()


class Origin(_Strict, frozen=True, kw_only=True):
    """Where a pin or a limit comes from, and the day it was read."""

    what: str
    read: dt.date


class Tried(_Strict, frozen=True, kw_only=True):
    """A machine on which the environment was made, and what was proved there."""

    machine: str
    on: dt.date
    proved: str


class Recipe(_Strict, frozen=True, kw_only=True, rename={"sources": "source"}):
    """An environment as data.

    ``standing``: current ones are offered before older ones, an asked-only one is never chosen unless it is named;
    within a standing, a lower ``preference`` comes first. ``python``: the minor versions it exists for, oldest first.
    ``environment`` and ``links`` (path in the prefix to relative target) may hold {prefix} and {site_packages}.
    ``reasons``: why each package, and what it sets and links where that is not obvious, in one sentence. ``untried``:
    why it was tried on no machine, "" where ``tried`` has one.
    """

    id: str
    title: str
    about: str
    backend: Backend
    platforms: tuple[Platform, ...]
    python: tuple[PythonVersion, ...]
    standing: Standing
    preference: int
    requires: Requires
    conda: CondaPart | None = None
    pip: PipPart | None = None
    reasons: Mapping[str, str] = {}
    environment: Mapping[str, str] = {}
    links: Mapping[str, str] = {}
    verify: Verify
    sources: tuple[Origin, ...]
    tried: tuple[Tried, ...] = ()
    untried: str = ""
    notes: tuple[str, ...] = ()

    @property
    def method(self) -> Method:
        """Who makes it: conda where any package comes from a channel, else pip."""
        return "pip" if self.conda is None else "conda"
