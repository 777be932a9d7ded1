"""JAX releases with their CUDA plugins: drivers, libraries, GPU code, and known traps."""

import functools
from collections.abc import Mapping

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from kdoctor.knowledge.tables import Need, Row, Table, load
from kdoctor.model.version import CudaVersion, CudnnVersion, DriverRelease


class JaxRelease(
    Row, frozen=True, kw_only=True, rename={"min_driver12": "min_driver_linux12", "min_driver13": "min_driver_linux13"}
):
    """One release; fields ending in 12 and 13 are those of the plugin for that CUDA major.

    ``cuda12`` and ``cuda13``: a plugin of this very version exists. Requirement texts are "" without one.
    """

    version: Version
    yanked: bool = False
    requires_python: SpecifierSet
    plugin_python_wheels: tuple[str, ...]
    plugin_platform_tag: str = ""
    jaxlib: str
    numpy: str
    scipy: str
    ml_dtypes: str
    cuda12: bool
    build_cuda12: CudaVersion | None = None
    build_cudnn12: CudnnVersion | None = None
    compute_capabilities12: tuple[str, ...] = ()
    cudnn12: str = ""
    cublas12: str = ""
    nccl12: str = ""
    nvcc12: str = ""
    min_driver12: DriverRelease
    cuda13: bool
    build_cuda13: CudaVersion | None = None
    build_cudnn13: CudnnVersion | None = None
    compute_capabilities13: tuple[str, ...] = ()
    cudnn13: str = ""
    cublas13: str = ""
    nccl13: str = ""
    min_driver13: DriverRelease | None = None


class JaxTrap(Row, frozen=True, kw_only=True):
    """Something that goes wrong; ``affected`` where the versions of jax alone decide.

    ``installed``: an environment that has such a version has the fault, not only pip's resolver. The other fields: the
    cuBLAS and the GPUs that it needs.
    """

    id: str
    versions: str
    text: str
    affected: SpecifierSet | None = None
    installed: bool = False
    cublas_from: CudaVersion | None = None
    cublas_before: CudaVersion | None = None
    capability_majors: tuple[int, ...] = ()


class JaxTable(Table, frozen=True, kw_only=True, rename={"releases": "release", "traps": "trap"}):
    """jax.toml."""

    packages: Mapping[str, str | tuple[str, ...]]
    checks: Mapping[str, str | int]
    traps: tuple[JaxTrap, ...]
    needs: tuple[Need, ...]
    releases: tuple[JaxRelease, ...]


@functools.cache
def table() -> JaxTable:
    """The whole table."""
    return load("jax", JaxTable)


def releases() -> tuple[JaxRelease, ...]:
    """All releases, oldest first."""
    return table().releases


def release_of(version: Version) -> JaxRelease | None:
    """The row of exactly this release."""
    return next((row for row in releases() if row.version == Version(version.public)), None)


def newest() -> JaxRelease:
    """The newest release."""
    return releases()[-1]


def traps() -> tuple[JaxTrap, ...]:
    """All traps."""
    return table().traps


def traps_of(version: Version) -> tuple[JaxTrap, ...]:
    """The traps that this version falls into whatever else is installed."""
    return tuple(row for row in traps() if row.affected is not None and version in row.affected)
