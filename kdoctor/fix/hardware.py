"""Does the GPU, and its driver, meet what a recipe requires?"""

from __future__ import annotations

from kdoctor.fix.machine import DriverHere, Machine, short_name
from kdoctor.fix.verdict import EASY, HARD, NEVER, Check, State
from kdoctor.knowledge import gpus as gpu_table
from kdoctor.model.facts.gpus import Gpu
from kdoctor.model.recipe import Recipe
from kdoctor.model.version import ComputeCapability, CudaVersion, DriverRelease

COMPATIBLE_FROM = 11  # the first CUDA major in which any minor runs on a driver of that major


def left_out(recipe: Recipe, machine: Machine) -> tuple[Gpu, ...]:
    """The GPUs that the recipe has no code for, on a machine with others that it has code for."""
    if recipe.requires.gpu == "none":
        return ()
    bad = tuple(gpu for gpu in machine.gpus if fits_gpu(recipe, gpu) is False)
    return bad if len(bad) < len(machine.gpus) else ()


def fits_gpu(recipe: Recipe, gpu: Gpu) -> bool | None:
    """Whether there is code for this GPU; None where its compute capability is not known and the generation is split.

    A generation without a known member counts by all of its compute capabilities.
    """
    answers = {recipe.requires.has_code_for(capability) for capability in capabilities(gpu)}
    return answers.pop() if len(answers) == 1 else None


def capabilities(gpu: Gpu) -> tuple[ComputeCapability, ...]:
    """The compute capability, or those of its generation; () where neither is known."""
    if gpu.compute_capability is not None:
        return (gpu.compute_capability,)
    row = gpu_table.architecture(gpu.architecture)
    return row.compute_capabilities if row else ()


def gpu_check(recipe: Recipe, machine: Machine) -> Check | None:
    """Whether there is an NVIDIA GPU, or one that would be left unused."""
    if recipe.requires.gpu != "required":
        if machine.gpus and recipe.requires.gpu == "none":
            text = f"it leaves the {short_name(machine.gpus[0])} unused"
            return Check(requirement="gpu", state="ok", needed="no GPU", found="a GPU", text=text)
        return None
    needed = "an NVIDIA GPU"
    if machine.has_gpu is None:
        text = f"NVIDIA GPU needed, unknown here: {machine.gpus_unknown}"
        return Check(requirement="gpu", state="unknown", needed=needed, text=text)
    if not machine.has_gpu:
        text = "NVIDIA GPU needed, none found"
        return Check(requirement="gpu", state="fails", needed=needed, found="none", text=text, effort=HARD)
    return None


def capability_check(recipe: Recipe, machine: Machine) -> Check | None:
    """Whether there is code for at least one of the GPUs."""
    if not machine.gpus or recipe.requires.gpu == "none":
        return None
    needed = limits(recipe)
    if not needed:
        return None
    verdicts = [(gpu, fits_gpu(recipe, gpu)) for gpu in machine.gpus]
    fitting = [gpu for gpu, verdict in verdicts if verdict]
    unknown = [gpu for gpu, verdict in verdicts if verdict is None]
    shown = (fitting or unknown or list(machine.gpus))[0]
    found = str(shown.compute_capability or shown.architecture or "unknown")
    state: State = "ok" if fitting else "unknown" if unknown else "fails"
    name = short_name(shown)
    if state == "ok":
        text = f"{name} ({found})"
    else:
        text = f"compute capability {needed} needed, {name} has {found}"
        text = text if state == "fails" else f"compute capability {needed} needed, that of {name} is not known"
    effort = min(HARD + _gap(recipe, shown), NEVER - 1)
    return Check(requirement="compute-capability", state=state, needed=needed, found=found, text=text, effort=effort)


def _gap(recipe: Recipe, gpu: Gpu) -> int:
    """How far the GPU is from the limits, in tenths of a compute capability."""
    low, high = recipe.requires.compute_capability_min, recipe.requires.compute_capability_max
    ends = [10 * end.major + end.minor for end in (low, high) if end is not None]
    here = [10 * each.major + each.minor for each in capabilities(gpu)]
    return min((abs(end - each) for end in ends for each in here), default=0)


