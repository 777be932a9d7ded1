"""Worlds that tell the rules of glibc's search apart, each with the file that its last name must give."""

from __future__ import annotations

import msgspec

from tests.loader.elves import Library, elf_bytes, narrow_elf_bytes
from tests.loader.real import Content, Link, Program, World

A = Library(soname="liba.so.1")
B = Library(soname="libb.so.1")
NEEDS_B = Library(soname="liba.so.1", needed=("libb.so.1",))
AARCH64 = Library(soname="liba.so.1", machine=183)
OBJECT_FILE = Library(soname="liba.so.1", kind=1)
EXECUTABLE = Library(soname="liba.so.1", kind=2)
ASK_A = ("liba.so.1",)
LD_X = {"LD_LIBRARY_PATH": "@/x"}
LD_XY = {"LD_LIBRARY_PATH": "@/x:@/y"}


def with_byte(place: int, value: int, *, of: Library = A) -> bytes:
    """Change one byte of a library."""
    data = bytearray(elf_bytes(of))
    data[place] = value
    return bytes(data)


class Case(msgspec.Struct, frozen=True):
    """A world and the path, under the root, of the last name asked; "" where it must fail."""

    world: World
    expected: str


def caller(
    program: Program,
    *more: tuple[str, Content],
    environ: dict[str, str] | None = None,
    executable: Program | None = None,
) -> World:
    """Make a world of a caller with paths of its own, and more files."""
    return World(
        files={"app/caller.so": program, **dict(more)},
        ask=ASK_A,
        environ=environ or {},
        executable=executable or Program(),
    )


def at(*directories: str) -> tuple[tuple[str, Library], ...]:
    """Put liba.so.1 in each directory."""
    return tuple((f"{directory}/liba.so.1", A) for directory in directories)


def on_path(*more: tuple[str, Content], environ: dict[str, str] | None = None, ask: tuple[str, ...] = ASK_A) -> World:
    """Make a world of a caller without paths, and LD_LIBRARY_PATH of x and y."""
    return World(files=dict(more), ask=ask, environ=LD_XY if environ is None else environ)


