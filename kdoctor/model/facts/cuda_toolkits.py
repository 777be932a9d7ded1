"""CUDA toolkits on the machine: directories with nvcc, headers and libraries; none of them is "the" CUDA."""

from typing import Literal

import msgspec

from kdoctor.model.facts.base import Section
from kdoctor.model.version import CudaVersion

ToolkitSource = Literal["system", "distribution", "conda", "pip", "variable"]


class CudaToolkit(msgspec.Struct, frozen=True, kw_only=True):
    """``found_via``: the place or variable that led to it; ``cudart``: the sonames of its libcudart."""

    path: str
    realpath: str
    version: CudaVersion | None
    source: ToolkitSource
    found_via: str
    nvcc: str = ""
    ptxas: str = ""
    libdevice: str = ""
    cudart: tuple[str, ...] = ()


class CudaToolkits(Section, frozen=True, kw_only=True):
    """At least one toolkit; without any the section is Absent."""

    items: tuple[CudaToolkit, ...]
