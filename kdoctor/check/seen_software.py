"""CUDA libraries, frameworks, packages and system, as they can be required: values with their sources."""

from __future__ import annotations

from collections.abc import Callable

from kdoctor.check.seen import Sections, Seen, active, missing, one, section
from kdoctor.model.facts.base import Unknown
from kdoctor.model.facts.conda import Conda
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library
from kdoctor.model.facts.distributions import Distributions
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.system import System

OS = {"darwin": "macos"}


def library(stem: str, title: str) -> Callable[[Sections], Seen]:
    """What reads the copy of a library that the active framework opens."""

    def read(sections: Sections) -> Seen:
        build, found = active(sections), section(sections, "cuda_libraries")
        if isinstance(build, Unknown):
            return Seen(unknown=build.reason)
        if isinstance(found, Unknown):
            return Seen(unknown=found.reason)
        search = found.get(build.framework) if isinstance(found, CudaLibraries) and isinstance(build, Build) else None
        library = search.get(stem) if search is not None else None
        if library is None:
            return Seen() if search is None else Seen(unknown=f"{search.framework} does not open {title} by name")
        return _opened(library, title)

    return read


def _opened(library: Library, title: str) -> Seen:
    if library.state != "opens":
        return Seen()
    return one(title, library.version, library.path, f"{library.path} does not tell its version")


def nccl(sections: Sections) -> Seen:
    """No framework is followed to it; its wheel or conda package is what they bring."""
    found, conda = section(sections, "distributions"), section(sections, "conda")
    if isinstance(found, Distributions):
        wheel = next((item for item in found.items if item.name.startswith("nvidia-nccl-cu")), None)
        if wheel is not None:
            return one("NCCL", wheel.version, wheel.name, "")
    package = conda.get("nccl") if isinstance(conda, Conda) else None
    if package is not None:
        return one("NCCL", package.version, "conda", "")
    return missing(found, conda) if isinstance(found, Unknown) else Seen(unknown="no package of it is installed here")


def framework(name: str) -> Callable[[Sections], Seen]:
    """What reads the version of an installed framework."""

    def read(sections: Sections) -> Seen:
        found = section(sections, "frameworks")
        build = found.get(name) if isinstance(found, Frameworks) else None
        if build is None:
            return missing(found)
        return one(build.title.partition(" ")[0], build.version, build.directory, "it does not tell its version")

    return read


def keras(sections: Sections) -> Seen:
    """The installed Keras, tf-keras where there is no other."""
    keras = section(sections, "keras")
    if not isinstance(keras, Keras):
        return missing(keras)
    return one("Keras", keras.version or keras.tf_keras, keras.directory, "it is a part of TensorFlow")


def backend(sections: Sections) -> Seen:
    """The backend that Keras would use."""
    keras = section(sections, "keras")
    if not isinstance(keras, Keras):
        return missing(keras)
    return one("Keras's backend", keras.backend, keras.backend_from, "")


def python(sections: Sections) -> Seen:
    """The examined interpreter."""
    found = section(sections, "interpreter")
    if not isinstance(found, Interpreter):
        return missing(found)
    return one("Python", found.version, found.path, f"{found.path} does not tell its version")


def glibc(sections: Sections) -> Seen:
    """The C library, not there where the system has another one."""
    system = section(sections, "system")
    if not isinstance(system, System):
        return missing(system)
    if system.libc not in ("", "glibc") or system.os != "linux":
        return Seen()
    return one("glibc", system.glibc, "the system's C library", "the C library does not tell its version")


def system(*, with_machine: bool) -> Callable[[Sections], Seen]:
    """What reads the operating system, with the processor where it is asked for."""

    def read(sections: Sections) -> Seen:
        system = section(sections, "system")
        if not isinstance(system, System):
            return missing(system)
        name = OS.get(system.os, system.os)
        return one("platform", f"{name}-{system.machine.lower()}" if with_machine else name, "the system", "")

    return read


def package(name: str, sections: Sections) -> Seen:
    """The distribution that Python would import."""
    found = section(sections, "distributions")
    item = found.get(name) if isinstance(found, Distributions) else None
    if item is None:
        return missing(found)
    return one(name, item.version, item.location, f"{name} does not tell its version")
