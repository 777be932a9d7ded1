"""Every package of the chosen recipe at one version: of channels by the solver, of the index by uv."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

import msgspec
from packaging.utils import canonicalize_name

from kdoctor.commands.choosing import Asked, Chosen
from kdoctor.commands.fix_pip import installer_for
from kdoctor.commands.solving import asking
from kdoctor.fix.by_uv import Uv
from kdoctor.fix.contents import pip_specs
from kdoctor.fix.files.dockerfile import GLIBC, PLATFORMS
from kdoctor.fix.files.pinned import Pin, Pinned, extras_of, in_order
from kdoctor.fix.locked import Target, pylock, resolved
from kdoctor.fix.machine import machine_of
from kdoctor.fix.reasons import of_python, package_of, reason
from kdoctor.fix.solve import NoSolution, Package, Question, Unreachable, solve
from kdoctor.fix.virtual import subdir_of
from kdoctor.host.live import LiveHost
from kdoctor.host.scratch import scratch
from kdoctor.model.recipe import Recipe
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import SymbolVersion

Kind: TypeAlias = Literal["docker", "environment-yml", "requirements", "pixi", "devcontainer"]
Say = Callable[[str], None]
IMAGES = frozenset(("docker", "devcontainer"))
CONDA_FILES = frozenset(("environment-yml", "pixi"))


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
    asks = None
    if _needs_conda(recipe, kinds):
        asks = asking(
            asked, found, host, target.python, subdir=target.platform, with_pip=bool(specs), glibc=target.glibc
        )
    with scratch() as folder:
        conda: tuple[Pin, ...] = ()
        if asks:
            say(f"solving for {target.platform}")
            cached = msgspec.structs.replace(asks.question, cache=folder) if leave_nothing else asks.question
            conda = _conda_pins(found, cached)
        wheels: tuple[Pin, ...] = ()
        lock = ""
        if specs:
            uv = uv_for(asked, host, folder if leave_nothing else "")
            say(f"resolving for Python {target.python.short} on {target.platform}")
            wheels = _wheel_pins(recipe, specs, target, uv, folder)
            lock = pylock(recipe, specs, target, uv, folder) if is_pylock else ""
    return Pinned(
        recipe=recipe,
        python=target.python,
        platform=target.platform,
        glibc=str(target.glibc or ""),
        kdoctor="",
        again=(),
        wheels=wheels,
        conda=conda,
        channels=asks.names if asks else (),
        machine={one.name: one.version for one in asks.question.virtual_packages} if asks else {},
        pylock=lock,
    )


def uv_for(asked: Asked, host: LiveHost, cache: str) -> Uv:
    """uv, told of the options. Raises Trouble: pip resolves for no other machine."""
    found = installer_for(asked, host, "")
    if not isinstance(found, Uv):
        hint = "Install it: `pip install 'keras-doctor[fix]'`."
        raise Trouble("uv-missing", "writing pinned files needs uv, which is not installed", hint=hint)
    return msgspec.structs.replace(found, environ={**found.environ, "UV_CACHE_DIR": f"{cache}/uv"}) if cache else found


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
    return of_python(recipe) if name == "python" else reason(recipe, name)


def _needed_by(packages: tuple[Package, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for package in packages:
        for depends in msgspec.json.decode(package.record).get("depends") or ():
            name = package_of(str(depends))
            found[name] = (*found.get(name, ()), package.name)
    return found


def _wheel_pins(recipe: Recipe, specs: tuple[str, ...], target: Target, uv: Uv, folder: str) -> tuple[Pin, ...]:
    asked, extras = tuple(package_of(spec) for spec in specs), extras_of(specs)
    pins = [
        Pin(
            name=one.name,
            version=one.version,
            hashes=one.hashes,
            extras=extras.get(one.name, ()),
            why=reason(recipe, one.name) if one.name in asked else "",
            needed_by=one.needed_by,
        )
        for one in resolved(recipe, specs, target, uv, folder)
    ]
    return in_order(pins, tuple(canonicalize_name(name) for name in asked))
