"""Whether the releases of the frameworks are complete, in order, and consistent with CUDA, cuDNN and each other."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from packaging.markers import InvalidMarker
from packaging.specifiers import InvalidSpecifier
from packaging.version import Version

from kdoctor.knowledge.gpu_code import coverage
from kdoctor.knowledge.requirement import range_for
from kdoctor.model.version import CudaVersion, CudnnVersion, DriverRelease, PythonVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kdoctor.knowledge.all_tables import Tables
    from kdoctor.knowledge.keras import KerasRelease
    from kdoctor.knowledge.tensorflow import TensorflowRelease
    from kdoctor.knowledge.torch import TorchRelease

_DEPENDENCIES = ("keras", "numpy", "protobuf", "h5py", "tensorboard", "ml_dtypes", "typing_extensions", "wrapt")
_DEPTH = 4
_KERAS_IS_A_PACKAGE = Version("2.6")


def release_problems(tables: Tables) -> Iterator[str]:
    """What is wrong with the releases, one sentence each."""
    for check in (_gaps, _patches, _needs, _ranges, _ptx, _pairing, _newest_keras):
        yield from check(tables)


def _gaps(tables: Tables) -> Iterator[str]:
    frameworks = (
        ("tensorflow", tables.tensorflow.releases),
        ("keras", tables.keras.releases),
        ("jax", tables.jax.releases),
        ("torch", tables.torch.releases),
    )
    for name, releases in frameworks:
        yield from _gaps_between(name, [row.version.release for row in releases])
    toolkits = [row.version for row in tables.cuda.toolkits] + list(tables.cuda.not_released.versions)
    yield from _gaps_between("cuda", [version.parts for version in sorted(toolkits)])
    yield from _gaps_between("cudnn", [row.version.parts for row in tables.cudnn.rows])


def _gaps_between(name: str, versions: Sequence[tuple[int, ...]]) -> Iterator[str]:
    for older, newer in pairwise(versions):
        if not _follows(_padded(older), _padded(newer)):
            yield f"{name}: {_text(newer)} does not follow {_text(older)}"


def _follows(older: tuple[int, ...], newer: tuple[int, ...]) -> bool:
    for place, (before, after) in enumerate(zip(older, newer, strict=True)):
        if before != after:
            return after == before + 1 and not any(newer[place + 1 :])
    return False


def _padded(parts: tuple[int, ...]) -> tuple[int, ...]:
    return (*parts, *(0,) * _DEPTH)[:_DEPTH]


def _text(parts: tuple[int, ...]) -> str:
    return ".".join(map(str, parts))


def _patches(tables: Tables) -> Iterator[str]:
    rows: tuple[TensorflowRelease | KerasRelease | TorchRelease, ...] = (
        *tables.tensorflow.releases,
        *tables.keras.releases,
        *tables.torch.releases,
    )
    for row in rows:
        name = f"{type(row).__name__} {row.version}"
        if not row.patches or list(row.patches) != sorted(set(row.patches)):
            yield f"{name}: patches are not in order"
        if any(patch.release[:2] != row.version.release[:2] for patch in row.patches):
            yield f"{name}: a patch belongs to another minor version"


def _needs(tables: Tables) -> Iterator[str]:
    drivers = {row.version: row.min_driver for row in tables.cuda.toolkits}
    cudnn = {row.version for row in tables.cudnn.rows}
    for name, cuda, driver, wanted in _requirements(tables):
        known = drivers.get(CudaVersion(cuda.short))
        if known is None:
            yield f"{name}: CUDA {cuda} is not in cuda.toml"
        elif known != driver:
            yield f"{name}: minimum driver {driver}, but cuda.toml says {known} for CUDA {cuda}"
        if CudnnVersion(wanted.short) not in cudnn:
            yield f"{name}: cuDNN {wanted} is not in cudnn.toml"


def _requirements(tables: Tables) -> Iterator[tuple[str, CudaVersion, DriverRelease | None, CudnnVersion]]:
    for row in tables.tensorflow.releases:
        yield f"tensorflow {row.version}", row.cuda, row.min_driver, row.cudnn
    for torch in tables.torch.releases:
        yield f"torch {torch.version}", torch.cuda, torch.min_driver, torch.cudnn
    for jax in tables.jax.releases:
        if jax.build_cuda12 and jax.build_cudnn12:
            yield f"jax {jax.version}", jax.build_cuda12, jax.min_driver12, jax.build_cudnn12
        if jax.build_cuda13 and jax.build_cudnn13:
            yield f"jax {jax.version}", jax.build_cuda13, jax.min_driver13, jax.build_cudnn13


def _ranges(tables: Tables) -> Iterator[str]:
    for row in tables.tensorflow.releases:
        python = PythonVersion(f"{row.python_wheels[-1][2]}.{row.python_wheels[-1][3:]}")
        texts = {name: str(getattr(row, name)) for name in _DEPENDENCIES} | dict(row.and_cuda_pins)
        yield from _unreadable(f"tensorflow {row.version}", texts.items(), python)
        if row.and_cuda != bool(row.and_cuda_pins):
            yield f"tensorflow {row.version}: and_cuda and its pins contradict each other"
        yield from _unknown_packages(f"tensorflow {row.version}", row.and_cuda_pins, tables)
    for torch in tables.torch.releases:
        yield from _unreadable(f"torch {torch.version}", torch.pins.items(), PythonVersion("3"))


def _unreadable(name: str, texts: Iterable[tuple[str, str]], python: PythonVersion) -> Iterator[str]:
    for package, text in texts:
        if not _is_readable(text, python):
            yield f"{name}: {package} has the unreadable range {text!r}"


def _is_readable(text: str, python: PythonVersion) -> bool:
    try:
        range_for(text, python)
    except (InvalidSpecifier, InvalidMarker):
        return False
    return True


def _unknown_packages(name: str, pins: Iterable[str], tables: Tables) -> Iterator[str]:
    packages = {package for row in tables.cuda.components for package in row.pip.values()}
    for package in pins:
        if package.startswith("nvidia-") and package not in packages:
            yield f"{name}: no component of cuda.toml comes with {package}"


def _ptx(tables: Tables) -> Iterator[str]:
    for row in tables.tensorflow.releases:
        for failure in row.ptx_fails:
            if coverage(row.gpu_code, failure.compute_capability, bare_compute_is_both=True) != "jit":
                yield f"tensorflow {row.version}: ptx_fails {failure.compute_capability} is not compiled from PTX"
            if not failure.refs:
                yield f"tensorflow {row.version}: ptx_fails {failure.compute_capability} has no source"


def _pairing(tables: Tables) -> Iterator[str]:
    rules = tables.keras.pairing
    for row in tables.tensorflow.releases:
        name = str(row.version)
        lowest = rules.keras3_min.get(name)
        if row.version >= _KERAS_IS_A_PACKAGE and (name in rules.same_minor_required) == (lowest is not None):
            yield f"keras: pairing does not say which keras TensorFlow {name} takes"
        if lowest is not None and row.keras != f">={lowest}":
            yield f"keras: pairing says >={lowest} for TensorFlow {name}, its metadata says {row.keras}"


def _newest_keras(tables: Tables) -> Iterator[str]:
    listed = {patch: row for row in tables.keras.releases for patch in row.patches}
    for text, newest in tables.keras.newest_for.items():
        fits = [patch for patch, row in listed.items() if text in row.requires_python]
        if fits and newest != max(fits):
            yield f"keras: newest_for Python {text} is {newest}, but {max(fits)} accepts it too"
        if not fits and newest not in {row.version for row in tables.keras.keras2}:
            yield f"keras: newest_for Python {text} is {newest}, which is not listed"
