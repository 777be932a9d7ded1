"""What is so on this machine, of all that can be required: values with their sources, or why they are not known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from kdoctor import __version__
from kdoctor.check.requirements import PACKAGE, Required
from kdoctor.model.facts.base import Absent, Answered, Unknown
from kdoctor.model.facts.conda import Conda
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library
from kdoctor.model.facts.distributions import Distributions
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.framework_answers import FrameworkAnswers
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.prediction import Prediction
from kdoctor.model.facts.requirement import Requirement
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Evidence

Sections = Mapping[str, Answered]
Values = tuple[Evidence, ...]  # () where the thing is not there
OS = {"darwin": "macos"}


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """``values``: what was seen, () if the thing is not there; ``unknown``: why it cannot be told, "" if it can."""

    values: Values = ()
    unknown: str = ""


def observed(required: Required, sections: Sections) -> Requirement:
    """The requirement with what was seen of it, and whether it is met."""
    seen = _seen(required.name, sections)
    met, unknown = _met(required, seen)
    title = required.subject.title
    return Requirement(
        text=required.text,
        name=required.name,
        title=title[0].upper() + title[1:],
        needed=required.needed,
        by=required.by,
        met=met,
        seen=tuple(_readable(required, item) for item in seen.values),
        unknown=unknown,
        install=_install(required),
    )


def _met(required: Required, seen: Seen) -> tuple[bool | None, str]:
    """Every value has to be as required; one that is known not to be decides, whatever is unknown beside it."""
    verdicts = [required.met_by(item.value) for item in seen.values]
    if False in verdicts:
        return False, ""
    if seen.unknown:
        return None, seen.unknown
    if None in verdicts:
        odd = seen.values[verdicts.index(None)].value
        return None, f"{odd[:60]!r} is no version that could be compared"
    return bool(verdicts), ""


def _readable(required: Required, item: Evidence) -> Evidence:
    if required.subject.kind != "memory":
        return item
    return Evidence(item.fact, f"{int(item.value) / 2**30:.4g} GiB", item.source)


def _install(required: Required) -> str:
    """What pip is to be given, or for a backend its name."""
    if required.subject.kind == "word":
        return next((value for sign, value in required.terms if sign == "=="), "")
    needed = "" if required.needed == "any" else required.needed.replace(" ", "")
    return f"{required.subject.pip}{needed}" if required.subject.pip else ""


def _seen(name: str, sections: Sections) -> Seen:
    if name.startswith(f"{PACKAGE}:"):
        return _package(name.partition(":")[2], sections)
    return READ[name](sections)


def section(sections: Sections, name: str) -> Answered:
    """The section, Unknown where the facts have none of that name."""
    return sections.get(name, Unknown(reason=f"{name} was not recorded"))


def _missing(*answers: Answered) -> Seen:
    """Not there, unless one of the sections could not be measured."""
    return Seen(unknown=next((answer.reason for answer in answers if isinstance(answer, Unknown)), ""))


def _one(fact: str, value: object, source: str, unknown: str) -> Seen:
    text = "" if value is None else str(value)
    return Seen(values=(Evidence(fact, text, source),)) if text else Seen(unknown=unknown)


def _gpu(sections: Sections) -> Seen:
    """How many the framework lists: as it said itself, else as foretold; without a framework what CUDA lists."""
    build = active(sections)
    if isinstance(build, Build):
        return _listed(build, sections)
    if isinstance(build, Unknown):
        return Seen(unknown=build.reason)
    libcuda = section(sections, "libcuda")
    if isinstance(libcuda, Libcuda):
        count = 0 if libcuda.init_code or libcuda.load_error else sum(not item.error for item in libcuda.devices)
        return _one("usable GPUs", count, "the CUDA driver (no framework is installed)", "")
    return _one("usable GPUs", 0, "no CUDA driver", "") if isinstance(libcuda, Absent) else _missing(libcuda)


def _listed(build: Build, sections: Sections) -> Seen:
    answers, prediction = section(sections, "framework_answers"), section(sections, "prediction")
    rows = answers.items if isinstance(answers, FrameworkAnswers) else ()
    said = next((row for row in rows if row.framework == build.framework and row.gpus is not None), None)
    if said is not None:
        return _one("usable GPUs", said.gpus, f"{build.title} itself", "")
    if not isinstance(prediction, Prediction):
        return Seen(unknown=prediction.reason if isinstance(prediction, Unknown) else "nothing was foretold")
    row = next((item for item in prediction.items if item.framework == build.framework), None)
    if row is None or row.gpus is None:
        return Seen(unknown=row.because if row is not None else "nothing was foretold")
    return _one("usable GPUs", row.gpus, f"{build.title}: {row.because}", "")


def active(sections: Sections) -> Build | Absent | Unknown:
    """The framework that Keras uses here."""
    found = section(sections, "frameworks")
    if isinstance(found, Frameworks):
        return found.builds[0] if found.builds else Absent()
    return found if isinstance(found, (Absent, Unknown)) else Unknown(reason="frameworks were not recorded")


def _of_gpus(sections: Sections, fact: str, field: str) -> Seen:
    """A value of each GPU: those that CUDA lists, else NVML's, else those that were seen at all."""
    libcuda, nvml, gpus = (section(sections, name) for name in ("libcuda", "nvml", "gpus"))
    if isinstance(libcuda, Libcuda) and libcuda.devices:
        return _each(libcuda.devices, "the CUDA driver", fact, field)
    if isinstance(nvml, Nvml) and nvml.devices:
        return _each(nvml.devices, "NVML", fact, field)
    if isinstance(gpus, Gpus) and gpus.nvidia:
        return _each(gpus.nvidia, "the PCI bus", fact, field)
    return _missing(gpus)


