"""Which packages of the index fulfil a recipe, each with its hashes: asked of uv, for any Python and platform."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import msgspec

from kdoctor.fix.by_uv import Uv
from kdoctor.fix.installer import RESOLVE_TIMEOUT_S
from kdoctor.host.rename import write_file
from kdoctor.model.recipe import Recipe
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import PythonVersion, SymbolVersion

_TARGETS = {"osx-64": "x86_64-apple-darwin", "osx-arm64": "aarch64-apple-darwin", "win-64": "x86_64-pc-windows-msvc"}
_MANYLINUX = (17, 28, *range(31, 41))  # what uv knows of glibc 2
_PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>[A-Za-z0-9.!+_-]+)\Z")
_HASH = re.compile(r"--hash=(?P<hash>sha(?:256|384|512):[0-9a-f]+)\Z")
_VIA = re.compile(r"# +(?:via +)?(?P<name>[a-z0-9][a-z0-9-]*)\Z")


class Locked(msgspec.Struct, frozen=True, kw_only=True):
    """One package as it was resolved; ``needed_by``: the packages that ask for it."""

    name: str
    version: str
    hashes: tuple[str, ...]
    needed_by: tuple[str, ...] = ()


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What to resolve for; ``glibc`` None where it is not known, or there is none."""

    python: PythonVersion
    platform: str
    glibc: SymbolVersion | None = None


def platform_of(target: Target, needed: SymbolVersion | None) -> str:
    """The platform in uv's words: the newest glibc that it knows and the machine has, not below what is needed."""
    if not target.platform.startswith("linux"):
        return _TARGETS[target.platform]
    found, least = _minor(target.glibc or needed), _minor(needed)
    known = max((one for one in _MANYLINUX if one <= found), default=_MANYLINUX[0])
    if known < least:
        known = min((one for one in _MANYLINUX if one >= least), default=_MANYLINUX[-1])
    return f"{'aarch64' if target.platform == 'linux-aarch64' else 'x86_64'}-manylinux_2_{known}"


def _minor(version: SymbolVersion | None) -> int:
    return version.parts[1] if version else 0


def resolved(recipe: Recipe, specs: tuple[str, ...], target: Target, uv: Uv, folder: str) -> tuple[Locked, ...]:
    """The packages, by name; raises Trouble where they cannot be had."""
    write_file(f"{folder}/recipe.in", "".join(f"{spec}\n" for spec in specs).encode())
    words = (*_words(recipe, target), "--generate-hashes", f"{folder}/recipe.in")
    ran = uv.run("pip", "compile", *words, timeout_s=RESOLVE_TIMEOUT_S, doing="resolving")
    return tuple(parsed(ran.out))


def pylock(recipe: Recipe, specs: tuple[str, ...], target: Target, uv: Uv, folder: str) -> str:
    """The same as pylock.toml."""
    write_file(f"{folder}/recipe.in", "".join(f"{spec}\n" for spec in specs).encode())
    words = (*_words(recipe, target), "--format", "pylock.toml", f"{folder}/recipe.in")
    return uv.run("pip", "compile", *words, timeout_s=RESOLVE_TIMEOUT_S, doing="resolving").out


def _words(recipe: Recipe, target: Target) -> tuple[str, ...]:
    """Only wheels, but where the recipe says that there is none: what would be built here fits no other machine."""
    from_source = recipe.pip.from_source if recipe.pip else ()
    built = [word for name in from_source for word in ("--no-binary", name)]
    platform = platform_of(target, recipe.requires.glibc)
    there = ("--python", sys.executable, "--python-version", target.python.short, "--python-platform", platform)
    return (*there, "--only-binary", ":all:", *built, "--no-header", "--quiet")


def parsed(text: str) -> Iterator[Locked]:
    r"""What uv printed; raises Trouble for a line that is something else.

    >>> list(parsed("a==1.0 \\\n    --hash=sha256:00\n    # via\n    #   -r recipe.in\n    #   b\n"))
    [Locked(name='a', version='1.0', hashes=('sha256:00',), needed_by=('b',))]
    """
    found: Locked | None = None
    for line in text.splitlines():
        words = line.strip().removesuffix("\\").strip()
        if match := _PIN.match(words):
            if found:
                yield found
            found = Locked(name=match["name"], version=match["version"], hashes=())
        elif found and (match := _HASH.match(words)):
            found = msgspec.structs.replace(found, hashes=(*found.hashes, match["hash"]))
        elif found and (match := _VIA.match(words)):
            if match["name"] != "via":
                found = msgspec.structs.replace(found, needed_by=(*found.needed_by, match["name"]))
        elif words and not words.startswith("# ") and words != "#":
            raise Trouble("lock-not-understood", f"uv printed a line that is not understood: {words[:100]!a}")
    if found:
        yield found
