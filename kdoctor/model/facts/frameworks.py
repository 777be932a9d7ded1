"""The installed backends side by side, in one shape: what each build needs of a machine."""

from typing import Literal

import msgspec

from kdoctor.model.facts.base import Section
from kdoctor.model.version import CudaVersion

FrameworkName = Literal["tensorflow", "jax", "torch"]


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """One installed framework.

    ``gpu``: cuda, rocm, none (a CPU build) or unknown. ``cuda`` is what it was built with. ``cudnn`` the oldest
    cuDNN that it accepts. ``gpu_code``: the code targets inside, e.g. ("sm_80", "ptx_90"). ``active``: the one
    that Keras uses here, or the only one installed.
    """

    framework: FrameworkName
    version: str
    distribution: str
    directory: str
    gpu: Literal["cuda", "rocm", "none", "unknown"]
    cuda: CudaVersion | None = None
    cudnn: str = ""
    gpu_code: tuple[str, ...] = ()
    active: bool = True
    facts_from: str = ""

    @property
    def title(self) -> str:
        """The name as people write it, with the version."""
        names = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
        return f"{names[self.framework]} {self.version}"


class Frameworks(Section, frozen=True, kw_only=True):
    """The active one first; Absent where there is none."""

    builds: tuple[Build, ...]

    def get(self, framework: str) -> Build | None:
        """The build of that framework."""
        return next((build for build in self.builds if build.framework == framework), None)
