"""PyTorch releases: the CUDA and cuDNN of the wheel on PyPI, its exact pins, GPU code, and conflicts with others."""

import functools
from collections.abc import Mapping

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from kdoctor.knowledge.tables import Row, Table, load
from kdoctor.model.version import CudaVersion, CudnnVersion, DriverRelease, SymbolVersion


class TorchRelease(Row, frozen=True, kw_only=True, rename={"min_driver": "min_driver_linux"}):
    """One minor version; ``builds``: CUDA versions of PyTorch's own index, ``pins``: requirement texts by package."""

    version: Version
    patches: tuple[Version, ...]
    requires_python: SpecifierSet
    python_wheels: tuple[str, ...]
    platform_tag: str
    cuda: CudaVersion
    cudnn: CudnnVersion
    min_driver: DriverRelease
    compute_capabilities: tuple[str, ...]
    binary_code: tuple[str, ...] = ()
    min_glibc_measured: SymbolVersion | None = None
    builds: tuple[CudaVersion, ...]
    pins: Mapping[str, str]

    @property
    def gpu_code(self) -> tuple[str, ...]:
        """Code targets: as measured in the binary, else as declared ("8.0", "12.0+PTX")."""
        return self.binary_code or self.compute_capabilities


class TorchConflict(Row, frozen=True, kw_only=True, rename={"packages": "with"}):
    """Two frameworks in one environment; ``works`` where the row recommends the pair.

    ``affected`` gives the range of each package that must be installed for the row to apply.
    """

    id: str
    packages: str
    text: str
    affected: Mapping[str, SpecifierSet]
    works: bool = False


class Preload(Row, frozen=True, kw_only=True, rename={"first": "from"}):
    """From which release on something is loaded by path, before the loader searches for it."""

    first: Version
    source: str


class TorchTable(Table, frozen=True, kw_only=True, rename={"releases": "release", "conflicts": "conflict"}):
    """torch.toml."""

    preloads_nvjitlink: Preload
    conflicts: tuple[TorchConflict, ...]
    releases: tuple[TorchRelease, ...]


@functools.cache
def table() -> TorchTable:
    """The whole table."""
    return load("torch", TorchTable)


def preloads_nvjitlink(version: Version) -> bool:
    """Whether this release loads libnvJitLink of the wheel by path."""
    return version >= table().preloads_nvjitlink.first


def releases() -> tuple[TorchRelease, ...]:
    """All minor versions, oldest first."""
    return table().releases


def release_of(version: Version) -> TorchRelease | None:
    """The row of the minor version that ``version`` belongs to."""
    return next((row for row in releases() if row.version.release[:2] == version.release[:2]), None)


def newest() -> TorchRelease:
    """The newest minor version."""
    return releases()[-1]


def conflicts() -> tuple[TorchConflict, ...]:
    """All rows about torch beside another framework."""
    return table().conflicts


def conflicts_of(installed: Mapping[str, Version]) -> tuple[TorchConflict, ...]:
    """The rows all of whose packages are in ``installed`` with an affected version."""
    return tuple(
        row
        for row in conflicts()
        if all(name in installed and installed[name] in affected for name, affected in row.affected.items())
    )
