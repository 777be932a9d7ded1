"""What would conda take for given on a machine? The virtual packages of its facts, and those that would help.

A solver that is not told of a driver takes a CPU build in silence; so everything here is said, nothing is detected.
"""

from __future__ import annotations

from collections.abc import Mapping

from kdoctor.fix.machine import Machine, answer, machine_of
from kdoctor.fix.solve import VirtualPackage
from kdoctor.knowledge import cuda
from kdoctor.model.facts.base import Facts
from kdoctor.model.facts.cpu import Cpu
from kdoctor.model.facts.system import System
from kdoctor.model.recipe import Recipe
from kdoctor.model.version import CudaVersion

# The generic names of archspec; each needs the flags of those below it too. Read 2026-11-21: the x86-64 psABI.
_LEVELS = (
    ("x86_64_v3", frozenset(("avx2", "fma", "f16c"))),
    ("x86_64_v2", frozenset(("sse4_2", "ssse3"))),
)
_BASE = {"linux-64": "x86_64", "linux-aarch64": "aarch64", "osx-64": "x86_64", "osx-arm64": "m1", "win-64": "x86_64"}


def subdir_of(recipe: Recipe, machine: Machine) -> str:
    """The platform to solve for: the machine's own where the recipe has it."""
    return machine.platform if machine.platform in recipe.platforms else recipe.platforms[0]


def virtual_packages(recipe: Recipe, facts: Facts) -> tuple[VirtualPackage, ...]:
    """What the machine of these facts has; of CUDA what the recipe needs, where no driver tells."""
    machine, system = machine_of(facts), answer(facts, System)
    subdir = subdir_of(recipe, machine)
    found = [VirtualPackage("__archspec", "1", _level(facts, subdir))]
    if subdir.startswith("linux"):
        kernel = system.kernel.partition("-")[0].rstrip("+") if isinstance(system, System) else ""
        glibc = machine.glibc or recipe.requires.glibc
        found += [VirtualPackage("__linux", kernel or "0"), VirtualPackage("__unix", "0")]
        found += [VirtualPackage("__glibc", str(glibc))] if glibc else []
    elif subdir.startswith("osx"):
        found.append(VirtualPackage("__unix", "0"))
    else:
        found.append(VirtualPackage("__win", "0"))
    supported = cuda_of(recipe, machine)
    return (*found, VirtualPackage("__cuda", supported.short)) if supported else tuple(found)


def cuda_of(recipe: Recipe, machine: Machine) -> CudaVersion | None:
    """The newest CUDA that the driver supports: its own word, else its branch's; else what the recipe needs.

    None for a recipe without GPU: its environment is to hold no CUDA build.
    """
    if recipe.requires.gpu == "none":
        return None
    driver = machine.driver
    branch = cuda.cuda_of_branch(driver.release.parts[0]) if driver.release else None
    return driver.cuda or branch or recipe.requires.cuda


def alternatives(supported: CudaVersion | None) -> Mapping[str, tuple[str, ...]]:
    """What newer drivers would support, ascending."""
    known = sorted({row.cuda for row in cuda.branches()})
    newer = tuple(version.short for version in known if supported is not None and version > supported)
    return {"__cuda": newer} if newer else {}


def _level(facts: Facts, subdir: str) -> str:
    cpu = answer(facts, Cpu)
    flags = set(cpu.flags) if isinstance(cpu, Cpu) and subdir in ("linux-64", "osx-64", "win-64") else set()
    return next((name for name, needed in _LEVELS if needed <= flags), _BASE[subdir])
