"""The static search against this machine's own loader, on random worlds."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.loader.elves import Library, narrow_elf_bytes
from tests.loader.real import HAS_CC, NO_CC, Link, Program, World, build, real_verdict, static_verdict

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loader.real import Content, Toolbox

pytestmark = pytest.mark.skipif(not HAS_CC, reason=NO_CC)
DIRECTORIES = ("d0", "d1", "d2", "d2/in", "app", "work", "bin", "d1/glibc-hwcaps/x86-64-v2")
SONAMES = tuple(f"lib{letter}.so.1" for letter in "abcdef")
ITEMS = ("@/d0", "@/d1", "@/d2", "$ORIGIN", "${ORIGIN}/in", "$ORIGIN/../d1", "@/none", "", "@/d0/", "../d2", "@/l")
WORLDS = 60


def paths(dice: random.Random, separators: str = ":") -> str | None:
    """Roll a search path, None for no tag."""
    if dice.random() < 0.4:
        return None
    text = ""
    for item in dice.sample(ITEMS, dice.randint(1, 3)):
        text += item + dice.choice(separators)
    return text[:-1]


def library(dice: random.Random, name: str) -> Content:
    """Roll a file that may have a library's name."""
    fault = dice.random()
    if fault < 0.12:
        damaged = (narrow_elf_bytes(), Library(machine=183), Link("gone"), b"text" * 40, Link(name), None)
        return dice.choice(damaged)
    soname = dice.choice((name, name, name, None, dice.choice(SONAMES)))
    versions = ("base", *(("V1",), ("V1", "V2"))[dice.random() < 0.5]) if dice.random() < 0.4 else ()
    needed = tuple(dice.sample(SONAMES, dice.choice((0, 0, 1, 1, 2))))
    required = tuple((each, dice.choice(("V1", "V2")), dice.random() < 0.2) for each in needed if dice.random() < 0.4)
    return Library(
        soname=soname,
        needed=needed,
        rpath=paths(dice),
        runpath=paths(dice) if dice.random() < 0.5 else None,
        required=required,
        provided=versions,
    )


def program(dice: random.Random, *, needed: tuple[str, ...] = ()) -> Program:
    """Roll an executable or a caller."""
    kind, text = dice.choice(("rpath", "runpath")), paths(dice)
    return Program(rpath=text, needed=needed) if kind == "rpath" else Program(runpath=text, needed=needed)


def world(dice: random.Random) -> World:
    """Roll everything."""
    files: dict[str, Content] = {
        "app/caller.so": program(dice, needed=tuple(dice.sample(SONAMES, dice.choice((0, 1)))))
    }
    files["l"] = Link("d1")
    for name in SONAMES:
        for directory in dice.sample(DIRECTORIES, dice.randint(1, 4)):
            files[f"{directory}/{name}"] = library(dice, name)
    environ = {}
    library_path = paths(dice, ":;")
    if library_path is not None:
        environ["LD_LIBRARY_PATH"] = library_path
    if dice.random() < 0.2:
        environ["LD_PRELOAD"] = " ".join(dice.sample((*SONAMES, "@/d0/liba.so.1", "@/d1/libb.so.1"), 2))
    asked = dice.choices((*SONAMES, *SONAMES, "@/d0/libc.so.1", "$ORIGIN/liba.so.1", "./libb.so.1"), k=6)
    caller = dice.choice(("app/caller.so", "app/caller.so", "app/caller.so", "-"))
    return World(files=files, ask=tuple(asked), executable=program(dice), caller=caller, environ=environ)


@pytest.mark.parametrize("seed", range(WORLDS))
def test_the_verdict_on_a_random_world_is_the_real_loaders(seed: int, tools: Toolbox, tmp_path: Path) -> None:
    """The same files for the same names, and the same objects at the end."""
    built = build(world(random.Random(seed)), tmp_path, tools)  # noqa: S311  no secret
    assert static_verdict(built, tmp_path) == real_verdict(built, tmp_path)
