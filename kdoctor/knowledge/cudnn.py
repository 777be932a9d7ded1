"""cuDNN releases: for which CUDA and GPUs they are built, and which versions are bad for whom."""

import functools
from collections.abc import Mapping

from kdoctor.knowledge.tables import Row, Table, load
from kdoctor.model.version import ComputeCapability, CudnnVersion, Soname

_FIRST_NUMBER_OF_9 = 90_000


class CudnnRelease(Row, frozen=True, kw_only=True):
    """One minor version; ``cuda`` holds texts such as 11.2 or 12.x, ``pypi_cu12`` the versions of the pip package."""

    version: CudnnVersion
    soname: Soname
    cuda: tuple[str, ...]
    min_cc: ComputeCapability
    pypi_cu11: tuple[CudnnVersion, ...] = ()
    pypi_cu12: tuple[CudnnVersion, ...] = ()
    pypi_cu13: tuple[CudnnVersion, ...] = ()

    @property
    def cuda_majors(self) -> tuple[int, ...]:
        """The CUDA majors that have a build."""
        return tuple(sorted({int(text.partition(".")[0]) for text in self.cuda}))


class BadRow(Row, frozen=True, kw_only=True):
    """A range of versions that fails under a condition.

    The range is ``from_version`` <= version < ``before_version`` (None: open). The other typed fields narrow the
    condition; ``when`` states it in full, ``told_by`` names the facts that tell. ``pip``: the range to ask for.
    """

    id: str
    versions: str
    when: str
    effect: str
    fix: str
    from_version: CudnnVersion | None = None
    before_version: CudnnVersion | None = None
    below_compute_capability: ComputeCapability | None = None
    cuda_major: int | None = None
    platform: str = ""
    told_by: tuple[str, ...] = ()
    pip: str = ""

    def covers(self, version: CudnnVersion) -> bool:
        """Whether ``version`` is in the range."""
        if self.from_version is not None and version < self.from_version:
            return False
        return self.before_version is None or version < self.before_version


class WheelCode(Row, frozen=True, kw_only=True):
    """GPU code read from one wheel; here ``compute_X`` is PTX only."""

    wheel: str
    cubin: tuple[str, ...]
    libcudnn_ops: tuple[str, ...]
    libcudnn_cnn: tuple[str, ...]


class SplitNote(Row, frozen=True, kw_only=True):
    """How the libraries of one cuDNN depend on each other."""

    text: str


class CudnnTable(Table, frozen=True, kw_only=True, rename={"rows": "cudnn"}):
    """cudnn.toml."""

    encoding: Mapping[str, str]
    files: Mapping[str, str | tuple[str, ...]]
    split_libraries: Mapping[str, tuple[Soname, ...]]
    split_libraries_extra: Mapping[str, tuple[Soname, ...]]
    split_note: SplitNote
    wheel_code: tuple[WheelCode, ...]
    bad: tuple[BadRow, ...]
    rows: tuple[CudnnRelease, ...]


@functools.cache
def table() -> CudnnTable:
    """The whole table."""
    return load("cudnn", CudnnTable)


def rows() -> tuple[CudnnRelease, ...]:
    """The minor versions, oldest first."""
    return table().rows


def row_of(version: CudnnVersion) -> CudnnRelease | None:
    """The row of the minor version that ``version`` belongs to."""
    return next((row for row in rows() if row.version.short == version.short), None)


def bad_for(version: CudnnVersion, compute_capability: ComputeCapability) -> BadRow | None:
    """The row that says that this version has no code for this GPU, or None."""
    for row in table().bad:
        limit = row.below_compute_capability
        if limit is not None and compute_capability < limit and row.covers(version):
            return row
    return None


def bad_versions(version: CudnnVersion) -> tuple[BadRow, ...]:
    """All rows whose range holds ``version``, whatever else their condition is."""
    return tuple(row for row in table().bad if row.covers(version))


def split_libraries(major: int) -> tuple[Soname, ...]:
    """The sonames that every cuDNN of this major consists of; () for a major not listed."""
    return table().split_libraries.get(str(major), ())


def version_from_number(number: int) -> CudnnVersion:
    """From the number that cudnnGetVersion returns: 8907 is 8.9.7 and 91002 is 9.10.2."""
    unit = 10_000 if number >= _FIRST_NUMBER_OF_9 else 1_000
    return CudnnVersion(f"{number // unit}.{number % unit // 100}.{number % 100}")
