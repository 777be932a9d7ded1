"""Every package of the chosen recipe at one version: of channels by the solver, of the index by uv."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

import msgspec
import platformdirs
from packaging.utils import canonicalize_name

from kdoctor.commands.choosing import Asked, Chosen
from kdoctor.commands.fix_pip import uv_environ, uv_of
from kdoctor.fix.contents import pip_specs
from kdoctor.fix.files.dockerfile import GLIBC, PLATFORMS
from kdoctor.fix.files.pinned import Pin, Pinned, extras_of, in_order
from kdoctor.fix.locked import Target, pylock, resolved
from kdoctor.fix.machine import machine_of
from kdoctor.fix.pip import Tool
from kdoctor.fix.reasons import package_of
from kdoctor.fix.solve import GPU_PACKAGES, NoSolution, Package, Question, Unreachable, VirtualPackage, solve
from kdoctor.fix.virtual import alternatives, cuda_of, subdir_of, virtual_packages
from kdoctor.host.live import LiveHost
from kdoctor.host.scratch import scratch
from kdoctor.model.recipe import Recipe
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import SymbolVersion

Kind: TypeAlias = Literal["docker", "environment-yml", "requirements", "pixi", "devcontainer"]
Say = Callable[[str], None]
IMAGES = frozenset(("docker", "devcontainer"))
CONDA_FILES = frozenset(("environment-yml", "pixi"))
CHANNELS = ("conda-forge",)  # where the Python of a pip recipe comes from


def pinned_for(
    asked: Asked,
    found: Chosen,
    kinds: tuple[Kind, ...],
    host: LiveHost,
    say: Say,
    *,
    is_pylock: bool,
    leave_nothing: bool,
) -> Pinned:
    """Resolve it; raises Trouble where anything cannot be pinned. ``leave_nothing``: no cache is kept."""
    recipe, target = found.recipe, target_of(found, kinds)
    specs = pip_specs(recipe, target.python, target.platform)
    question = question_of(asked, found, target, with_pip=bool(specs)) if _needs_conda(recipe, kinds) else None
    with scratch() as folder:
        conda: tuple[Pin, ...] = ()
        if question:
            say(f"solving for {target.platform}")
            cache = folder if leave_nothing else f"{platformdirs.user_cache_dir('kdoctor')}/conda/repodata"
            conda = _conda_pins(found, msgspec.structs.replace(question, cache=cache))
        wheels: tuple[Pin, ...] = ()
        lock = ""
        if specs:
            environ = {**uv_environ(asked, host), **({"UV_CACHE_DIR": f"{folder}/uv"} if leave_nothing else {})}
            tool = Tool(uv=uv_of(host), python="", environ=environ)
            say(f"resolving for Python {target.python.short} on {target.platform}")
            wheels = _wheel_pins(recipe, specs, target, tool, folder)
            lock = pylock(recipe, specs, target, tool, folder) if is_pylock else ""
    return Pinned(
        recipe=recipe,
        python=target.python,
        platform=target.platform,
        glibc=str(target.glibc or ""),
        kdoctor="",
        again=(),
        wheels=wheels,
        conda=conda,
        channels=question.channels if question else (),
        machine={one.name: one.version for one in question.virtual_packages} if question else {},
        pylock=lock,
    )


def _needs_conda(recipe: Recipe, kinds: Iterable[Kind]) -> bool:
    return recipe.conda is not None or bool(CONDA_FILES & set(kinds))


def target_of(found: Chosen, kinds: Iterable[Kind]) -> Target:
    """The Python, the platform and the glibc to resolve for; those of an image where one is asked for."""
    recipe, machine = found.recipe, machine_of(found.facts)
    platform, glibc = subdir_of(recipe, machine), machine.glibc or recipe.requires.glibc
    if IMAGES & set(kinds):
        platform = (
            platform if platform in PLATFORMS else next((one for one in recipe.platforms if one in PLATFORMS), "")
        )
        if not platform:
            raise Trouble("no-image", f"{recipe.id} is not for Linux, so there is no image for it", code=2)
        glibc = min(glibc or SymbolVersion(GLIBC), SymbolVersion(GLIBC))
    if glibc and recipe.requires.glibc:
        glibc = max(glibc, recipe.requires.glibc)
    if not platform.startswith("linux"):
        glibc = None
    return Target(python=found.choice.python or found.pythons[-1], platform=platform, glibc=glibc)


def question_of(asked: Asked, found: Chosen, target: Target, *, with_pip: bool) -> Question:
    """What the solver is asked: the recipe's specs, or only its Python for a recipe of the index."""
    recipe, machine = found.recipe, machine_of(found.facts)
    part = recipe.conda
    specs = (f"python={target.python.short}", *(part.specs if part else ()), *(("pip",) if with_pip else ()))
    found_here = [one for one in virtual_packages(recipe, found.facts) if one.name != "__glibc"]
    glibc = (VirtualPackage("__glibc", str(target.glibc)),) if target.glibc else ()
    return Question(
        specs=specs,
        channels=asked.channels or (part.channels if part else CHANNELS),
        subdir=target.platform,
        virtual_packages=(*found_here, *glibc),
        cache="",
        gpu=GPU_PACKAGES if recipe.requires.gpu == "required" and part else (),
        alternatives=alternatives(cuda_of(recipe, machine)),
        exclude_newer=_moment(asked.exclude_newer),
        offline=asked.offline,
    )


