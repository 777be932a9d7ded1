"""A small world of libraries on disk, put to this machine's own loader and to ours."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union

import msgspec

from kdoctor.loader.search import Loader
from tests.loader.disk import Disk
from tests.loader.elves import Library, write

if TYPE_CHECKING:
    from kdoctor.loader.search import Opened

HERE = Path(__file__).parent
ASK = "#include <dlfcn.h>\nvoid *ask(const char *name) { return dlopen(name, RTLD_LAZY); }\n"
NOT_STARTED = "it did not start"
HAS_CC = shutil.which("cc") is not None
NO_CC = "no C compiler: the real loader cannot be asked"


class Link(msgspec.Struct, frozen=True):
    """A symbolic link; ``hard``: another name of the same file."""

    to: str
    hard: bool = False


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """An executable, or a library with code that calls dlopen, as cc links it."""

    rpath: str | None = None
    runpath: str | None = None
    needed: tuple[str, ...] = ()
    soname: str | None = None
    no_default_lib: bool = False


Content: TypeAlias = Union[Library, Program, Link, bytes, None]  # noqa: UP007  evaluated at run time on Python 3.10


class World(msgspec.Struct, frozen=True, kw_only=True):
    """Files under a root, and what is asked; ``@`` stands for the root in every text.

    ``caller``: the library opened first ("-" for none); ``asker``: the one in it that asks, where it is another.
    """

    files: dict[str, Content]
    ask: tuple[str, ...]
    executable: Program = Program()
    caller: str = "app/caller.so"
    asker: str = ""
    environ: dict[str, str] = {}


class Verdict(msgspec.Struct, frozen=True):
    """What became of each name ("" where it failed), and all that is loaded at the end."""

    found: tuple[str, ...]
    loaded: tuple[str, ...] = ()


class Toolbox:
    """The objects that are compiled once."""

    def __init__(self, directory: Path) -> None:
        """Compile them into ``directory``."""
        self.main, self.ask = directory / "main.o", directory / "ask.o"
        (directory / "ask.c").write_text(ASK)
        self.run("-c", "-fPIC", "-o", self.main, HERE / "probe.c")
        self.run("-c", "-fPIC", "-o", self.ask, directory / "ask.c")
        self.stubs = directory

    @staticmethod
    def run(*words: str | Path) -> None:
        """Run cc."""
        subprocess.run(("cc", *map(str, words)), check=True, capture_output=True)

    def link(self, target: Path, program: Program, *, is_library: bool) -> None:
        """Link a program or a library that calls dlopen."""
        target.parent.mkdir(parents=True, exist_ok=True)
        words: list[str | Path] = ["-o", target, self.ask if is_library else self.main, "-Wl,--no-as-needed"]
        words += ["-Wl,--allow-shlib-undefined", "-Wl,--unresolved-symbols=ignore-all"]
        words += ["-shared", "-nostdlib"] if is_library else ["-ldl"]
        if program.rpath is not None:
            words += ["-Wl,--disable-new-dtags", f"-Wl,-rpath,{program.rpath}"]
        if program.runpath is not None:
            words += ["-Wl,--enable-new-dtags", f"-Wl,-rpath,{program.runpath}"]
        words += [f"-Wl,-soname,{program.soname}"] if program.soname else []
        words += ["-Wl,-z,nodefaultlib"] if program.no_default_lib else []
        self.run(*words, *(self._stub(name) for name in program.needed))

    def _stub(self, soname: str) -> Path:
        path = self.stubs / f"{soname.replace('/', '_')}.stub"
        if not path.exists():
            self.run("-shared", "-nostdlib", "-o", path, f"-Wl,-soname,{soname}", self.ask)
        return path


def build(world: World, root: Path, tools: Toolbox) -> World:
    """Put the files down; gives the world with every ``@`` replaced by the root."""
    (root / "work").mkdir(parents=True, exist_ok=True)
    for name, content in world.files.items():
        _put(root, root / name, content, tools)
    tools.link(root / "bin/probe", _rooted(world.executable, root), is_library=False)
    caller = root / world.caller
    if world.caller not in ("-", *world.files):
        tools.link(caller, Program(), is_library=True)
    return msgspec.structs.replace(
        world,
        ask=tuple(name.replace("@", str(root)) for name in world.ask),
        caller="-" if world.caller == "-" else str(caller),
        environ={key: value.replace("@", str(root)) for key, value in world.environ.items()},
    )


def _rooted(program: Program, root: Path) -> Program:
    changes = {
        "rpath": program.rpath and program.rpath.replace("@", str(root)),
        "runpath": program.runpath and program.runpath.replace("@", str(root)),
        "needed": tuple(name.replace("@", str(root)) for name in program.needed),
    }
    return msgspec.structs.replace(program, **changes)


def _put(root: Path, path: Path, content: Content, tools: Toolbox) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if content is None:
        path.mkdir()
    elif isinstance(content, Program):
        tools.link(path, _rooted(content, root), is_library=True)
    elif isinstance(content, Link) and content.hard:
        path.hardlink_to(path.parent / content.to)
    elif isinstance(content, Link):
        path.symlink_to(content.to.replace("@", str(root)))
    elif isinstance(content, Library):
        write(path, _rooted_library(content, root))
    else:
        write(path, content)


def _rooted_library(library: Library, root: Path) -> Library:
    changes = {
        "rpath": library.rpath and library.rpath.replace("@", str(root)),
        "runpath": library.runpath and library.runpath.replace("@", str(root)),
        "needed": tuple(name.replace("@", str(root)) for name in library.needed),
    }
    return msgspec.structs.replace(library, **changes)


def real_verdict(world: World, root: Path) -> Verdict:
    """Ask the real loader, in a child; a child that dies gives no more answers."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("LD_")}
    done = subprocess.run(
        (str(root / "bin/probe"), world.caller, *world.ask),
        check=False,
        capture_output=True,
        text=True,
        cwd=root / "work",
        env={**plain, **world.environ},
    )
    lines = done.stdout.splitlines()
    if not lines or lines[0].startswith("!"):
        return Verdict(found=(NOT_STARTED,))
    answers = [line[2:] if line.startswith("+") else "" for line in lines if line[0] in "+-"]
    answers += [""] * (len(world.ask) - len(answers))
    loaded = [line[2:] for line in lines if line.startswith("= ") and line[2:] and "vdso" not in line]
    work = root / "work"
    found = tuple(answer and os.path.join(work, answer) for answer in answers)  # noqa: PTH118  keeps ".." and "//"
    return Verdict(found=found, loaded=tuple(sorted(os.path.join(work, path) for path in loaded)))  # noqa: PTH118


def static_answers(world: World, root: Path) -> tuple[Loader, tuple[Opened, ...]]:
    """Ask ours."""
    executable = str(root / "bin/probe")
    loader = Loader(Disk(str(root / "work")), executable, world.environ)
    caller = executable
    if world.caller != "-":
        caller = world.caller
        if not loader.open(caller, executable).ok:
            return loader, ()
        caller = str(root / world.asker) if world.asker else caller
    return loader, tuple(loader.open(name, caller) for name in world.ask)


def static_verdict(world: World, root: Path) -> Verdict:
    """Put our answers as the real loader's."""
    loader, answers = static_answers(world, root)
    if not loader.startup.ok or not answers:
        return Verdict(found=(NOT_STARTED,))
    found = tuple(answer.path if answer.ok else "" for answer in answers)
    executable = os.path.realpath(root / "bin/probe")
    return Verdict(found=found, loaded=tuple(sorted(path for path in loader.loaded if path != executable)))
