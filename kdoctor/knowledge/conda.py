"""conda: TensorFlow builds of conda-forge, and where channels, virtual packages, files and variables are described."""

import datetime as dt
import functools
from collections.abc import Mapping

from packaging.version import Version

from kdoctor.knowledge.tables import Row, Table, load
from kdoctor.model.version import CudaVersion, PythonVersion

Facts = Mapping[str, str | tuple[str, ...]]


class Tool(Row, frozen=True, kw_only=True):
    """A conda-like tool and how to recognise it."""

    name: str
    detect: str


class TensorflowBuild(Row, frozen=True, kw_only=True):
    """One build of conda-forge's tensorflow (linux-64); no ``cuda``: CPU only.

    GPU builds may have a build number of their own.
    """

    version: Version
    build: int
    gpu_build_number: int | None = None
    cuda: tuple[CudaVersion, ...]
    build_prefix: tuple[str, ...]
    python: tuple[PythonVersion, ...]
    merged: dt.date
    aarch64: str = ""


class CondaTable(Table, frozen=True, kw_only=True, rename={"tools": "tool", "tensorflow_builds": "tensorflow_build"}):
    """conda.toml."""

    channels: Mapping[str, str]
    virtual_package: Mapping[str, str]
    packages: Mapping[str, str]
    libdevice: Facts
    files: Facts
    variables: Mapping[str, str]
    tools: tuple[Tool, ...]
    gpu_code: Facts
    tensorflow_builds: tuple[TensorflowBuild, ...]
    jaxlib_builds: Mapping[str, tuple[CudaVersion, ...]]
    pytorch_builds: Mapping[str, tuple[CudaVersion, ...]]
    pinning: Facts


@functools.cache
def table() -> CondaTable:
    """The whole table."""
    return load("conda", CondaTable)


def releases() -> tuple[TensorflowBuild, ...]:
    """The builds of conda-forge's tensorflow, in order of merging."""
    return table().tensorflow_builds


def release_of(version: Version) -> tuple[TensorflowBuild, ...]:
    """The builds of exactly this TensorFlow."""
    return tuple(row for row in releases() if row.version == Version(version.public))


def newest_gpu_build() -> TensorflowBuild:
    """The newest build with CUDA."""
    return max((row for row in releases() if row.cuda), key=lambda row: (row.version, row.build))


def jaxlib_cuda(version: Version) -> tuple[CudaVersion, ...]:
    """The CUDA versions for which conda-forge has this jaxlib; () where it is not listed."""
    return table().jaxlib_builds.get(version.base_version, ())


def torch_cuda(version: Version) -> tuple[CudaVersion, ...]:
    """The CUDA versions for which conda-forge has this pytorch; () where it is not listed."""
    return table().pytorch_builds.get(version.base_version, ())
