"""GPUs and driver, as they can be required: values with their sources, or why they are not known."""

from __future__ import annotations

from collections.abc import Iterable

from kdoctor.check.seen import Sections, Seen, active, missing, one, section
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.framework_answers import FrameworkAnswers
from kdoctor.model.facts.frameworks import Build
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.prediction import Prediction
from kdoctor.model.finding import Evidence


def usable_gpus(sections: Sections) -> Seen:
    """How many the framework lists: as it said itself, else as foretold; without a framework what CUDA lists."""
    build = active(sections)
    if isinstance(build, Build):
        return _listed(build, sections)
    if isinstance(build, Unknown):
        return Seen(unknown=build.reason)
    libcuda = section(sections, "libcuda")
    if isinstance(libcuda, Libcuda):
        count = 0 if libcuda.init_code or libcuda.load_error else sum(not item.error for item in libcuda.devices)
        return one("usable GPUs", count, "the CUDA driver (no framework is installed)", "")
    return one("usable GPUs", 0, "no CUDA driver", "") if isinstance(libcuda, Absent) else missing(libcuda)


def _listed(build: Build, sections: Sections) -> Seen:
    answers, prediction = section(sections, "framework_answers"), section(sections, "prediction")
    rows = answers.items if isinstance(answers, FrameworkAnswers) else ()
    said = next((row for row in rows if row.framework == build.framework and row.gpus is not None), None)
    if said is not None:
        return one("usable GPUs", said.gpus, f"{build.title} itself", "")
    if not isinstance(prediction, Prediction):
        return Seen(unknown=prediction.reason if isinstance(prediction, Unknown) else "nothing was foretold")
    row = next((item for item in prediction.items if item.framework == build.framework), None)
    if row is None or row.gpus is None:
        return Seen(unknown=row.because if row is not None else "nothing was foretold")
    return one("usable GPUs", row.gpus, f"{build.title}: {row.because}", "")


def of_gpus(sections: Sections, fact: str, field: str) -> Seen:
    """A value of each GPU: those that CUDA lists, else NVML's, else those that were seen at all."""
    libcuda, nvml, gpus = (section(sections, name) for name in ("libcuda", "nvml", "gpus"))
    if isinstance(libcuda, Libcuda) and libcuda.devices:
        return _each(libcuda.devices, "the CUDA driver", fact, field)
    if isinstance(nvml, Nvml) and nvml.devices:
        return _each(nvml.devices, "NVML", fact, field)
    if isinstance(gpus, Gpus) and gpus.nvidia:
        return _each(gpus.nvidia, "the PCI bus", fact, field)
    return missing(gpus)


def _each(items: Iterable[object], source: str, fact: str, field: str) -> Seen:
    values = [(getattr(item, "name", ""), getattr(item, field, None)) for item in items]
    blind = next((name or "a GPU" for name, value in values if value is None), "")
    return Seen(
        values=tuple(Evidence(fact, str(value), f"{name}, {source}") for name, value in values if value is not None),
        unknown=f"{blind} does not tell its {fact}" if blind else "",
    )


def driver_release(sections: Sections) -> Seen:
    """The release of the loaded module, else of NVML, else of the libraries on disk."""
    driver, nvml = section(sections, "driver"), section(sections, "nvml")
    if isinstance(driver, Driver) and driver.release:
        return one("driver release", driver.release, "kernel module", "")
    if isinstance(nvml, Nvml) and nvml.driver_release:
        return one("driver release", nvml.driver_release, "NVML", "")
    if isinstance(driver, Driver):
        libraries = [item for item in driver.libraries if item.kind != "stub"]
        if not libraries and not driver.modules_on_disk and not driver.module_loaded:
            return Seen()
        release = next((item.release for item in libraries if item.kind == "driver" and item.release), None)
        return one(
            "driver release", release, "its libraries; no module is loaded", "the driver does not tell its release"
        )
    return missing(driver)


def driver_cuda(sections: Sections) -> Seen:
    """The newest CUDA that the driver supports, as its libraries say."""
    libcuda, nvml = section(sections, "libcuda"), section(sections, "nvml")
    for answer, source in ((libcuda, "cuDriverGetVersion"), (nvml, "NVML")):
        if isinstance(answer, (Libcuda, Nvml)) and answer.cuda:
            return one("driver's CUDA version", answer.cuda, source, "")
    if isinstance(libcuda, Libcuda) or isinstance(nvml, Nvml):
        return Seen(unknown="the driver does not tell its CUDA version")
    return missing(libcuda, nvml)
