"""Does a recipe contradict the knowledge tables on a machine? Worked out from the TOML text and the tables alone.

Knows nothing of ``kdoctor.fix``: it reads the recipe's own specs, never its stated requirements, and asks the tables
what those packages need.
"""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import tomli
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from kdoctor.knowledge import conda, cuda, cudnn, gpus, jax, keras, tensorflow, torch
from kdoctor.knowledge.gpu_code import coverage
from kdoctor.model.version import ComputeCapability, CudaVersion, CudnnVersion, DriverRelease, PythonVersion

FOLDER = Path(__file__).parent.parent.parent / "recipes"
TAGS = {"manylinux1": "2.5", "manylinux2010": "2.12", "manylinux2014": "2.17"}
CONDA_CUDNN = SpecifierSet("<9.11")  # conda.toml: CUDA 12 builds stop at 9.10
WINDOWS = "of Windows"
CUBLAS_FAULT = (10, 11)  # jax.toml, trap cublas-bug-on-blackwell: compute capabilities 10.x and 11.x


class Build(NamedTuple):
    """What one framework of a recipe needs. ``bare``: whether compute_90 is machine code too."""

    name: str
    version: Version
    pythons: tuple[str, ...]
    cuda: CudaVersion | None
    code: tuple[str, ...]
    cudnn: SpecifierSet
    glibc: str
    bare: bool = True


class Target(NamedTuple):
    """A machine. Under WSL Windows has the driver: its limits are those of the recipe, and another test's matter."""

    capability: str
    driver: str
    python: str
    platform: str
    glibc: str


@functools.cache
def raw(name: str) -> dict[str, Any]:
    """A shipped recipe, unparsed."""
    return tomli.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


@functools.cache
def requirements(name: str, python: str, platform: str) -> dict[str, Requirement]:
    """Its pip requirements for a Python and a platform, by name."""
    systems = {"osx-arm64": ("darwin", "arm64"), "win-64": ("win32", "AMD64"), "linux-aarch64": ("linux", "aarch64")}
    system, machine = systems.get(platform, ("linux", "x86_64"))
    environment = {"python_version": python, "sys_platform": system, "platform_machine": machine}
    found = (Requirement(text) for text in raw(name).get("pip", {}).get("specs", ()))
    return {each.name: each for each in found if each.marker is None or each.marker.evaluate(environment)}


def pin(requirement: Requirement) -> Version:
    """The one version that a requirement allows."""
    (only,) = requirement.specifier
    assert only.operator == "==", requirement
    return Version(only.version)


@functools.cache
def builds(name: str, python: str, platform: str) -> tuple[Build, ...]:
    """Every framework build that the recipe may bring."""
    wanted = requirements(name, python, platform)
    held = wanted["nvidia-cudnn-cu12"].specifier if "nvidia-cudnn-cu12" in wanted else SpecifierSet()
    found = [_of_tensorflow(each, held) for key, each in wanted.items() if key.startswith("tensorflow")]
    found += [_of_jax(each, held) for key, each in wanted.items() if key == "jax"]
    found += [_of_torch(each) for key, each in wanted.items() if key == "torch"]
    return (*found, *_of_conda(raw(name).get("conda", {}).get("specs", ())))


def _of_tensorflow(requirement: Requirement, held: SpecifierSet) -> Build:
    version = pin(requirement)
    row = tensorflow.release_of(version)
    assert row is not None
    assert version in row.patches
    on_gpu = requirement.name == row.gpu_package and (bool(requirement.extras) or not row.and_cuda)
    assert not (on_gpu and row.and_cuda_fault), f"{requirement} has a fault"
    allowed = SpecifierSet(row.and_cuda_pins.get("nvidia-cudnn-cu12", row.and_cuda_pins.get("nvidia-cudnn-cu11", "")))
    return Build(
        name="tensorflow",
        version=version,
        pythons=tuple(each.short for each in tensorflow.wheel_pythons(version)),
        cuda=row.cuda if on_gpu else None,
        code=row.gpu_code,
        cudnn=allowed & held if row.and_cuda else SpecifierSet("<8"),
        glibc=str(row.min_glibc),
    )


