"""Do the versions that a text states belong together? TensorFlow against CUDA, driver, GPU, Keras and Python."""

from __future__ import annotations

from packaging.version import Version

from kdoctor.check.said import Signs, Text, version_of
from kdoctor.knowledge import clues, cuda, gpu_code, jax, tensorflow, torch
from kdoctor.model.facts.symptoms import Line
from kdoctor.model.version import ComputeCapability, CudaVersion, CudnnVersion, Dotted, DriverRelease
from kdoctor.symptoms.stated import capability_of

_MINORS_FIT = 11  # from CUDA 11 on a minor version does not matter
_LEAST_MAJOR = 3  # no release of TensorFlow has code for Tesla and Fermi


def builds(text: Text) -> Signs:
    """What the stated TensorFlow was built for, against what else is stated."""
    stated = [(version, line) for value, line in text.stated("tensorflow") if (version := version_of(value))]
    wanted: list[tuple[CudaVersion, Line]] = []
    for version, line in stated:
        if not len(version.release) > 0:
            continue
        built = _built_for(version)
        if built is None:
            continue
        wanted.append((built, line))
        for value, where in text.stated("cuda"):
            have = CudaVersion.parse(value)
            if have is not None and (len(have.parts) > 1 or have.major != built.major):
                strict = built.major < _MINORS_FIT
                fits = have.major == built.major and (have.short == built.short or not strict)
                yield f"cuda-{'built-for' if fits else 'not-built-for'}", (line, where)
        yield from _beyond(text, built, line)
        yield from _code(text, version, line)
        yield from _cudnn(text, version, line)
    wanted += [
        (have, line) for value, line in text.stated("cuda") if (have := CudaVersion.parse(value)) and have.major > 1
    ]
    stated_cudas = ((CudaVersion.parse(value), line) for value, line in text.stated("cuda"))
    versions = {have.short: line for have, line in stated_cudas if have is not None and len(have.parts) > 1}
    if len(versions) > 1:
        yield "two-cuda-versions", tuple(versions.values())[:2]
    floors = [(least, line) for needed, line in wanted if (least := cuda.minimum_driver(needed))]
    floors += _floors(text)
    for value, where in text.stated("driver"):
        driver = DriverRelease.parse(value)
        for least, line in floors:
            if driver is not None and driver < least:
                yield "driver-below-minimum", (where, line)


def releases_of_driver(text: Text) -> Signs:
    """A kernel module of one release of the driver, libraries of another."""
    for kernel, where in text.stated("kernel-driver"):
        for library, line in text.stated("library-driver"):
            loaded, there = DriverRelease.parse(kernel), DriverRelease.parse(library)
            if loaded is not None and there is not None and loaded != there:
                yield "driver-two-releases", (where, line)


def torch_builds(text: Text) -> Signs:
    """What the stated PyTorch was built with, against the GPU and the driver's CUDA version."""
    for built, line in _torch_cudas(text):
        yield "torch-gpu-build", (line,)
        yield from _beyond(text, built, line)
        toolkit = cuda.toolkit(built)
        for value, where in text.stated("gpu"):
            capability = ComputeCapability.parse(capability_of(value))
            if toolkit is not None and capability is not None and capability.major > toolkit.max_cc.major:
                yield "gpu-newer-than-cuda", (line, where)


def _torch_cudas(text: Text) -> list[tuple[CudaVersion, Line]]:
    """The CUDA versions that PyTorch says that it was built with."""
    return [(have, line) for value, line in text.stated("torch-cuda") if (have := CudaVersion.parse(value)) is not None]


def _beyond(text: Text, built: CudaVersion, line: Line) -> Signs:
    """``driver-below-minimum`` where the driver's CUDA version does not reach the CUDA of a build."""
    for value, where in text.stated("driver-cuda"):
        most = CudaVersion.parse(value)
        if most is not None and (most.major < built.major or (built.major < _MINORS_FIT and most < built)):
            yield "driver-below-minimum", (where, line)


