"""What each TensorFlow release needs and contains: CUDA, cuDNN, driver, Pythons, dependency ranges, GPU code."""

import functools
from collections.abc import Mapping

from packaging.version import Version

from kdoctor.knowledge.tables import Need, Row, Table, load, read_rows
from kdoctor.knowledge.tensorflow_rows import Break, Checked, GpuLibraries, Limits, SameFiles, Setuptools
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.version import (
    ComputeCapability,
    CudaVersion,
    CudnnVersion,
    DriverRelease,
    PythonVersion,
    SymbolVersion,
)


class PtxFailure(Row, frozen=True, kw_only=True):
    """A GPU on which kernels made from PTX do not load, so that "slow at first use" becomes "fails"."""

    compute_capability: ComputeCapability
    refs: tuple[str, ...]


class TensorflowRelease(
    Row, frozen=True, kw_only=True, rename={"min_driver": "min_driver_linux", "min_glibcxx": "min_glibcxx_measured"}
):
    """One minor version; requirement texts are those of its newest patch, "" where it has no such requirement.

    ``python_wheels`` are tags such as ``cp311`` of the newest patch, ``python_wheels_any_patch`` of all together.
    ``and_cuda_fault``: why a fresh install of the extra [and-cuda] finds no GPU, "" where it works.
    ``and_cuda_newest_python``: the newest Python on which the extra can be installed, None: all with wheels.
    ``min_glibc_measured`` and ``min_glibcxx`` were read from the wheel; None where nobody did.
    """

    version: Version
    patches: tuple[Version, ...]
    gpu_package: str
    python_documented: str
    python_wheels: tuple[str, ...]
    python_wheels_any_patch: tuple[str, ...] = ()
    requires_python: str = ""
    platform_tag: str
    min_glibc_tag: SymbolVersion
    min_glibc_measured: SymbolVersion | None = None
    min_glibcxx: SymbolVersion | None = None
    cuda: CudaVersion
    cudnn: CudnnVersion
    min_driver: DriverRelease
    build_info_cuda: CudaVersion | None = None
    build_info_cudnn: CudnnVersion | None = None
    compute_capabilities: tuple[str, ...]
    binary_code: tuple[str, ...] = ()
    windows_gpu: bool
    ptx_fails: tuple[PtxFailure, ...] = ()
    keras: str = ""
    keras_nightly: str = ""
    keras_bundled: str = ""
    numpy: str
    protobuf: str
    h5py: str = ""
    tensorboard: str = ""
    ml_dtypes: str = ""
    typing_extensions: str = ""
    wrapt: str = ""
    and_cuda: bool
    and_cuda_fault: str = ""
    and_cuda_newest_python: PythonVersion | None = None
    and_cuda_pins: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()

    @property
    def gpu_code(self) -> tuple[str, ...]:
        """Code targets: as measured in the binary, else as declared; ``compute_X`` means machine code and PTX."""
        return self.binary_code or self.compute_capabilities

    @property
    def min_glibc(self) -> SymbolVersion:
        """The glibc the wheel needs: as measured, else as its platform tag says."""
        return self.min_glibc_measured or self.min_glibc_tag

    def ptx_failure(self, capability: ComputeCapability) -> PtxFailure | None:
        """The row that says that PTX does not work on ``capability``, or None."""
        return next((row for row in self.ptx_fails if row.compute_capability == capability), None)


class Prerelease(Row, frozen=True, kw_only=True):
    """The newest release candidate seen; ``cuda`` and ``cudnn`` are the least that its extra takes."""

    version: Version
    python_wheels: tuple[str, ...]
    platform_tag: str
    binary_code: tuple[str, ...]
    min_glibc_measured: SymbolVersion
    cuda: CudaVersion
    cudnn: CudnnVersion


