"""The machine in a few lines: what was examined and what is there, whether or not anything is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.model.facts.base import Absent, Facts, Unknown
from kdoctor.model.facts.cuda_toolkits import CudaToolkit, CudaToolkits
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.examined import Examined
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.symptoms import Symptoms
from kdoctor.model.facts.system import System
from kdoctor.model.facts.written import Written

SYSTEMS = {"linux": "Linux", "darwin": "macOS", "windows": "Windows"}
NAMES_MANY = {"11.0": "11"}  # libcudart.so.11.0 is that of every CUDA 11


def overview(facts: Facts) -> Iterator[tuple[str, str]]:
    """Label and text, in the order of a reader's questions; sections that are not there say so."""
    written = facts.sections.get("written")
    if isinstance(written, Written):
        yield from _files(written)
        return
    symptoms = facts.sections.get("symptoms")
    if isinstance(symptoms, Symptoms):
        yield from _text(symptoms)
        if facts.origin == "log":
            return
    yield "examined", _examined(facts)
    system = facts.sections.get("system")
    if isinstance(system, System):
        libc = f", {system.libc} {system.glibc or ''}".rstrip() if system.libc else ""
        yield "system", f"{system.distribution or SYSTEMS.get(system.os, system.os)}, {system.machine}{libc}"
    yield "GPU", _gpus(facts)
    yield "driver", _driver(facts)
    environ = facts.sections.get("environ")
    if isinstance(environ, Environ) and "KDOCTOR_FAKE_GPU" in environ.variables:
        yield "", "simulated: `kdoctor fake` is in front of this machine's own"
    toolkits = facts.sections.get("cuda_toolkits")
    if isinstance(toolkits, CudaToolkits):
        for number, item in enumerate(toolkits.items):
            yield "toolkits" if number == 0 else "", f"CUDA {_toolkit_version(item)} in {item.path}"
    yield "Keras", _keras(facts)
    frameworks = facts.sections.get("frameworks")
    if isinstance(frameworks, Frameworks):
        kinds = {"cuda": "CUDA", "rocm": "ROCm", "none": "CPU"}
        for build in frameworks.builds:
            name, _, version = build.title.partition(" ")
            cuda = f" {build.cuda}" if build.cuda else ""
            known = f"{kinds[build.gpu]}{cuda} build" if build.gpu != "unknown" else "kind of build unknown"
            yield name, f"{version}, {known}"


def _text(symptoms: Symptoms) -> Iterator[tuple[str, str]]:
    """Of logs: what was read, and the versions that it names."""
    yield "read", f"{', '.join(symptoms.files)}: {symptoms.lines} line{'' if symptoms.lines == 1 else 's'}"
    named: dict[str, list[str]] = {}
    for item in symptoms.stated:
        named.setdefault(item.of, []).append(item.value)
    if named:
        yield "stated", ", ".join(f"{of} {' and '.join(values[:2])}" for of, values in named.items())


def _files(written: Written) -> Iterator[tuple[str, str]]:
    """Of files: what each leads to, and from which driver on that works."""
    for file in written.files:
        said = ", ".join(file.builds) or ("no GPU build" if file.packages or file.image else "nothing is asked for")
        driver = f"; works with NVIDIA drivers from {file.driver} on (Linux)" if file.driver else ""
        unread = f"; not read: {', '.join(file.unread)}" if file.unread else ""
        yield "file", f"{file.path}: {said}{driver}{unread}"


def _examined(facts: Facts) -> str:
    interpreter = facts.sections.get("interpreter")
    examined = facts.sections.get("examined")
    by = f" (chosen by {examined.chosen_by})" if isinstance(examined, Examined) else ""
    if not isinstance(interpreter, Interpreter):
        return f"no Python interpreter{by}"
    version = f"Python {interpreter.version}" if interpreter.version else "unknown version"
    return f"{interpreter.path}, {version}, {interpreter.kind}{by}"


def _gpus(facts: Facts) -> str:
    gpus = facts.sections.get("gpus")
    if isinstance(gpus, Gpus):
        named = []
        for gpu in gpus.items:
            name = gpu.name if gpu.vendor in gpu.name else f"{gpu.vendor} {gpu.name}"
            capability = f" (compute capability {gpu.compute_capability})" if gpu.compute_capability else ""
            named.append(f"{name.strip()}{capability}")
        return ", ".join(named)
    return "none" if isinstance(gpus, Absent) else _unknown(gpus)


def _driver(facts: Facts) -> str:
    driver, nvml = facts.sections.get("driver"), facts.sections.get("nvml")
    release = nvml.driver_release if isinstance(nvml, Nvml) else None
    cuda = f", supports CUDA up to {nvml.cuda}" if isinstance(nvml, Nvml) and nvml.cuda else ""
    if isinstance(driver, Driver):
        if driver.release or release:
            flavour = f" ({driver.flavour})" if driver.flavour else ""
            return f"release {driver.release or release}{flavour}{cuda}"
        return "installed, not loaded" if driver.libraries or driver.modules_on_disk else "only parts of one"
    if release:
        return f"release {release}{cuda}"
    return "none" if isinstance(driver, Absent) else _unknown(driver)


def _toolkit_version(item: CudaToolkit) -> str:
    """Its version, else what the name of its libcudart tells: 10.1 of libcudart.so.10.1, 12 of libcudart.so.12."""
    named = max((name.partition(".so.")[2] for name in item.cudart), key=len, default="")
    return str(item.version or NAMES_MANY.get(named, named) or "?")


def _keras(facts: Facts) -> str:
    keras = facts.sections.get("keras")
    if not isinstance(keras, Keras):
        return "not installed" if isinstance(keras, Absent) else _unknown(keras)
    version = keras.version or (f"tf-keras {keras.tf_keras}" if keras.tf_keras else "inside TensorFlow")
    return f"{version}, backend {keras.backend} ({keras.backend_from})"


def _unknown(section: object) -> str:
    return f"unknown: {section.reason}" if isinstance(section, Unknown) else "unknown"
