"""Worlds that tell apart glibc's rules for what is loaded already, and for what a library needs in turn."""

from __future__ import annotations

from tests.loader.cases import ASK_A, LD_X, NEEDS_B, A, B, Case, at, caller, on_path
from tests.loader.elves import Library, narrow_elf_bytes
from tests.loader.real import Link, Program, World

LOADED: dict[str, Case] = {
    "by soname, whatever the file is called": Case(
        on_path(("x/q.so", A), *at("y"), ask=("@/x/q.so", "liba.so.1")), "x/q.so"
    ),
    "the first copy stays": Case(on_path(*at("x", "y"), ask=("@/y/liba.so.1", "liba.so.1")), "y/liba.so.1"),
    "without a soname another file may come": Case(
        on_path(("x/liba.so.1", Library()), ("y/liba.so.1", Library()), ask=("@/y/liba.so.1", "liba.so.1")),
        "x/liba.so.1",
    ),
    "the name it was found by counts": Case(
        on_path(("x/liba.so.1", Library()), ask=("liba.so.1", "liba.so.1")), "x/liba.so.1"
    ),
    "the same file by a link": Case(
        on_path(("x/q.so", Library()), ("y/liba.so.1", Link("../x/q.so")), ask=("@/x/q.so", "liba.so.1")), "x/q.so"
    ),
    "the same file by a hard link": Case(
        on_path(("x/q.so", Library()), ("x/liba.so.1", Link("q.so", hard=True)), ask=("@/x/q.so", "liba.so.1")),
        "x/q.so",
    ),
    "a NEEDED of the executable": Case(
        World(
            files=dict((*at("x", "y"), ("app/caller.so", Program(rpath="@/x")))),
            ask=ASK_A,
            executable=Program(runpath="@/y", needed=("liba.so.1",)),
        ),
        "y/liba.so.1",
    ),
    "a NEEDED of an earlier library": Case(
        on_path(
            ("y/libq.so.1", Library(needed=("liba.so.1",), runpath="$ORIGIN/lib")),
            *at("y/lib", "x"),
            ask=("@/y/libq.so.1", "liba.so.1"),
            environ={},
        ),
        "y/lib/liba.so.1",
    ),
    "what failed does not stay": Case(
        on_path(("x/liba.so.1", NEEDS_B), ("y/q.so", A), ask=("liba.so.1", "@/y/q.so")), "y/q.so"
    ),
    "what a failed library brought does not stay": Case(
        on_path(
            ("x/libq.so.1", Library(needed=("liba.so.1", "libnone.so.1"), runpath="$ORIGIN/sub")),
            *at("x/sub", "y"),
            ask=("libq.so.1", "liba.so.1"),
        ),
        "y/liba.so.1",
    ),
    "a caller that is gone by name": Case(
        World(files={"app/caller.so": Program(soname="liba.so.1"), **dict(at("x"))}, ask=ASK_A, environ=LD_X),
        "app/caller.so",
    ),
    "the executable itself": Case(on_path(ask=("@/bin/probe",)), ""),
    "the loader itself": Case(on_path(*at("x"), ask=("ld-linux-x86-64.so.2",)), "ld-linux-x86-64.so.2"),
    "the loader under another path": Case(
        on_path(("x/q.so", Link("/lib64/ld-linux-x86-64.so.2")), ask=("@/x/q.so",)), "x/q.so"
    ),
    "the C library": Case(on_path(ask=("libc.so.6",)), "/libc.so.6"),
    "preloaded by path": Case(
        on_path(*at("x"), ("p/q.so", A), environ={"LD_PRELOAD": "@/p/q.so", "LD_LIBRARY_PATH": "@/x"}), "p/q.so"
    ),
    "preloaded by name": Case(
        on_path(*at("x"), environ={"LD_PRELOAD": "liba.so.1", "LD_LIBRARY_PATH": "@/x"}), "x/liba.so.1"
    ),
    "preloading of what is not there is left out": Case(
        on_path(*at("x"), environ={"LD_PRELOAD": "@/p/none.so:@/q", "LD_LIBRARY_PATH": "@/x"}), "x/liba.so.1"
    ),
    "preloading of two": Case(on_path(("p/a", A), ("p/b", A), environ={"LD_PRELOAD": "@/p/b @/p/a"}), "p/b"),
    "preloading with origin": Case(on_path(("bin/a", A), environ={"LD_PRELOAD": "$ORIGIN/a"}), "bin/a"),
    "preloading what needs something": Case(
        on_path(
            ("p/q.so", Library(needed=("liba.so.1",), runpath="$ORIGIN")),
            *at("p", "x"),
            environ={"LD_PRELOAD": "@/p/q.so", "LD_LIBRARY_PATH": ""},
        ),
        "p/liba.so.1",
    ),
    "preloading of another class is left out": Case(
        on_path(("p/q", narrow_elf_bytes()), *at("x"), environ={"LD_PRELOAD": "@/p/q", "LD_LIBRARY_PATH": "@/x"}),
        "x/liba.so.1",
    ),
}