SEARCH: dict[str, Case] = {
    "nothing anywhere": Case(on_path(), ""),
    "runpath of the caller": Case(caller(Program(runpath="@/x"), *at("x")), "x/liba.so.1"),
    "rpath of the caller": Case(caller(Program(rpath="@/x"), *at("x")), "x/liba.so.1"),
    "LD_LIBRARY_PATH before runpath": Case(caller(Program(runpath="@/y"), *at("x", "y"), environ=LD_X), "x/liba.so.1"),
    "rpath before LD_LIBRARY_PATH": Case(caller(Program(rpath="@/y"), *at("x", "y"), environ=LD_X), "y/liba.so.1"),
    "rpath of the executable serves any caller": Case(
        caller(Program(), *at("x", "y"), environ=LD_X, executable=Program(rpath="@/y")), "y/liba.so.1"
    ),
    "rpath of the executable not with a runpath": Case(
        caller(Program(runpath="@/z"), *at("y"), executable=Program(rpath="@/y")), ""
    ),
    "runpath of the executable serves the executable alone": Case(
        caller(Program(), *at("y"), executable=Program(runpath="@/y")), ""
    ),
    "the executable asks, with a runpath": Case(
        World(files=dict(at("y")), ask=ASK_A, caller="-", executable=Program(runpath="@/y")), "y/liba.so.1"
    ),
    "caller's rpath before the executable's": Case(
        caller(Program(rpath="@/x"), *at("x", "y"), executable=Program(rpath="@/y")), "x/liba.so.1"
    ),
    "several directories in order": Case(caller(Program(runpath="@/n:@/y:@/x"), *at("x", "y")), "y/liba.so.1"),
    "directories with slashes at the end and doubled": Case(
        caller(Program(runpath="@//x///:@/x"), *at("x")), "/x/liba.so.1"
    ),
    "parent directories stay as written": Case(caller(Program(runpath="@/app/../x"), *at("x")), "app/../x/liba.so.1"),
    "a file where a directory should be": Case(
        caller(Program(runpath="@/f:@/x"), ("f", b"text"), *at("x")), "x/liba.so.1"
    ),
    "a relative runpath is from the current directory": Case(
        caller(Program(runpath="sub"), *at("work/sub")), "work/sub/liba.so.1"
    ),
    "an empty item is the current directory": Case(caller(Program(runpath="@/n:"), *at("work")), "work/liba.so.1"),
    "an empty item in LD_LIBRARY_PATH": Case(
        on_path(*at("work"), environ={"LD_LIBRARY_PATH": "@/n:"}), "work/liba.so.1"
    ),
    "an empty LD_LIBRARY_PATH is none": Case(on_path(*at("work"), environ={"LD_LIBRARY_PATH": ""}), ""),
    "semicolons in LD_LIBRARY_PATH": Case(on_path(*at("y"), environ={"LD_LIBRARY_PATH": "@/x;@/y"}), "y/liba.so.1"),
    "semicolons in a runpath are no separators": Case(caller(Program(runpath="@/n;@/x"), *at("x")), ""),
    "origin": Case(caller(Program(runpath="$ORIGIN/../x"), *at("x")), "app/../x/liba.so.1"),
    "origin in braces": Case(caller(Program(runpath="${ORIGIN}/../x"), *at("x")), "app/../x/liba.so.1"),
    "origin as the start of a longer word": Case(caller(Program(runpath="$ORIGINAL/x:@/y"), *at("y")), "y/liba.so.1"),
    "origin followed by another character": Case(caller(Program(runpath="$ORIGIN-x"), *at("app-x")), "app-x/liba.so.1"),
    "origin in LD_LIBRARY_PATH is the executable's": Case(
        on_path(*at("bin/lib"), environ={"LD_LIBRARY_PATH": "$ORIGIN/lib"}), "bin/lib/liba.so.1"
    ),
    "lib token": Case(caller(Program(runpath="@/$LIB"), *at("lib/x86_64-linux-gnu")), "lib/x86_64-linux-gnu/liba.so.1"),
    "origin of a link is where the link lies": Case(
        World(
            files={
                "real/caller.so": Program(runpath="$ORIGIN/lib"),
                "app/caller.so": Link("../real/caller.so"),
                **dict(at("real/lib", "app/lib")),
            },
            ask=ASK_A,
        ),
        "app/lib/liba.so.1",
    ),
    "origin of a linked library found on a path": Case(
        World(
            files={
                "real/liba.so.1": Library(soname="liba.so.1", needed=("libb.so.1",), runpath="$ORIGIN"),
                "x/liba.so.1": Link("../real/liba.so.1"),
                "real/libb.so.1": B,
                "x/libb.so.1": B,
            },
            ask=("liba.so.1", "libb.so.1"),
            environ=LD_X,
        ),
        "x/libb.so.1",
    ),
    "a linked directory stays as written": Case(
        caller(Program(runpath="@/l"), ("l", Link("x")), *at("x")), "l/liba.so.1"
    ),
    "the cache": Case(on_path(ask=("libz.so.1",)), "/libz.so.1"),
    "LD_LIBRARY_PATH before the cache": Case(
        on_path(("x/libz.so.1", Library(soname="libz.so.1")), ask=("libz.so.1",)), "x/libz.so.1"
    ),
    "no default directories and no cache of them": Case(
        World(files={"app/caller.so": Program(no_default_lib=True)}, ask=("libz.so.1",)), ""
    ),
    "no default directories but a path": Case(
        World(files={"app/caller.so": Program(no_default_lib=True, runpath="@/x"), **dict(at("x"))}, ask=ASK_A),
        "x/liba.so.1",
    ),
    "a name with a slash": Case(on_path(("x/q.so", A), ask=("@/x/q.so",)), "x/q.so"),
    "a relative name with a slash": Case(on_path(*at("work/d"), ask=("./d/liba.so.1",)), "work/./d/liba.so.1"),
    "origin in a name": Case(on_path(*at("app/d"), ask=("$ORIGIN/d/liba.so.1",)), "app/d/liba.so.1"),
    "a name with a slash is not searched": Case(on_path(*at("x"), ask=("./liba.so.1",)), ""),
    "a variant for the processor": Case(
        on_path(("x/glibc-hwcaps/x86-64-v2/liba.so.1", A), *at("x")), "x/glibc-hwcaps/x86-64-v2/liba.so.1"
    ),
    "a variant alone": Case(
        on_path(("x/glibc-hwcaps/x86-64-v2/liba.so.1", A), *at("y")), "x/glibc-hwcaps/x86-64-v2/liba.so.1"
    ),
    "the better variant": Case(
        on_path(*at("x/glibc-hwcaps/x86-64-v2", "x/glibc-hwcaps/x86-64-v3", "x")), "x/glibc-hwcaps/x86-64-v3/liba.so.1"
    ),
    "an unknown variant": Case(on_path(*at("x/glibc-hwcaps/x86-64-v9", "x")), "x/liba.so.1"),
    "a variant of another architecture": Case(
        on_path(("x/glibc-hwcaps/x86-64-v2/liba.so.1", AARCH64), *at("x")), "x/liba.so.1"
    ),
}