def _moment(text: str) -> dt.datetime | None:
    if not text:
        return None
    try:
        found = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        message = f"--exclude-newer {text}: expected a day or a time, such as 2026-11-21"
        raise Trouble("date-not-understood", message, code=2) from error
    return found if found.tzinfo else found.replace(tzinfo=dt.timezone.utc)


def _conda_pins(found: Chosen, question: Question) -> tuple[Pin, ...]:
    hint = f"`kdoctor recipes show {found.recipe.id}` prints what it asks for, to be pinned elsewhere."
    solved = solve(question)
    if isinstance(solved, Unreachable):
        raise Trouble("channel-not-reached", f"{solved.channel} was not reached: {solved.why}", hint=hint)
    if isinstance(solved, NoSolution):
        helps = f"It would work {solved.relaxations[0]}." if solved.relaxations else hint
        raise Trouble("no-solution", f"no solution: {' '.join(solved.text.split())}", hint=helps)
    asked = tuple(package_of(spec) for spec in question.specs)
    needed = _needed_by(solved.packages)
    pins = [
        Pin(
            name=one.name,
            version=one.version,
            build=one.build,
            url=one.url,
            hashes=(*((f"md5:{one.md5}",) if one.md5 else ()), *((f"sha256:{one.sha256}",) if one.sha256 else ())),
            why=_why(found.recipe, one.name) if one.name in asked else "",
            needed_by=needed.get(one.name, ()),
        )
        for one in solved.packages
    ]
    return in_order(pins, asked)


def _why(recipe: Recipe, name: str) -> str:
    if name == "pip" and name not in recipe.reasons:
        return "Installs the packages of the index."
    return Pinned(recipe=recipe, python=recipe.python[-1], platform="", kdoctor="", again=()).reason(name)


def _needed_by(packages: tuple[Package, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for package in packages:
        for depends in msgspec.json.decode(package.record).get("depends") or ():
            name = package_of(str(depends))
            found[name] = (*found.get(name, ()), package.name)
    return found


def _wheel_pins(recipe: Recipe, specs: tuple[str, ...], target: Target, tool: Tool, folder: str) -> tuple[Pin, ...]:
    asked, extras = tuple(package_of(spec) for spec in specs), extras_of(specs)
    pins = [
        Pin(
            name=one.name,
            version=one.version,
            hashes=one.hashes,
            extras=extras.get(one.name, ()),
            why=recipe.reasons.get(one.name, "") if one.name in asked else "",
            needed_by=one.needed_by,
        )
        for one in resolved(recipe, specs, target, tool, folder)
    ]
    return in_order(pins, tuple(canonicalize_name(name) for name in asked))
