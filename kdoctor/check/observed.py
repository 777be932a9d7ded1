"""What is so on this machine, of all that can be required, and whether it is as required."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kdoctor import __version__
from kdoctor.check import seen_hardware as hardware
from kdoctor.check import seen_software as software
from kdoctor.check.requirements import PACKAGE, Required
from kdoctor.check.seen import Sections, Seen
from kdoctor.model.facts.requirement import Requirement
from kdoctor.model.finding import Evidence


def observed(required: Required, sections: Sections) -> Requirement:
    """The requirement with what was seen of it, and whether it is met."""
    seen = _seen(required.name, sections)
    met, unknown = _met(required, seen)
    title = required.subject.title
    return Requirement(
        text=required.text,
        name=required.name,
        title=title.replace("the ", "The ", 1) if title.startswith("the ") else title,
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
        return software.package(name.partition(":")[2], sections)
    return READ[name](sections)


READ: Mapping[str, Callable[[Sections], Seen]] = {
    "gpu": hardware.usable_gpus,
    "compute_capability": lambda sections: hardware.of_gpus(sections, "compute capability", "compute_capability"),
    "memory": lambda sections: hardware.of_gpus(sections, "memory", "memory_total_bytes"),
    "driver": hardware.driver_release,
    "driver.cuda": hardware.driver_cuda,
    "cuda": software.library("libcudart", "CUDA runtime"),
    "cudnn": software.library("libcudnn", "cuDNN"),
    "nccl": software.nccl,
    "tensorflow": software.framework("tensorflow"),
    "jax": software.framework("jax"),
    "torch": software.framework("torch"),
    "keras": software.keras,
    "keras.backend": software.backend,
    "python": software.python,
    "glibc": software.glibc,
    "kdoctor": lambda _: Seen(values=(Evidence("kdoctor", __version__, "this one"),)),
    "os": software.system(with_machine=False),
    "platform": software.system(with_machine=True),
}
