"""What the user's words mean: models, driver releases, faults, MIG layouts; and what is known where a word is none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kdoctor.fakegpu.machine import Divided
from kdoctor.knowledge.cuda import branches, toolkits
from kdoctor.knowledge.faults import Fault, fault, faults
from kdoctor.knowledge.gpus import GpuModel, architecture, model_of, models
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import CudaVersion, DriverRelease

DEFAULT_MODEL = "a100-sxm4-40"
DEFAULT_DRIVER = DriverRelease("550.54.15")
MOST_GPUS = 64  # of cuda.c and nvml.c
_FAMILY = 5  # release 551 is of branch 550, 566 of 565
_MIG = re.compile(r"(?:(?P<gpu>\d{1,2}):)?(?:(?:(?P<count>[1-7])x)?(?P<profile>[1-7]g\.\d{1,3}gb)|(?P<empty>on))")


def known_models() -> tuple[GpuModel, ...]:
    """The models that can be simulated."""
    return tuple(model for model in models() if model.name)


def models_of(words: Sequence[str], gpus: int) -> tuple[GpuModel, ...]:
    """A model for each GPU: the named ones in order, the last again where there are more GPUs. Raises Trouble."""
    named = [model_named(word) for word in words or (DEFAULT_MODEL,)]
    count = gpus or len(named)
    if count > MOST_GPUS:
        raise Trouble("gpus-too-many", f"--gpus {count}: at most {MOST_GPUS} can be simulated", code=2)
    if count < len(named):
        raise Trouble("gpus-too-few", f"--gpus {count} for {len(named)} models", code=2)
    return (*named, *[named[-1]] * (count - len(named)))


def model_named(word: str) -> GpuModel:
    """The model that an id, the beginning of one or a product name means; of several ids the first. Raises Trouble."""
    wanted = _plain(word)
    ids = {_plain(model.id): model for model in known_models()}
    begins = (model for model in known_models() if model.id.startswith(f"{word.lower()}-"))
    found = ids.get(wanted) or next(begins, None) or model_of(word)
    if not wanted or found is None or not found.name:
        known = ", ".join(model.id for model in known_models())
        raise Trouble("model-unknown", f"--model {word}: no such model; known are {known}", code=2)
    return found


def _plain(word: str) -> str:
    return re.sub(r"[\s_-]", "", word.lower()).removeprefix("nvidia").removeprefix("geforce")


def driver_of(text: str, gpus: Sequence[GpuModel]) -> tuple[DriverRelease, CudaVersion]:
    """The release, and the CUDA version it supports; without a text one that knows all the GPUs. Raises Trouble."""
    if not text:
        release = next((driver for driver in _default_drivers() if not _unsupported(driver, gpus)), None)
        if release is None:
            message = "no driver knows all these models: " + ", ".join(dict.fromkeys(model.name for model in gpus))
            raise Trouble("models-without-driver", message, code=2)
        return release, cuda_of(release)
    given = DriverRelease.parse(text)
    if given is None:
        raise Trouble("driver-unreadable", f"--driver {text}: expected a release such as {DEFAULT_DRIVER}", code=2)
    wrong = _unsupported(given, gpus)
    if wrong:
        raise Trouble("driver-without-model", f"--driver {text}: {wrong}", code=2)
    return given, cuda_of(given)


def _default_drivers() -> list[DriverRelease]:
    known = [release.driver_linux for toolkit in reversed(toolkits()) for release in reversed(toolkit.releases)]
    return [DEFAULT_DRIVER, *(driver for driver in known if driver is not None and len(driver.parts) > 1)]


def _unsupported(driver: DriverRelease, gpus: Sequence[GpuModel]) -> str:
    for model in gpus:
        row = architecture(model.architecture)
        first, last = (row.min_driver_branch, row.last_driver_branch) if row else (None, None)
        if first is not None and driver.major < first:
            return f"{model.name} ({model.architecture}) needs a driver of branch {first} or newer"
        if last is not None and driver.major >= last + _FAMILY:
            return f"the last branch for {model.name} ({model.architecture}) is {last}"
    return ""


def cuda_of(driver: DriverRelease) -> CudaVersion:
    """The newest CUDA version that a driver supports. Raises Trouble for a branch that is not known."""
    rows = [row for row in branches() if row.branch <= driver.major < row.branch + _FAMILY]
    if not rows:
        known = ", ".join(str(row.branch) for row in branches())
        message = f"--driver {driver}: branch {driver.major} is not known; known are {known}"
        raise Trouble("driver-unknown", message, code=2)
    return rows[-1].cuda


def faults_of(names: Sequence[str]) -> tuple[Fault, ...]:
    """The named faults; raises Trouble for one that is not known, and for two that cannot be at once."""
    found = []
    for name in names:
        row = fault(name)
        if row is None:
            known = ", ".join(each.id for each in faults())
            raise Trouble("fault-unknown", f"--fault {name}: no such fault; known are {known}", code=2)
        found.append(row)
    if len({row.offered for row in found} - {"both"}) > 1:
        raise Trouble("faults-exclude-each-other", "without libcuda and NVML nothing is left to simulate", code=2)
    return tuple(found)


def mig_of(words: Sequence[str], gpus: int) -> tuple[Divided, ...]:
    """MIG layouts: `3g.20gb`, `2x3g.20gb`, `0:7x1g.5gb`, or `on` for a GPU in MIG mode without an instance.

    >>> mig_of(["1:2x3g.20gb"], 2)
    (Divided(gpu=1, profile='3g.20gb', count=2),)
    """
    found = []
    for word in words:
        match = _MIG.fullmatch(word)
        gpu = int(match["gpu"]) if match and match["gpu"] else None
        if match is None or (gpu is not None and gpu >= gpus):
            hint = "Write [GPU:][COUNTx]PROFILE, e.g. 3g.20gb, 2x3g.20gb, 0:7x1g.5gb; or [GPU:]on for no instance."
            seen = "is no MIG layout" if match is None else f"there are {gpus} GPUs, numbered from 0"
            raise Trouble("mig-unreadable", f"--mig {word}: {seen}", hint=hint, code=2)
        found.append(Divided(gpu=gpu, profile=match["profile"] or "", count=0 if match["empty"] else _count(match)))
    return tuple(found)


def _count(match: re.Match[str]) -> int:
    return int(match["count"] or 1)