def _each(items: Iterable[object], source: str, fact: str, field: str) -> Seen:
    values = [(getattr(item, "name", ""), getattr(item, field, None)) for item in items]
    blind = next((name or "a GPU" for name, value in values if value is None), "")
    return Seen(
        values=tuple(Evidence(fact, str(value), f"{name}, {source}") for name, value in values if value is not None),
        unknown=f"{blind} does not tell its {fact}" if blind else "",
    )


def _driver(sections: Sections) -> Seen:
    driver, nvml = section(sections, "driver"), section(sections, "nvml")
    if isinstance(driver, Driver) and driver.release:
        return _one("driver release", driver.release, "kernel module", "")
    if isinstance(nvml, Nvml) and nvml.driver_release:
        return _one("driver release", nvml.driver_release, "NVML", "")
    if isinstance(driver, Driver):
        libraries = [item for item in driver.libraries if item.kind != "stub"]
        if not libraries and not driver.modules_on_disk and not driver.module_loaded:
            return Seen()
        release = next((item.release for item in libraries if item.kind == "driver" and item.release), None)
        return _one(
            "driver release", release, "its libraries; no module is loaded", "the driver does not tell its release"
        )
    return _missing(driver)


def _driver_cuda(sections: Sections) -> Seen:
    libcuda, nvml = section(sections, "libcuda"), section(sections, "nvml")
    for answer, source in ((libcuda, "cuDriverGetVersion"), (nvml, "NVML")):
        if isinstance(answer, (Libcuda, Nvml)) and answer.cuda:
            return _one("driver's CUDA version", answer.cuda, source, "")
    if isinstance(libcuda, Libcuda) or isinstance(nvml, Nvml):
        return Seen(unknown="the driver does not tell its CUDA version")
    return _missing(libcuda, nvml)


def _library(stem: str, title: str) -> Callable[[Sections], Seen]:
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
    return _one(title, library.version, library.path, f"{library.path} does not tell its version")


def _nccl(sections: Sections) -> Seen:
    """No framework is followed to it; its wheel or conda package is what they bring."""
    found, conda = section(sections, "distributions"), section(sections, "conda")
    if isinstance(found, Distributions):
        wheel = next((item for item in found.items if item.name.startswith("nvidia-nccl-cu")), None)
        if wheel is not None:
            return _one("NCCL", wheel.version, wheel.name, "")
    package = conda.get("nccl") if isinstance(conda, Conda) else None
    if package is not None:
        return _one("NCCL", package.version, "conda", "")
    return _missing(found, conda) if isinstance(found, Unknown) else Seen(unknown="no package of it is installed here")


def _framework(name: str) -> Callable[[Sections], Seen]:
    def read(sections: Sections) -> Seen:
        found = section(sections, "frameworks")
        build = found.get(name) if isinstance(found, Frameworks) else None
        if build is None:
            return _missing(found)
        return _one(build.title.partition(" ")[0], build.version, build.directory, "it does not tell its version")

    return read


def _keras(sections: Sections) -> Seen:
    keras = section(sections, "keras")
    if not isinstance(keras, Keras):
        return _missing(keras)
    return _one("Keras", keras.version or keras.tf_keras, keras.directory, "it is a part of TensorFlow")


def _backend(sections: Sections) -> Seen:
    keras = section(sections, "keras")
    if not isinstance(keras, Keras):
        return _missing(keras)
    return _one("Keras's backend", keras.backend, keras.backend_from, "")


def _python(sections: Sections) -> Seen:
    found = section(sections, "interpreter")
    if not isinstance(found, Interpreter):
        return _missing(found)
    return _one("Python", found.version, found.path, f"{found.path} does not tell its version")


def _glibc(sections: Sections) -> Seen:
    system = section(sections, "system")
    if not isinstance(system, System):
        return _missing(system)
    if system.libc not in ("", "glibc") or system.os != "linux":
        return Seen()
    return _one("glibc", system.glibc, "the system's C library", "the C library does not tell its version")


def _system(*, with_machine: bool) -> Callable[[Sections], Seen]:
    def read(sections: Sections) -> Seen:
        system = section(sections, "system")
        if not isinstance(system, System):
            return _missing(system)
        name = OS.get(system.os, system.os)
        return _one("platform", f"{name}-{system.machine.lower()}" if with_machine else name, "the system", "")

    return read


def _package(name: str, sections: Sections) -> Seen:
    found = section(sections, "distributions")
    item = found.get(name) if isinstance(found, Distributions) else None
    if item is None:
        return _missing(found)
    return _one(name, item.version, item.location, f"{name} does not tell its version")


READ: Mapping[str, Callable[[Sections], Seen]] = {
    "gpu": _gpu,
    "compute_capability": lambda sections: _of_gpus(sections, "compute capability", "compute_capability"),
    "memory": lambda sections: _of_gpus(sections, "memory", "memory_total_bytes"),
    "driver": _driver,
    "driver.cuda": _driver_cuda,
    "cuda": _library("libcudart", "CUDA runtime"),
    "cudnn": _library("libcudnn", "cuDNN"),
    "nccl": _nccl,
    "tensorflow": _framework("tensorflow"),
    "jax": _framework("jax"),
    "torch": _framework("torch"),
    "keras": _keras,
    "keras.backend": _backend,
    "python": _python,
    "glibc": _glibc,
    "kdoctor": lambda _: Seen(values=(Evidence("kdoctor", __version__, "this one"),)),
    "os": _system(with_machine=False),
    "platform": _system(with_machine=True),
}