class TensorflowTable(Table, frozen=True, kw_only=True, rename={"releases": "release"}):
    """tensorflow.toml."""

    setuptools: Setuptools
    gpu_libraries: GpuLibraries
    limits: Limits
    breaks: tuple[Break, ...]
    needs: tuple[Need, ...]
    packages: Mapping[str, str]
    same_files: SameFiles
    prerelease: Prerelease
    checked: tuple[Checked, ...]
    releases: tuple[TensorflowRelease, ...]


@functools.cache
def table() -> TensorflowTable:
    """The whole table."""
    return load("tensorflow", TensorflowTable)


@functools.cache
def pins() -> Mapping[Version, Mapping[str, str]]:
    """The columns of tensorflow_pins.csv that are not empty, by patch release."""
    rows = read_rows("tensorflow_pins")
    return {Version(row["version"]): {key: text for key, text in row.items() if text} for row in rows}


def releases() -> tuple[TensorflowRelease, ...]:
    """All minor versions, oldest first."""
    return table().releases


def release_of(version: Version) -> TensorflowRelease | None:
    """The row of the minor version that ``version`` belongs to; None where it is not listed."""
    return next((row for row in releases() if row.version.release[:2] == version.release[:2]), None)


def wheel_of(text: str) -> TensorflowRelease | None:
    """The row of a wheel of the package index, by its version's text.

    None for what is not listed, and for a vendor's own build (2.17.0+nv25.2), whose CUDA and dependencies differ.
    """
    release = parse_release(text)
    return release_of(release) if release is not None and release.local is None else None


def newest() -> TensorflowRelease:
    """The newest minor version."""
    return releases()[-1]


def newest_with_cuda(at_most: Version) -> TensorflowRelease | None:
    """The newest minor version up to ``at_most`` whose extra [and-cuda] works as it is shipped."""
    rows = [row for row in releases() if row.and_cuda and not row.and_cuda_fault]
    return next((row for row in reversed(rows) if row.version.release[:2] <= at_most.release[:2]), None)


def has_ptx_failure(capability: ComputeCapability) -> bool:
    """Whether PTX is known to fail on that GPU with some release: one of which nothing is known may fail too."""
    return any(row.ptx_failure(capability) is not None for row in releases())


def installable_from(row: TensorflowRelease, python: PythonVersion | None) -> TensorflowRelease:
    """The row itself, or the next one where its extra [and-cuda] can not be installed for this Python."""
    limit = row.and_cuda_newest_python
    if limit is None or python is None or PythonVersion(python.short) <= limit:
        return row
    return releases()[releases().index(row) + 1]


def limits() -> Limits:
    """Where behaviour changes."""
    return table().limits


def broken_by(package: str, installed: Version, tensorflow: Version) -> Break | None:
    """Why this TensorFlow does not work with the installed version of ``package``; the narrowest limit, or None."""
    rows = (row for row in table().breaks if row.package == package)
    fits = [row for row in rows if tensorflow < row.before and installed >= row.first_bad]
    return min(fits, key=lambda row: row.first_bad, default=None)


def first_bad(package: str) -> Version:
    """The oldest version of ``package`` that some TensorFlow does not work with."""
    return min(row.first_bad for row in table().breaks if row.package == package)


def same_files() -> frozenset[str]:
    """Distributions that overwrite each other because all of them install site-packages/tensorflow."""
    return table().same_files.distributions


def gpu_libraries() -> tuple[str, ...]:
    """Components whose libraries must all load, else TensorFlow goes on without GPU."""
    return table().gpu_libraries.components


def pins_of(version: Version) -> Mapping[str, str]:
    """Dependency ranges of exactly this patch, by column of tensorflow_pins.csv; empty where it is not listed."""
    return pins().get(Version(version.public), {})


def wheel_pythons(version: Version) -> tuple[PythonVersion, ...]:
    """The Pythons that have a Linux x86_64 wheel of this patch, or of its minor version where it is not listed."""
    listed = pins_of(version).get("python")
    release = release_of(version)
    tags = listed.split() if listed else release.python_wheels if release else ()
    return tuple(PythonVersion(f"{tag[2]}.{tag[3:]}") for tag in tags if tag[2:].isdigit())