def _floors(text: Text) -> list[tuple[DriverRelease, Line]]:
    """The oldest drivers that the stated releases of PyTorch and JAX run with."""
    floors = []
    built_with = _torch_cudas(text)
    floors += [(least, line) for have, line in built_with if (least := cuda.minimum_driver(have)) is not None]
    for value, line in text.stated("torch") if not built_with else ():
        version = version_of(value)
        built = torch.release_of(version) if version else None
        if built is not None:
            floors.append((built.min_driver, line))
    for of in ("jax", "jaxlib"):
        for value, line in text.stated(of):
            version = version_of(value)
            release = jax.release_of(version) if version else None
            if release is not None:
                floors.append((release.min_driver12, line))
    return floors


def _cudnn(text: Text, version: Version, line: Line) -> Signs:
    """The cuDNN stated against the one that this release was built with."""
    release = tensorflow.release_of(version)
    rows = [
        row.cudnn
        for row in clues.table().builds
        if row.first.release[:2] <= version.release[:2] <= row.last.release[:2]
    ]
    built = release.cudnn if release is not None else next(iter(rows), None)
    for value, where in text.stated("cudnn"):
        have = CudnnVersion.parse(value)
        if built is None or have is None:
            continue
        if have.major != built.major:
            yield "cudnn-other-than-built", (line, where)
        elif len(have.parts) > 1 and (have.major, have.minor) < (built.major, built.minor):
            yield "cudnn-older-than-built", (line, where)


def _built_for(version: Version) -> CudaVersion | None:
    release = tensorflow.release_of(version)
    if release is not None:
        return release.cuda
    for row in clues.table().builds:
        if row.first.release[:2] <= version.release[:2] <= row.last.release[:2]:
            return row.cuda
    return None


def _code(text: Text, version: Version, line: Line) -> Signs:
    release = tensorflow.release_of(version)
    found = [(value, where) for value, where in text.stated("capability")]
    found += [(capability_of(value), where) for value, where in text.stated("gpu")]
    for value, where in found:
        capability = ComputeCapability.parse(value)
        if capability is None or capability.major < 1:
            continue
        if capability.major < _LEAST_MAJOR:
            yield "capability-unsupported", (line, where)
        if release is None:
            continue
        toolkit = cuda.toolkit(release.cuda)
        if toolkit is not None and capability.major > toolkit.max_cc.major:
            yield "gpu-newer-than-cuda", (line, where)
        if gpu_code.coverage(release.gpu_code, capability, bare_compute_is_both=True) == "none":
            yield "capability-unsupported", (line, where)


def pairs(text: Text) -> Signs:
    """What is stated of Keras and Python against the TensorFlow stated."""
    tensorflows = [(version, line) for value, line in text.stated("tensorflow") if (version := version_of(value))]
    for value, where in text.stated("keras"):
        keras = version_of(value)
        for version, line in tensorflows:
            if keras is not None and not _pair_fits(keras, version):
                yield "keras-tf-pair-wrong", (where, line)
    for value, where in text.stated("python"):
        python = Dotted.parse(value)
        for version, line in tensorflows:
            wheels = {wheel.short for wheel in tensorflow.wheel_pythons(version)}
            if python is not None and wheels and python.short not in wheels:
                yield "python-without-wheel", (where, line)


_SAME_MINOR = (Version("2.6"), Version("2.15"))
_KERAS_FOR_TF2 = Version("2.3")
_REDIRECT, _NEEDED_BY_REDIRECT = Version("2.4"), Version("2.2")  # Keras 2.4 only hands on to tf.keras


def _pair_fits(keras: Version, version: Version) -> bool:
    """Whether Keras and TensorFlow belong together by the pairing in keras.toml."""
    minor = version.release[:2]
    if keras.major >= 3:  # noqa: PLR2004  Keras 3
        return minor >= (2, 16)
    if any(_SAME_MINOR[0].release <= release <= _SAME_MINOR[1].release for release in (minor, keras.release[:2])):
        return keras.release[:2] == minor
    if keras >= _REDIRECT:
        return version >= _NEEDED_BY_REDIRECT
    return version.major < 2 or keras >= _KERAS_FOR_TF2  # noqa: PLR2004  TensorFlow 2