def _of_jax(requirement: Requirement, held: SpecifierSet) -> Build:
    version = pin(requirement)
    row = jax.release_of(version)
    assert row is not None
    assert not row.yanked
    assert jax.traps_of(version) == ()
    pythons = tuple(f"{tag[2]}.{tag[3:]}" for tag in row.plugin_python_wheels if tag[2:].isdigit())
    glibc = _glibc(row.plugin_platform_tag)
    if not requirement.extras:
        return Build("jax", version, pythons, None, (), SpecifierSet(), glibc)
    if requirement.extras == {"cuda13"}:
        assert row.cuda13
        code, range_ = row.compute_capabilities13, row.cudnn13
        return Build("jax", version, pythons, row.build_cuda13, code, SpecifierSet(range_), glibc)
    assert requirement.extras == {"cuda12"}
    assert row.cuda12
    code, allowed = row.compute_capabilities12, SpecifierSet(row.cudnn12) & held
    return Build("jax", version, pythons, row.build_cuda12, code, allowed, glibc)


def _of_torch(requirement: Requirement) -> Build:
    version = pin(requirement)
    row = torch.release_of(version)
    assert row is not None
    assert version in row.patches
    pythons = tuple(f"{tag[2]}.{tag[3:]}" for tag in row.python_wheels if tag[2:].isdigit())
    exact = next(text for package, text in row.pins.items() if package.startswith("nvidia-cudnn"))
    glibc = str(row.min_glibc_measured or _glibc(row.platform_tag))
    return Build("torch", version, pythons, row.cuda, row.gpu_code, SpecifierSet(exact), glibc, bare=False)


def _glibc(tag: str) -> str:
    numbered = re.match(r"manylinux_(\d+)_(\d+)", tag)
    return f"{numbered[1]}.{numbered[2]}" if numbered else TAGS[tag.partition("_")[0]]


def _of_conda(specs: tuple[str, ...]) -> Iterator[Build]:
    """Every build of conda-forge's TensorFlow that the specs let in."""
    held = next((spec.removeprefix("cudnn") for spec in specs if spec.startswith("cudnn")), "")
    held = f"=={held[1:]}.*" if re.match(r"=\d", held) else held
    for spec in specs:
        if not spec.startswith("tensorflow"):
            continue
        keys = dict(re.findall(r"(\w+)='([^']*)'", spec))
        _, version, build = (*spec.split("="), "")[:3] if not keys else ("", keys["version"], keys["build"])
        least = int(keys.get("build_number", ">=0").removeprefix(">="))
        rows = [row for row in conda.release_of(Version(version)) if (row.gpu_build_number or row.build) >= least]
        assert rows, f"conda.toml does not know {spec}"
        for row in rows:
            prefixes = [prefix for prefix in row.build_prefix if fnmatch.fnmatch(f"{prefix}311", build)]
            yield from (_conda_build(row, prefix, held) for prefix in prefixes)


def _conda_build(row: conda.TensorflowBuild, prefix: str, held: str) -> Build:
    pythons = tuple(each.short for each in row.python)
    if prefix.startswith("cpu"):
        return Build("tensorflow", row.version, pythons, None, (), SpecifierSet(), "2.17")
    number = next(each for each in row.cuda if f"cuda{each.major}{each.minor}" in prefix)
    table = conda.table().gpu_code
    newest = (row.version, row.gpu_build_number or 0) >= (Version("2.19.1"), 201)
    key = "cuda12_from_2_19_1_build_1" if newest else "cuda12" if number.major > 11 else "cuda118"
    code = table[key]
    assert isinstance(code, tuple)
    return Build("tensorflow", row.version, pythons, number, code, SpecifierSet(held) & CONDA_CUDNN, "2.17")


def contradictions(name: str, target: Target) -> tuple[str, ...]:
    """What the tables say against making this recipe there."""
    return tuple(_contradictions(name, target))


def is_allowed(name: str, target: Target) -> bool:
    """Whether the tables say nothing against it."""
    return next(_contradictions(name, target), None) is None


def _contradictions(name: str, target: Target) -> Iterator[str]:
    found = builds(name, target.python, target.platform)
    if not found:
        yield "no framework"
    for index, build in enumerate(found):
        if build.cuda is not None:
            driver = WINDOWS if target.platform == "wsl" else target.driver
            yield from _on_gpu(name, target.python, target.platform, index, target.capability, driver)
            if target.platform not in ("linux-64", "wsl") and build.name != "jax":  # jax.toml: x86_64 and aarch64
                yield f"{build.name} has no CUDA build for {target.platform}"
        yield from _against(build, target)
    if "conda" not in raw(name):
        yield from _keras(name, target.python, target.platform)


def _against(build: Build, target: Target) -> Iterator[str]:
    if target.python not in build.pythons:
        yield f"{build.name} {build.version} has no build for Python {target.python}"
    if target.glibc and Version(target.glibc) < Version(build.glibc):
        yield f"{build.name} {build.version} needs glibc {build.glibc}"


