"""The NVIDIA driver: its kernel module and its user-space libraries, two things that can differ."""

from typing import Literal

import msgspec

from kdoctor.model.facts.base import Section
from kdoctor.model.version import DriverRelease


class DriverLibrary(msgspec.Struct, frozen=True, kw_only=True):
    """One libcuda or libnvidia-ml on disk; ``release`` is from its file name."""

    soname: str
    path: str
    realpath: str
    release: DriverRelease | None = None
    kind: Literal["driver", "stub", "compat", "wsl"] = "driver"


class Driver(Section, frozen=True, kw_only=True):
    """At least one part of the driver is there; without any, the section is Absent.

    ``release`` and ``flavour`` are those of the loaded kernel module; ``uvm_loaded``: so is nvidia-uvm, for CUDA.
    ``modules_on_disk`` are for the running kernel only.
    """

    release: DriverRelease | None = None
    flavour: Literal["open", "proprietary", ""] = ""
    module_loaded: bool = False
    uvm_loaded: bool | None = None
    nouveau_loaded: bool = False
    modules_on_disk: tuple[str, ...] = ()
    modules_for_other_kernels: tuple[str, ...] = ()
    dkms: tuple[str, ...] = ()
    libraries: tuple[DriverLibrary, ...] = ()
