"""The smaller rows of tensorflow.toml: what was tried, where behaviour changes, and what breaks what."""

from packaging.version import Version

from kdoctor.knowledge.tables import Row
from kdoctor.model.version import ComputeCapability, CudaVersion


class Checked(Row, frozen=True, kw_only=True):
    """What pip installs for one patch, and whether import and training then work."""

    version: Version
    resolved: str
    works: bool
    tensorboard: str = ""


class Limits(Row, frozen=True, kw_only=True):
    """Where behaviour changes: releases from which on something holds, and least versions of other things."""

    needs_nvml: Version
    least_listed: ComputeCapability
    keras_uses_xla: Version
    xla_looks_in_prefix: Version
    gpu_package_ends: Version
    least_ptxas: CudaVersion
    sources: tuple[str, ...]


class Break(Row, frozen=True, kw_only=True):
    """TensorFlow before ``before`` does not work with ``package`` from ``first_bad`` on; ``effect`` says why."""

    package: str
    before: Version
    first_bad: Version
    effect: str
    source: str


class Setuptools(Row, frozen=True, kw_only=True):
    """From which setuptools on the command of tensorboard up to a release has nothing to import."""

    first_bad: Version
    last_tensorboard: Version
    source: str


class GpuLibraries(Row, frozen=True, kw_only=True):
    """The components (ids of cuda.toml) that TensorFlow opens before it registers a GPU."""

    components: tuple[str, ...]
    source: str


class SameFiles(Row, frozen=True, kw_only=True):
    """Distributions that all install site-packages/tensorflow."""

    distributions: frozenset[str]
