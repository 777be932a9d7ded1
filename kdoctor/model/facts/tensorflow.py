"""The installed TensorFlow, read from its files without importing it."""

from packaging.version import Version

from kdoctor.model.facts.base import Section
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.version import CudaVersion


class Tensorflow(Section, frozen=True, kw_only=True):
    """``is_cuda_build``, ``cuda``, ``cudnn`` and ``gpu_code`` are from build_info.py of the installed files.

    ``version_of_files`` is that of the files (they can be another distribution's); "" if not readable.
    ``distributions``: every installed distribution that puts files into site-packages/tensorflow.
    """

    distribution: str
    version: str
    directory: str
    distributions: tuple[str, ...] = ()
    is_cuda_build: bool | None = None
    is_rocm_build: bool = False
    cuda: CudaVersion | None = None
    cudnn: str = ""
    gpu_code: tuple[str, ...] = ()
    conda_build: str = ""
    python_tags: tuple[str, ...] = ()

    @property
    def release(self) -> Version | None:
        """The version, None where the text is not one."""
        return parse_release(self.version)