def limits(recipe: Recipe) -> str:
    """The compute capabilities as text, e.g. "6.0 to 9.0"; "" for no limit."""
    low, high = recipe.requires.compute_capability_min, recipe.requires.compute_capability_max
    text = f"{low} to {high}" if low and high else f"{low} or more" if low else f"{high} or less" if high else ""
    excepted = ", ".join(str(each) for each in recipe.requires.compute_capability_except)
    return f"{text} but not {excepted}" if text and excepted else text


def branch_check(recipe: Recipe, machine: Machine) -> Check | None:
    """Whether this driver runs these GPUs at all."""
    release = machine.driver.release
    if recipe.requires.gpu == "none" or release is None or machine.wsl is not None:
        return None
    for gpu in machine.gpus:
        row = gpu_table.architecture(gpu.architecture)
        if row is None or fits_gpu(recipe, gpu) is False:
            continue
        first, last = row.min_driver_branch, row.last_driver_branch
        if last is not None and release.major > last:
            return _other_branch(f"{row.name} needs driver branch {last} or older", f"{last}", release)
        if first is not None and release.major < first:
            return _other_branch(f"{row.name} needs driver branch {first} or newer", f"{first}", release)
    return None


def _other_branch(text: str, needed: str, release: DriverRelease) -> Check:
    return Check(
        requirement="driver-branch",
        state="fails",
        needed=needed,
        found=str(release),
        text=f"{text}, {release} found",
        effort=EASY,
    )


def driver_check(recipe: Recipe, machine: Machine) -> Check | None:
    """Whether the driver runs programs of this CUDA; under WSL it is the one of Windows."""
    requires, driver = recipe.requires, machine.driver
    needed = requires.driver_min_windows if machine.wsl is not None else requires.driver_min
    if needed is None or requires.gpu == "none" or machine.has_gpu is False:
        return None
    effort = HARD if _is_out_of_reach(recipe, machine, needed) else EASY
    found = str(driver.release or "")
    if driver.state in ("absent", "not-loaded"):
        had = f"{found} is installed but not loaded" if found else driver.note
        text = f"driver {needed} needed, {had}"
        return Check(
            requirement="driver", state="fails", needed=str(needed), found=found or "none", text=text, effort=effort
        )
    if driver.release is None:
        return _by_cuda(requires.cuda, needed, driver, effort)
    top = requires.driver_max
    too_new = top is not None and driver.release > top
    is_enough = driver.release >= needed and not too_new
    text = f"driver {driver.release}" if is_enough else f"driver {needed} needed, {driver.release} found"
    text = f"driver {top} or older needed, {driver.release} found" if too_new else text
    return Check(
        requirement="driver",
        state="ok" if is_enough else "fails",
        needed=str(top if too_new else needed),
        found=found,
        text=text,
        effort=effort,
    )


def _by_cuda(cuda: CudaVersion | None, needed: DriverRelease, driver: DriverHere, effort: int) -> Check:
    """By the newest CUDA that the driver supports, where it told no release."""
    if driver.cuda is None or cuda is None:
        note = f": {driver.note}" if driver.note else ""
        text = f"driver {needed} needed, unknown here{note}"
        return Check(requirement="driver", state="unknown", needed=str(needed), text=text)
    floor = CudaVersion(f"{cuda.major}.0") if cuda.major >= COMPATIBLE_FROM else cuda
    is_enough = driver.cuda >= floor
    text = f"the driver supports CUDA {driver.cuda}"
    return Check(
        requirement="driver",
        state="ok" if is_enough else "fails",
        needed=str(needed),
        found=f"CUDA {driver.cuda}",
        text=text if is_enough else f"driver {needed} needed, {text}",
        effort=effort,
    )


def _is_out_of_reach(recipe: Recipe, machine: Machine, needed: DriverRelease) -> bool:
    """Whether no driver as new as that runs the GPUs that the recipe is for."""
    lasts = [_last_branch(gpu) for gpu in machine.gpus if fits_gpu(recipe, gpu) is not False]
    return bool(lasts) and all(last is not None and last < needed.major for last in lasts)


def _last_branch(gpu: Gpu) -> int | None:
    row = gpu_table.architecture(gpu.architecture)
    return row.last_driver_branch if row else None
