"""`kdoctor summary`: options, and what is printed to be pasted elsewhere."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated

import typer

from kdoctor.options import Deep, Env, FromFile, Here, Log, NoPlugins, Python, Sysroot, Timeout

Full = Annotated[
    bool, typer.Option("--full", help="As Markdown, with findings, libraries, variables and facts folded.")
]


def summary(
    python: Python = "",
    env: Env = "",
    sysroot: Sysroot = "",
    from_file: FromFile = "",
    log: Log = None,
    here: Here = False,
    deep: Deep = False,
    full: Full = False,
    timeout: Timeout = 0,
    no_plugins: NoPlugins = False,
) -> None:
    """Print at most 15 lines on this machine and its primary finding, redacted, to paste into an issue."""
    from kdoctor.commands import check as command
    from kdoctor.commands.origin import examine, one_origin
    from kdoctor.render import summary as render
    from kdoctor.terminal import with_progress

    request = command.Request(
        python=python, env=env, sysroot=sysroot, from_file=from_file, deep=deep, timeout_s=timeout,
        plugins=not no_plugins,
    )  # fmt: skip
    origin = one_origin(request, log or (), here=here)
    checked = with_progress(lambda watch: examine(request, origin, watch))
    typed = shlex.join(("kdoctor", *sys.argv[1:]))
    sys.stdout.write((render.full if full else render.short)(checked.report, typed, checked.user))
