"""Does a machine meet what a recipe requires? One verdict for each requirement, with the numbers needed and found."""

from __future__ import annotations

from kdoctor.fix.hardware import branch_check, capability_check, driver_check, gpu_check
from kdoctor.fix.machine import Machine
from kdoctor.fix.verdict import EASY, HARD, NEVER, Check, State
from kdoctor.model.recipe import Recipe
from kdoctor.model.version import PythonVersion


def checks(recipe: Recipe, machine: Machine, python: PythonVersion | None) -> tuple[Check, ...]:
    """Every requirement of the recipe; ``python``: the version that was asked for, None for any."""
    needs = (driver_check, branch_check, gpu_check, capability_check)
    found = [check for need in needs if (check := need(recipe, machine)) is not None]
    last = (_python(recipe, machine, python), _glibc(recipe, machine), _platform(recipe, machine))
    return (*found, *(check for check in last if check is not None))


def _platform(recipe: Recipe, machine: Machine) -> Check:
    needed = " or ".join(recipe.platforms)
    if recipe.requires.wsl:
        return _wsl(machine)
    if not machine.platform:
        return Check(requirement="platform", state="unknown", needed=needed, text=f"{needed} needed, platform unknown")
    state: State = "ok" if machine.platform in recipe.platforms else "fails"
    text = machine.platform if state == "ok" else f"{needed} needed, this is {machine.platform}"
    return Check(requirement="platform", state=state, needed=needed, found=machine.platform, text=text, effort=HARD)


def _wsl(machine: Machine) -> Check:
    if machine.wsl is not None:
        stray = bool(machine.wsl.linux_libraries)
        state: State = "ok" if machine.wsl.version > 1 and machine.wsl.dxg else "fails"
        found = f"WSL {machine.wsl.version}{'' if machine.wsl.dxg else ' without /dev/dxg'}"
        text = f"{found}{', with a Linux driver that must go' if stray else ''}"
        text = text if state == "ok" else f"WSL 2 with /dev/dxg needed, this is {found}"
        return Check(requirement="wsl", state=state, needed="WSL 2", found=found, text=text, effort=EASY)
    if machine.platform == "win-64":
        text = "WSL 2 needed, this is native Windows"
        return Check(requirement="wsl", state="fails", needed="WSL 2", found="Windows", text=text, effort=EASY)
    found = machine.platform or "unknown"
    text = f"WSL 2 needed, this is {found}"
    state = "fails" if machine.platform else "unknown"
    return Check(requirement="wsl", state=state, needed="WSL 2", found=found, text=text, effort=NEVER)


def _glibc(recipe: Recipe, machine: Machine) -> Check | None:
    needed = recipe.requires.glibc
    if needed is None or (machine.platform and not machine.platform.startswith("linux")):
        return None
    if machine.libc not in ("", "glibc"):
        text = f"glibc {needed} needed, this is {machine.libc}"
        return Check(requirement="glibc", state="fails", needed=str(needed), found=machine.libc, text=text, effort=HARD)
    if machine.glibc is None:
        return Check(
            requirement="glibc", state="unknown", needed=str(needed), text=f"glibc {needed} needed, unknown here"
        )
    is_enough = machine.glibc >= needed
    text = f"glibc {machine.glibc}" if is_enough else f"glibc {needed} needed, {machine.glibc} found"
    return Check(
        requirement="glibc",
        state="ok" if is_enough else "fails",
        needed=str(needed),
        found=str(machine.glibc),
        text=text,
        effort=HARD,
    )


def _python(recipe: Recipe, machine: Machine, asked: PythonVersion | None) -> Check:
    """An environment of conda brings its own Python; pip's has the one at hand."""
    needed = span(recipe.python)
    version = asked or (machine.python if recipe.method == "pip" else recipe.python[-1])
    if version is None:
        text = f"Python {needed} needed, unknown here"
        return Check(requirement="python", state="unknown", needed=needed, text=text)
    fits = any(version.parts[:2] == each.parts for each in recipe.python)
    word = "asked for" if asked else "found"
    text = f"Python {version.short}" if fits else f"Python {needed} needed, {version.short} {word}"
    return Check(
        requirement="python",
        state="ok" if fits else "fails",
        needed=needed,
        found=version.short,
        text=text,
        effort=NEVER if asked else EASY,
    )


def span(versions: tuple[PythonVersion, ...]) -> str:
    """The minor versions as text: "3.9 to 3.13"."""
    first, last = versions[0].short, versions[-1].short
    return first if first == last else f"{first} to {last}"