DAMAGE: dict[str, Case] = {
    "another class is passed over": Case(on_path(("x/liba.so.1", narrow_elf_bytes()), *at("y")), "y/liba.so.1"),
    "another class alone": Case(on_path(("x/liba.so.1", narrow_elf_bytes())), ""),
    "another machine is passed over": Case(on_path(("x/liba.so.1", AARCH64), *at("y")), "y/liba.so.1"),
    "another operating system's file stops": Case(on_path(("x/liba.so.1", with_byte(7, 9)), *at("y")), ""),
    "another version of ELF stops": Case(on_path(("x/liba.so.1", with_byte(6, 2)), *at("y")), ""),
    "another ABI version stops": Case(on_path(("x/liba.so.1", with_byte(8, 7)), *at("y")), ""),
    "another ABI version of another machine is passed over": Case(
        on_path(("x/liba.so.1", with_byte(8, 7, of=AARCH64)), *at("y")), "y/liba.so.1"
    ),
    "padding in the identification stops": Case(on_path(("x/liba.so.1", with_byte(12, 1)), *at("y")), ""),
    "another size of program headers stops": Case(on_path(("x/liba.so.1", with_byte(54, 55)), *at("y")), ""),
    "a library without a dynamic section": Case(on_path(("x/liba.so.1", with_byte(64 + 56, 0)), *at("y")), ""),
    "a library without segments": Case(on_path(("x/liba.so.1", with_byte(64, 0)), *at("y")), ""),
    "an object file stops": Case(on_path(("x/liba.so.1", OBJECT_FILE), *at("y")), ""),
    "an executable stops": Case(on_path(("x/liba.so.1", EXECUTABLE), *at("y")), ""),
    "text stops": Case(on_path(("x/liba.so.1", b"INPUT(-la)\n" * 20), *at("y")), ""),
    "short text stops": Case(on_path(("x/liba.so.1", b"INPUT(-la)\n"), *at("y")), ""),
    "an empty file stops": Case(on_path(("x/liba.so.1", b""), *at("y")), ""),
    "a header that is cut off stops": Case(on_path(("x/liba.so.1", elf_bytes(A)[:50]), *at("y")), ""),
    "a short file of another class stops": Case(on_path(("x/liba.so.1", narrow_elf_bytes()[:56]), *at("y")), ""),
    "a damaged file of another machine is passed over": Case(
        on_path(("x/liba.so.1", elf_bytes(AARCH64)[:100]), *at("y")), "y/liba.so.1"
    ),
    "tables that are cut off": Case(on_path(("x/liba.so.1", elf_bytes(A)[:170]), *at("y")), ""),
    "a directory stops": Case(on_path(("x/liba.so.1", None), *at("y")), ""),
    "a link to nowhere is passed over": Case(on_path(("x/liba.so.1", Link("gone")), *at("y")), "y/liba.so.1"),
    "a link loop ends its list": Case(on_path(("x/liba.so.1", Link("liba.so.1")), *at("y")), ""),
    "a link loop among the variants is passed over": Case(
        on_path(("x/glibc-hwcaps/x86-64-v2/liba.so.1", Link("liba.so.1")), *at("y")), "y/liba.so.1"
    ),
    "a link loop leaves the next step": Case(
        caller(Program(runpath="@/y"), ("x/liba.so.1", Link("liba.so.1")), *at("y"), environ=LD_X), "y/liba.so.1"
    ),
    "a link loop as directory is passed over": Case(on_path(("x", Link("x")), *at("y")), "y/liba.so.1"),
    "a damaged NEEDED": Case(on_path(("x/liba.so.1", NEEDS_B), ("x/libb.so.1", b"text"), ("y/libb.so.1", B)), ""),
    "a NEEDED of another class is passed over": Case(
        on_path(("x/liba.so.1", NEEDS_B), ("x/libb.so.1", narrow_elf_bytes()), ("y/libb.so.1", B)), "x/liba.so.1"
    ),
}
