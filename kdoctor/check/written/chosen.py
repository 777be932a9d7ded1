"""Which release a requirement of a file leads to, by the knowledge tables: the newest allowed one with wheels."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from kdoctor.knowledge import images, jax, tensorflow, torch
from kdoctor.model.facts.written import Asked, WrittenFile
from kdoctor.model.finding import Evidence, Found
from kdoctor.model.version import CudaVersion, DriverRelease, PythonVersion

MOST_PATCHES = 40
TENSORFLOW = ("tensorflow", "tensorflow-gpu", "tf-nightly", "tensorflow-cpu", "intel-tensorflow")


class Said(Found, frozen=True, kw_only=True):
    """What is wrong in a file, and the name of the rule that has the same cause."""

    rule: str


class GpuBuild(msgspec.Struct, frozen=True, kw_only=True):
    """A framework with CUDA that a file leads to, and the oldest driver that it runs with."""

    title: str
    cuda: CudaVersion | None
    driver: DriverRelease | None

    @property
    def text(self) -> str:
        """``TensorFlow 2.20.0 with CUDA 12.5``."""
        return f"{self.title}{f' with CUDA {self.cuda.short}' if self.cuda else ''}"


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """Of one framework in a file: its GPU build, where it leads to one, and what is wrong with it.

    ``unknown``: why the tables do not tell, "" if they do.
    """

    build: GpuBuild | None = None
    said: tuple[Said, ...] = ()
    unknown: str = ""


NOTHING = Judged()


def seen(asked: Asked) -> Evidence:
    """The line that asks for a package."""
    return Evidence(f"{asked.name} ({asked.manager})", asked.text, asked.where)


def allowed(spec: str) -> SpecifierSet:
    """The versions of a requirement; all of them where its text is none."""
    try:
        return SpecifierSet(spec)
    except InvalidSpecifier:
        return SpecifierSet()


def python_seen(file: WrittenFile) -> tuple[SpecifierSet | None, str, str]:
    """The Pythons that the file is for, as it writes them, and where; None where it does not say."""
    if file.python:
        return allowed(file.python), file.python.removeprefix("==").removesuffix(".*"), file.python_where
    own = images.python_of(file.image.text) if file.image is not None else None
    if own is None or file.image is None:
        return None, "", ""
    return SpecifierSet(f"=={own.short}.*"), f"{own.short} (of {file.image.text})", file.image.where


def runs_on(python: PythonVersion, wanted: SpecifierSet | None) -> bool:
    """Whether a minor version of Python is one that is wanted."""
    return wanted is None or any(wanted.contains(f"{python.short}.{patch}") for patch in range(MOST_PATCHES))


def tensorflow_for(asked: Asked, python: SpecifierSet | None) -> tuple[Version | None, Version | None]:
    """The newest release that is allowed and has wheels for the Python; the newest one that is allowed at all."""
    spec = allowed(asked.spec)
    rows = (patch for row in reversed(tensorflow.releases()) for patch in reversed(row.patches) if patch in spec)
    fitting = [patch for patch in rows if asked.name != "tensorflow-gpu" or has_gpu_package(patch)]
    with_wheels = (patch for patch in fitting if has_wheel(tensorflow.wheel_pythons(patch), python))
    return next(with_wheels, None), next(iter(fitting), None)


def has_gpu_package(version: Version) -> bool:
    """Whether `tensorflow-gpu` of that version is a package that can be installed."""
    last = tensorflow.limits().gpu_package_ends
    return version < last


def has_wheel(pythons: Iterable[PythonVersion], wanted: SpecifierSet | None) -> bool:
    """Whether one of the Pythons is wanted."""
    return any(runs_on(python, wanted) for python in pythons)


def torch_for(asked: Asked, python: SpecifierSet | None) -> torch.TorchRelease | None:
    """The newest PyTorch that is allowed and has wheels for the Python."""
    spec = allowed(asked.spec)
    for row in reversed(torch.releases()):
        tags = (PythonVersion(f"{tag[2]}.{tag[3:]}") for tag in row.python_wheels if tag[2:].isdigit())
        if any(patch in spec for patch in row.patches) and has_wheel(tags, python):
            return row
    return None


def jax_for(asked: Asked) -> jax.JaxRelease | None:
    """The newest JAX that is allowed."""
    spec = allowed(asked.spec)
    return next((row for row in reversed(jax.releases()) if row.version in spec and not row.yanked), None)