NEEDED: dict[str, Case] = {
    "found by the runpath of the library": Case(
        on_path(("x/liba.so.1", Library(needed=("libb.so.1",), runpath="$ORIGIN/b")), ("x/b/libb.so.1", B)),
        "x/liba.so.1",
    ),
    "not found by the runpath of the caller": Case(
        caller(Program(runpath="@/x:@/b"), ("x/liba.so.1", NEEDS_B), ("b/libb.so.1", B)), ""
    ),
    "not found by the rpath of the caller": Case(
        caller(Program(rpath="@/x:@/b"), ("x/liba.so.1", NEEDS_B), ("b/libb.so.1", B)), ""
    ),
    "found by the rpath of the executable": Case(
        caller(Program(rpath="@/x"), ("x/liba.so.1", NEEDS_B), ("b/libb.so.1", B), executable=Program(rpath="@/b")),
        "x/liba.so.1",
    ),
    "not found by the rpath of the executable under a runpath": Case(
        caller(
            Program(rpath="@/x"),
            ("x/liba.so.1", Library(needed=("libb.so.1",), runpath="@/n")),
            ("b/libb.so.1", B),
            executable=Program(rpath="@/b"),
        ),
        "",
    ),
    "an empty runpath turns rpath off": Case(
        caller(
            Program(rpath="@/x"),
            ("x/liba.so.1", Library(needed=("libb.so.1",), runpath="")),
            ("b/libb.so.1", B),
            executable=Program(rpath="@/b"),
        ),
        "",
    ),
    "an empty rpath is none": Case(
        on_path(("x/liba.so.1", Library(needed=("libb.so.1",), rpath="")), ("work/libb.so.1", B)), ""
    ),
    "both tags: the rpath is nothing": Case(
        on_path(("x/liba.so.1", Library(needed=("libb.so.1",), rpath="@/b", runpath="@/n")), ("b/libb.so.1", B)), ""
    ),
    "rpath is inherited along the chain": Case(
        on_path(
            ("x/liba.so.1", Library(needed=("libq.so.1",), rpath="$ORIGIN/q:$ORIGIN/b")),
            ("x/q/libq.so.1", Library(needed=("libb.so.1",))),
            ("x/b/libb.so.1", B),
        ),
        "x/liba.so.1",
    ),
    "runpath is not inherited": Case(
        on_path(
            ("x/liba.so.1", Library(needed=("libq.so.1",), runpath="$ORIGIN/q:$ORIGIN/b")),
            ("x/q/libq.so.1", Library(needed=("libb.so.1",))),
            ("x/b/libb.so.1", B),
        ),
        "",
    ),
    "a runpath in between passes the chain on, its own rpath not": Case(
        on_path(
            ("x/liba.so.1", Library(needed=("libq.so.1",), rpath="$ORIGIN/q:$ORIGIN/b")),
            ("x/q/libq.so.1", Library(needed=("libr.so.1",), runpath="$ORIGIN")),
            ("x/q/libr.so.1", Library(needed=("libb.so.1",))),
            ("x/b/libb.so.1", B),
        ),
        "x/liba.so.1",
    ),
    "breadth first: the first to ask decides": Case(
        on_path(
            ("x/liba.so.1", Library(needed=("libq.so.1", "libr.so.1"), runpath="$ORIGIN/d")),
            ("x/d/libq.so.1", Library(needed=("libs.so.1",), runpath="$ORIGIN")),
            ("x/d/libs.so.1", Library(needed=("libb.so.1",), runpath="$ORIGIN/one")),
            ("x/d/libr.so.1", Library(needed=("libb.so.1",), runpath="$ORIGIN/two")),
            ("x/d/one/libb.so.1", B),
            ("x/d/two/libb.so.1", B),
            ask=("liba.so.1", "libb.so.1"),
        ),
        "x/d/two/libb.so.1",
    ),
    "a caller inherits the rpath of what needed it": Case(
        World(
            files={
                "app/top.so": Library(needed=("caller.so",), rpath="@/c:@/x"),
                "c/caller.so": Program(),
                **dict(at("x")),
            },
            caller="app/top.so",
            asker="c/caller.so",
            ask=ASK_A,
        ),
        "x/liba.so.1",
    ),
    "a caller does not inherit a runpath": Case(
        World(
            files={
                "app/top.so": Library(needed=("caller.so",), runpath="@/c:@/x"),
                "c/caller.so": Program(),
                **dict(at("x")),
            },
            caller="app/top.so",
            asker="c/caller.so",
            ask=ASK_A,
        ),
        "",
    ),
    "two that need each other": Case(
        on_path(("x/liba.so.1", NEEDS_B), ("x/libb.so.1", Library(soname="libb.so.1", needed=("liba.so.1",)))),
        "x/liba.so.1",
    ),
    "missing far down": Case(
        on_path(("x/liba.so.1", NEEDS_B), ("x/libb.so.1", Library(soname="libb.so.1", needed=("libnone.so.1",)))), ""
    ),
    "with a slash": Case(on_path(("x/liba.so.1", Library(needed=("@/b/q.so",))), ("b/q.so", B)), "x/liba.so.1"),
    "with origin": Case(on_path(("x/liba.so.1", Library(needed=("$ORIGIN/q.so",))), ("x/q.so", B)), "x/liba.so.1"),
    "of the system": Case(on_path(("x/liba.so.1", Library(needed=("libm.so.6",)))), "x/liba.so.1"),
    "by no default directories": Case(
        on_path(("x/liba.so.1", Library(needed=("libz.so.1",), no_default_lib=True))), ""
    ),
    "a version that is there": Case(
        on_path(
            ("x/liba.so.1", Library(needed=("libb.so.1",), required=(("libb.so.1", "V1", False),))),
            ("x/libb.so.1", Library(soname="libb.so.1", provided=("libb.so.1", "V1"))),
        ),
        "x/liba.so.1",
    ),
    "a version that is not there": Case(
        on_path(
            ("x/liba.so.1", Library(needed=("libb.so.1",), required=(("libb.so.1", "V2", False),))),
            ("x/libb.so.1", Library(soname="libb.so.1", provided=("libb.so.1", "V1"))),
        ),
        "",
    ),
    "a weak version that is not there": Case(
        on_path(
            ("x/liba.so.1", Library(needed=("libb.so.1",), required=(("libb.so.1", "V2", True),))),
            ("x/libb.so.1", Library(soname="libb.so.1", provided=("libb.so.1", "V1"))),
        ),
        "x/liba.so.1",
    ),
    "a version of a library without versions": Case(
        on_path(
            ("x/liba.so.1", Library(needed=("libb.so.1",), required=(("libb.so.1", "V2", False),))),
            ("x/libb.so.1", B),
        ),
        "x/liba.so.1",
    ),
    "a version newer than the C library's": Case(
        on_path(("x/liba.so.1", Library(needed=("libc.so.6",), required=(("libc.so.6", "GLIBC_2.999", False),)))), ""
    ),
    "a version the older copy lacks": Case(
        on_path(
            ("x/libb.so.1", Library(soname="libb.so.1", provided=("libb.so.1", "V1"))),
            ("y/libb.so.1", Library(soname="libb.so.1", provided=("libb.so.1", "V1", "V2"))),
            ("y/liba.so.1", Library(needed=("libb.so.1",), runpath="$ORIGIN", required=(("libb.so.1", "V2", False),))),
        ),
        "",
    ),
}
