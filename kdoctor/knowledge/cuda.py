"""Which driver a CUDA toolkit needs, which sonames it ships, and which pip package brings a library."""

import functools
from collections.abc import Mapping

from kdoctor.knowledge.tables import Row, Table, load
from kdoctor.model.version import ComputeCapability, CudaVersion, DriverRelease, Soname


class ToolkitRelease(Row, frozen=True, kw_only=True):
    """One patch of a toolkit; a driver is None where NVIDIA published none."""

    version: CudaVersion
    driver_linux: DriverRelease | None = None
    driver_windows: DriverRelease | None = None


class Toolkit(
    Row, frozen=True, kw_only=True, rename={"min_driver": "min_driver_linux", "full_driver": "full_driver_linux"}
):
    """One minor version of the CUDA toolkit (Linux drivers).

    ``min_driver`` runs its binaries (minor version compatibility); ``full_driver`` also its PTX and all features.
    ``soname`` is by component, ``min_cc`` .. ``max_cc`` are the compute capabilities it can make code for.
    """

    version: CudaVersion
    releases: tuple[ToolkitRelease, ...]
    min_driver: DriverRelease
    full_driver: DriverRelease | None = None
    min_cc: ComputeCapability
    max_cc: ComputeCapability
    added_cc: tuple[ComputeCapability, ...] = ()
    dropped_cc: tuple[ComputeCapability, ...] = ()
    max_gcc: int | None = None
    ptx_isa: str = ""
    soname: Mapping[str, Soname]


class DriverBranch(Row, frozen=True, kw_only=True):
    """A branch of the Linux driver and the CUDA version its nvidia-smi prints."""

    branch: int
    cuda: CudaVersion
    lifecycle: str = ""


class MinorVersionCompatibility(Row, frozen=True, kw_only=True):
    """The oldest driver that runs any binary of one CUDA major."""

    linux: DriverRelease
    windows: DriverRelease
    upper_branch_excl: int | None = None


class NotReleased(Row, frozen=True, kw_only=True):
    """CUDA versions that only a driver prints: no toolkit of that version exists."""

    versions: tuple[CudaVersion, ...]


class Component(Row, frozen=True, kw_only=True):
    """A part of CUDA: its library stems, and by CUDA major its pip package and the folder below site-packages."""

    id: str
    stems: tuple[str, ...]
    pip: Mapping[str, str]
    directory: Mapping[str, str]


class NvJitLink(Row, frozen=True, kw_only=True):
    """From which libnvJitLink on libcusparse of that version finds the functions that it calls."""

    cusparse: CudaVersion
    needs: CudaVersion
    source: str


class CudaTable(Table, frozen=True, kw_only=True, rename={"toolkits": "toolkit", "components": "component"}):
    """cuda.toml."""

    minor_version_compatibility: Mapping[str, MinorVersionCompatibility]
    not_released: NotReleased
    driver_files: Mapping[str, str | tuple[str, ...]]
    toolkit_files: Mapping[str, str]
    toolkits: tuple[Toolkit, ...]
    driver_branch: tuple[DriverBranch, ...]
    components: tuple[Component, ...]
    nvjitlink: tuple[NvJitLink, ...]


@functools.cache
def table() -> CudaTable:
    """The whole table."""
    return load("cuda", CudaTable)


def toolkits() -> tuple[Toolkit, ...]:
    """All toolkits, oldest first."""
    return table().toolkits


def toolkit(version: CudaVersion) -> Toolkit | None:
    """The row of the minor version that ``version`` belongs to."""
    return next((row for row in toolkits() if row.version.short == version.short), None)


def first_with_code_for(capability: ComputeCapability) -> CudaVersion | None:
    """The first CUDA toolkit whose libraries have code for a GPU of that capability."""
    return next((row.version for row in toolkits() if row.max_cc >= capability), None)


def nearest_toolkit(version: CudaVersion) -> Toolkit | None:
    """The row of this minor version, else of the nearest one of the same major; None for a major not listed."""
    same_major = [row for row in toolkits() if row.version.major == version.major]
    return min(same_major, key=lambda row: abs(row.version.minor - version.minor), default=None)


def sonames(version: CudaVersion) -> Mapping[str, Soname]:
    """Component to soname, for this CUDA or the nearest known of its major; empty for a major not listed."""
    row = nearest_toolkit(version)
    return row.soname if row else {}


def minimum_driver(version: CudaVersion) -> DriverRelease | None:
    """The oldest Linux driver that runs a program built for ``version``; None for a CUDA that is not listed."""
    exact = toolkit(version)
    if exact is not None:
        return exact.min_driver
    row = table().minor_version_compatibility.get(str(version.major))
    return row.linux if row else None


def full_driver(version: CudaVersion) -> DriverRelease | None:
    """The oldest Linux driver with all features of ``version``, its PTX included; None where NVIDIA published none."""
    row = toolkit(version)
    if row is None:
        return None
    exact = next((release.driver_linux for release in row.releases if release.version == version), None)
    return exact or row.full_driver


def branches() -> tuple[DriverBranch, ...]:
    """The driver branches, oldest first."""
    return table().driver_branch


def cuda_of_branch(branch: int) -> CudaVersion | None:
    """The newest CUDA that a driver of this branch supports; None for a branch that is not listed."""
    return next((row.cuda for row in branches() if row.branch == branch), None)


def cuda_majors_of(soname: Soname) -> tuple[CudaVersion, ...]:
    """The toolkits that ship this soname, oldest first."""
    return tuple(row.version for row in toolkits() if soname in row.soname.values())


def components() -> tuple[Component, ...]:
    """The parts of CUDA that pip packages bring."""
    return table().components


def component(name: str) -> Component | None:
    """The row of the component ``name``."""
    return next((row for row in components() if row.id == name), None)


@functools.cache
def _components_by_stem() -> Mapping[str, str]:
    return {stem: row.id for row in components() for stem in row.stems}


def component_of(soname: Soname) -> str | None:
    """The component that a library belongs to, e.g. cudnn for libcudnn_ops.so.9."""
    return _components_by_stem().get(soname.stem)


def pip_package(name: str, cuda_major: int) -> str | None:
    """The pip package that brings the component ``name`` for a CUDA major; None where PyPI has none."""
    row = component(name)
    return row.pip.get(str(cuda_major)) if row else None


def pip_directory(name: str, cuda_major: int) -> str | None:
    """The folder below site-packages where that package puts its libraries, e.g. nvidia/cublas/lib."""
    row = component(name)
    return row.directory.get(str(cuda_major)) if row else None


def nvjitlink_for(cusparse: CudaVersion) -> CudaVersion | None:
    """The oldest libnvJitLink that this libcusparse runs with; None for one that is older than all listed."""
    rows = [row for row in table().nvjitlink if row.cusparse <= cusparse]
    return max(rows, key=lambda row: row.cusparse).needs if rows else None


def shared_folder(name: str) -> Mapping[str, str]:
    """CUDA major to pip package, of those whose files of the component ``name`` overwrite each other.

    They do where the packages of two majors put libraries of one soname into one folder; empty where none do.
    """
    row = component(name)
    if row is None or not row.stems:
        return {}
    places: dict[tuple[str, str], dict[str, str]] = {}
    for major, package in row.pip.items():
        newest = [item.soname for item in toolkits() if item.version.major == int(major)][-1]
        places.setdefault((row.directory[major], str(newest.get(name, name))), {})[major] = package
    largest = max(places.values(), key=len, default={})
    return largest if len(largest) > 1 else {}