@functools.cache
def _on_gpu(name: str, python: str, platform: str, index: int, capability: str, driver: str) -> tuple[str, ...]:
    build = builds(name, python, platform)[index]
    assert build.cuda is not None
    found = list(_gpu(build, build.cuda, ComputeCapability(capability), driver))
    if driver != WINDOWS:
        needed = cuda.minimum_driver(build.cuda)
        assert needed is not None
        if not driver or DriverRelease(driver) < needed:
            found.append(f"CUDA {build.cuda} needs driver {needed}")
    return tuple(found)


def _gpu(build: Build, number: CudaVersion, capability: ComputeCapability, driver: str) -> Iterator[str]:
    row = gpus.architecture_of_capability(capability)
    assert row is not None
    how = coverage(build.code, capability, bare_compute_is_both=build.bare)
    if how == "none":
        yield f"{build.name} {build.version} has no code for {capability}"
    full = cuda.full_driver(number)
    if how == "jit" and driver != WINDOWS and (full is None or not driver or DriverRelease(driver) < full):
        yield f"PTX of CUDA {number} needs driver {full}"
    release = tensorflow.release_of(build.version) if build.name == "tensorflow" else None
    if how == "jit" and release is not None and release.ptx_failure(capability):
        yield f"PTX fails on {capability}"
    toolkit = cuda.toolkit(number)
    if toolkit is not None and toolkit.max_cc.major < capability.major:
        yield f"the libraries of CUDA {number} have no code for {capability}"
    if row.last_cuda is not None and CudaVersion(number.short) > row.last_cuda:
        yield f"CUDA {number} has dropped {row.name}"
    if number.major == 12 and number.minor >= 8 and capability.major in CUBLAS_FAULT:
        yield f"cuBLAS of CUDA {number} gives wrong results on {capability}"
    yield from _cudnn(build, number, capability)
    if driver not in ("", WINDOWS):
        branch = DriverRelease(driver).major
        if branch < (row.min_driver_branch or 0) or branch > (row.last_driver_branch or branch):
            yield f"driver branch {branch} does not run {row.name}"


def _cudnn(build: Build, number: CudaVersion, capability: ComputeCapability) -> Iterator[str]:
    """The newest cuDNN that is let in is the one that comes."""
    newest = _newest_cudnn(str(build.cudnn), number.major)
    if newest is None:
        yield f"no cuDNN {build.cudnn} for CUDA {number}"
        return
    row = cudnn.row_of(newest)
    if cudnn.bad_for(newest, capability) or (row is not None and capability < row.min_cc):
        yield f"cuDNN {newest} has no code for {capability}"


@functools.cache
def _newest_cudnn(allowed: str, major: int) -> CudnnVersion | None:
    """As PyPI packages it, or by the table's minor version where it is not packaged for this CUDA."""
    name = {11: "pypi_cu11", 12: "pypi_cu12", 13: "pypi_cu13"}.get(major, "")
    known: list[CudnnVersion] = []
    for row in cudnn.rows():
        if major in row.cuda_majors:
            known += getattr(row, name, ()) or (row.version,)
    return max((each for each in known if Version(str(each)) in SpecifierSet(allowed)), default=None)


@functools.cache
def _keras(name: str, python: str, platform: str) -> tuple[str, ...]:
    return tuple(_of_keras(name, python, platform))


def _of_keras(name: str, python: str, platform: str) -> Iterator[str]:
    wanted = requirements(name, python, platform)
    if "keras" not in wanted:
        yield f"there is no Keras for Python {python}"
        return
    version = pin(wanted["keras"])
    row = keras.release_of(version) if version.major > 2 else None
    if row is not None and (version not in row.patches or f"{python}.0" not in row.requires_python):
        yield f"keras {version} is not listed, or not for Python {python}"
    if row is not None and version > (keras.newest_for(PythonVersion(python)) or version):
        yield f"keras {version} is newer than Python {python} can have"
    for build in builds(name, python, platform):
        yield from _pair(build, version, wanted.get("tf-keras"))


def _pair(build: Build, version: Version, tf_keras: Requirement | None) -> Iterator[str]:
    least = keras.min_backend(version).get(build.name)
    if least is not None and build.version < least:
        yield f"keras {version} needs {build.name} {least}"
    allowed = keras.pairing(build.version) if build.name == "tensorflow" else None
    if allowed is not None and version not in allowed:
        yield f"TensorFlow {build.version} takes keras {allowed}, not {version}"
    fitting = keras.tf_keras_for(build.version)
    if tf_keras is not None and (fitting is None or fitting.version != pin(tf_keras)):
        yield f"TensorFlow {build.version} takes another tf-keras"
