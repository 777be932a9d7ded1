"""The installed PyTorch, read from torch/version.py without importing it."""

from kdoctor.model.facts.base import Section
from kdoctor.model.version import CudaVersion


class Torch(Section, frozen=True, kw_only=True):
    """``cuda`` None and ``hip`` "": a CPU build."""

    version: str
    directory: str
    cuda: CudaVersion | None = None
    hip: str = ""
