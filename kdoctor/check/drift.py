"""What differs between two sets of facts of one machine or environment, by group, the most important group first.

Only values that mean something are compared: what changes by itself (temperatures, free memory, processes, seconds)
is not looked at, and names and GPU identities, which a saved report does not hold, are taken out of both sides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from kdoctor.model.facts.base import Absent, Answered, Facts, Unknown
from kdoctor.model.facts.conda import Conda
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.cuda_libraries import CudaLibraries
from kdoctor.model.facts.cuda_toolkits import CudaToolkits
from kdoctor.model.facts.distributions import Distributions
from kdoctor.model.facts.drift import Changed, Drift
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.prediction import Prediction
from kdoctor.model.facts.scheduler import Scheduler
from kdoctor.model.facts.system import System

Values = Iterator[tuple[str, object]]
Read = Callable[[Answered], Values]
FIRST = ("tensorflow", "keras", "jax", "jaxlib", "torch", "numpy", "nvidia-", "tf-keras")
OF_THE_SHELL = frozenset(("PATH", "PWD", "OLDPWD", "SHLVL", "HOME", "USER", "LOGNAME", "TERM", "HOSTNAME"))
NOT_COMPARED = "KDOCTOR_"
_HOME = re.compile(r"(/home/|/Users/|[A-Za-z]:\\Users\\)[^/\\:;,\s]+")
_UUID = re.compile(r"\b(GPU|MIG)-[0-9a-fA-F-]{8,}")
LONGEST = 120


def drifts(before: Facts, now: Facts, expected: str, clean: Callable[[str], str] = str) -> tuple[Drift, ...]:
    """One for each group, differing or not.

    ``expected``: the name of the earlier report; ``clean``: takes out what a saved report does not hold.
    """
    return tuple(_group(group, reads, (before, now), expected, clean) for group, reads in GROUPS.items())


def _group(
    group: str, reads: Mapping[str, Read], both: tuple[Facts, Facts], expected: str, clean: Callable[[str], str]
) -> Drift:
    before, now = both
    changes: list[Changed] = []
    unknown = []
    for name, read in reads.items():
        then, today = before.sections.get(name), now.sections.get(name)
        reasons = [reason for reason in (_why_not(then, name, "then"), _why_not(today, name, "now")) if reason]
        if reasons:
            unknown += reasons
        elif then is not None and today is not None:
            changes += _changes(dict(_values(read, then, clean)), dict(_values(read, today, clean)))
    return Drift(group=group, expected=expected, changes=tuple(changes), unknown="; ".join(unknown))


def _why_not(section: Answered | None, name: str, when: str) -> str:
    if section is None:
        return f"{name} was not recorded {when}"
    return f"{name} was not measured {when}: {section.reason}" if isinstance(section, Unknown) else ""


def _values(read: Read, section: Answered, clean: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    if isinstance(section, Absent):
        return
    for label, value in read(section):
        text = "" if value is None else str(value)
        if text:
            yield plain(clean(label)), plain(clean(text))


def plain(text: str) -> str:
    """Text without what differs between a redacted report and the machine itself.

    >>> plain("/home/ada/ml/bin GPU-11111111-2222-3333-4444-555555555555")
    '/home/user/ml/bin GPU-x'
    """
    return _UUID.sub(r"\1-x", _HOME.sub(r"\1user", text))


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[Changed]:
    """In the order of the earlier report, what is new last."""
    labels = dict.fromkeys((*before, *now))
    both = ((label, before.get(label, ""), now.get(label, "")) for label in labels)
    return [Changed(label, _cut(was), _cut(is_)) for label, was, is_ in both if was != is_]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _prediction(section: Answered) -> Values:
    for item in section.items if isinstance(section, Prediction) else ():
        yield f"GPUs that {item.framework} can use", "not known" if item.gpus is None else item.gpus


def _gpus(section: Answered) -> Values:
    counted = Counter(gpu.name or f"{gpu.vendor} GPU" for gpu in section.items) if isinstance(section, Gpus) else {}
    yield from counted.items()


def _memory(section: Answered) -> Values:
    if isinstance(section, Nvml):
        for device in section.devices:
            total = device.memory_total_bytes
            yield f"memory of GPU {device.index}", None if total is None else f"{total / 2**30:.4g} GiB"
            yield f"MIG of GPU {device.index}", _on(device.mig_enabled)
            yield f"ECC of GPU {device.index}", _on(device.ecc_enabled)
            yield f"compute mode of GPU {device.index}", device.compute_mode
            yield f"error of GPU {device.index}", device.error


def _on(value: bool | None) -> str | None:  # noqa: FBT001  a fact, not an option
    return None if value is None else "on" if value else "off"


def _driver(section: Answered) -> Values:
    if isinstance(section, Driver):
        yield "driver release", section.release
        yield "kernel module", section.flavour
        yield "kernel module loaded", "yes" if section.module_loaded else "no"
        yield "nvidia-uvm loaded", None if section.uvm_loaded is None else "yes" if section.uvm_loaded else "no"
        releases = sorted({str(item.release) for item in section.libraries if item.kind == "driver" and item.release})
        yield "driver libraries", ", ".join(releases)


def _driver_cuda(section: Answered) -> Values:
    if isinstance(section, Libcuda):
        yield "driver's CUDA version", section.cuda
        yield "cuInit", f"{section.init_code} {section.init_error}".strip()


def _libraries(section: Answered) -> Values:
    for search in section.searches if isinstance(section, CudaLibraries) else ():
        for item in (*search.libraries, *search.linked):
            stem = item.soname.partition(".so")[0]
            kind = f"{item.version or item.soname} ({item.source})" if item.state == "opens" else item.state
            yield f"{stem} of {search.framework}", kind


def _toolkits(section: Answered) -> Values:
    for item in section.items if isinstance(section, CudaToolkits) else ():
        yield f"CUDA toolkit in {item.path}", item.version or "version unknown"


def _frameworks(section: Answered) -> Values:
    for build in section.builds if isinstance(section, Frameworks) else ():
        name, _, version = build.title.partition(" ")
        yield name, version
        yield f"build of {name}", f"{build.gpu} {build.cuda or ''}".strip()


def _keras(section: Answered) -> Values:
    if isinstance(section, Keras):
        yield "Keras", section.version or section.tf_keras
        yield "Keras's backend", section.backend


def _interpreter(section: Answered) -> Values:
    if isinstance(section, Interpreter):
        yield "Python", section.version
        yield "kind of environment", section.kind


def _distributions(section: Answered) -> Values:
    found: dict[str, str] = {}
    for item in section.items if isinstance(section, Distributions) else ():
        found.setdefault(item.name, item.version)
    yield from sorted(found.items(), key=lambda pair: (not pair[0].startswith(FIRST), pair[0]))


def _conda(section: Answered) -> Values:
    for item in section.packages if isinstance(section, Conda) else ():
        yield f"conda {item.name}", f"{item.version} {item.build}"


def _system(section: Answered) -> Values:
    if isinstance(section, System):
        yield "operating system", section.distribution or section.os
        yield "kernel", section.kernel
        yield "machine", section.machine
        yield "C library", f"{section.libc} {section.glibc or ''}".strip()
        yield "secure boot", _on(section.secure_boot)


def _container(section: Answered) -> Values:
    if isinstance(section, Container):
        yield "container", section.kind


def _scheduler(section: Answered) -> Values:
    if isinstance(section, Scheduler):
        yield "scheduler", section.kind
        yield "GPUs granted", section.gpus_granted


def _environ(section: Answered) -> Values:
    for name, value in sorted(section.variables.items()) if isinstance(section, Environ) else ():
        if name not in OF_THE_SHELL and not name.startswith(NOT_COMPARED):
            yield name, value or "(empty)"


GROUPS: Mapping[str, Mapping[str, Read]] = {
    "GPUs": {"prediction": _prediction, "gpus": _gpus, "nvml": _memory},
    "NVIDIA driver": {"driver": _driver, "libcuda": _driver_cuda},
    "CUDA libraries and cuDNN": {"cuda_libraries": _libraries, "cuda_toolkits": _toolkits},
    "Keras and frameworks": {"frameworks": _frameworks, "keras": _keras},
    "Environment variables": {"environ": _environ},
    "Container and scheduler": {"container": _container, "scheduler": _scheduler},
    "Python": {"interpreter": _interpreter},
    "System": {"system": _system},
    "Packages": {"distributions": _distributions, "conda": _conda},
}
