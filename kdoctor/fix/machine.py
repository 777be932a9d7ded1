"""What does a recipe meet on this machine? The few facts that decide, out of the whole document."""

from __future__ import annotations

import re
from typing import Literal, TypeVar

import msgspec

from kdoctor.model.facts.base import Absent, Facts, Section, Unknown, section_name
from kdoctor.model.facts.conda import Conda
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.gpus import Gpu, Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.system import System
from kdoctor.model.facts.wsl import Wsl
from kdoctor.model.recipe import Method
from kdoctor.model.version import CudaVersion, DriverRelease, PythonVersion, SymbolVersion

SectionKind = TypeVar("SectionKind", bound=Section)
PLATFORMS = {
    ("linux", "x86_64"): "linux-64",
    ("linux", "aarch64"): "linux-aarch64",
    ("darwin", "x86_64"): "osx-64",
    ("darwin", "arm64"): "osx-arm64",
    ("windows", "AMD64"): "win-64",
    ("windows", "x86_64"): "win-64",
}


class DriverHere(msgspec.Struct, frozen=True, kw_only=True):
    """``cuda``: the newest CUDA that it supports, where it said so. ``note`` says what is wrong or unknown."""

    state: Literal["usable", "not-loaded", "absent", "unknown"]
    release: DriverRelease | None = None
    cuda: CudaVersion | None = None
    note: str = ""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Each value with "" or None where it is not known.

    ``has_gpu`` None: it could not be seen whether there is an NVIDIA GPU, ``gpus_unknown`` says why.
    ``prefers``: how the examined environment was made.
    """

    platform: str = ""
    libc: str = ""
    glibc: SymbolVersion | None = None
    has_gpu: bool | None = None
    gpus: tuple[Gpu, ...] = ()
    gpus_unknown: str = ""
    driver: DriverHere
    wsl: Wsl | None = None
    python: PythonVersion | None = None
    prefers: Method = "pip"


def machine_of(facts: Facts) -> Machine:
    """The machine that these facts describe; a section that is not there is unknown."""
    system = answer(facts, System)
    gpus = answer(facts, Gpus)
    wsl = answer(facts, Wsl)
    interpreter = answer(facts, Interpreter)
    conda = answer(facts, Conda)
    nvidia = gpus.nvidia if isinstance(gpus, Gpus) else ()
    hidden = gpus.reason if isinstance(gpus, Unknown) else ""
    if isinstance(wsl, Wsl) and wsl.linux_libraries and wsl.windows_libcuda and not nvidia:
        hidden = "a Linux driver inside WSL hides that of Windows"
    return Machine(
        platform=platform_of(system) if isinstance(system, System) else "",
        libc=system.libc if isinstance(system, System) else "",
        glibc=system.glibc if isinstance(system, System) else None,
        has_gpu=None if hidden else bool(nvidia),
        gpus=nvidia,
        gpus_unknown=hidden,
        driver=driver_of(facts, wsl if isinstance(wsl, Wsl) else None),
        wsl=wsl if isinstance(wsl, Wsl) else None,
        python=interpreter.version if isinstance(interpreter, Interpreter) else None,
        prefers="conda" if isinstance(conda, Conda) and conda.prefix else "pip",
    )


def answer(facts: Facts, kind: type[SectionKind]) -> SectionKind | Absent | Unknown:
    """The section of that kind; Unknown where the document does not have it."""
    found = facts.sections.get(section_name(kind), Unknown(reason="not in these facts"))
    return found if isinstance(found, (kind, Absent, Unknown)) else Unknown(reason="of another kind")


def platform_of(system: System) -> str:
    """The platform as channels name it, e.g. linux-64; any other as os-machine."""
    return PLATFORMS.get((system.os, system.machine), f"{system.os}-{system.machine}")


def driver_of(facts: Facts, wsl: Wsl | None) -> DriverHere:
    """The driver's release and CUDA version, the running driver's own answers before files."""
    nvml, libcuda, driver = answer(facts, Nvml), answer(facts, Libcuda), answer(facts, Driver)
    release = cuda = None
    works = False
    if isinstance(nvml, Nvml):
        release, cuda, works = nvml.driver_release, nvml.cuda, nvml.error_code == 0
    if isinstance(libcuda, Libcuda):
        cuda = libcuda.cuda or cuda
        works = works or (libcuda.init_code == 0 and not libcuda.load_error)
    if isinstance(driver, Driver):
        release = driver.release or release
    if works or release is not None:
        return DriverHere(state="usable", release=release, cuda=cuda)
    if isinstance(driver, Driver):
        return _not_loaded(driver, wsl)
    if isinstance(driver, Absent):
        return DriverHere(state="absent", note="no driver is installed")
    return DriverHere(state="unknown", cuda=cuda, note=driver.reason)


def _not_loaded(driver: Driver, wsl: Wsl | None) -> DriverHere:
    if wsl is not None and any(library.kind == "wsl" for library in driver.libraries):
        return DriverHere(state="unknown", note="Windows has the driver, and it did not answer")
    releases = [library.release for library in driver.libraries if library.kind == "driver" and library.release]
    newest = max(releases, default=None)
    if newest is None and not driver.modules_on_disk:
        return DriverHere(state="absent", note="nouveau is loaded instead" if driver.nouveau_loaded else "no driver")
    return DriverHere(state="not-loaded", release=newest, note="it is installed but not loaded")


def short_name(gpu: Gpu) -> str:
    """The product's name without the maker's.

    >>> short_name(Gpu(vendor="NVIDIA", name="GP107 [GeForce GTX 1050 Ti]"))
    'GTX 1050 Ti'
    """
    inner = re.search(r"\[([^\]]+)\]", gpu.name)
    name = re.sub(r"\b(NVIDIA|GeForce|Tesla|Graphics) ?", "", inner[1] if inner else gpu.name).strip()
    return name or gpu.architecture or "NVIDIA GPU"
