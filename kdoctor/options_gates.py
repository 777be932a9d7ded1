"""Options that hold a check to something: requirements, an earlier report, a configuration, files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kdoctor.model.trouble import Trouble

if TYPE_CHECKING:
    from kdoctor.commands.check import Request

Require = Annotated[
    list[str] | None,
    typer.Option(
        "--require", metavar="NAME>=VALUE", help="What has to be so: gpu>=1, driver>=535, tensorflow>=2.16, ..."
    ),
]
Expect = Annotated[str, typer.Option("--expect", metavar="FILE", help="Say what differs from this earlier report.")]
Config = Annotated[str, typer.Option("--config", metavar="FILE", help="Read this configuration, and no other.")]
NoConfig = Annotated[bool, typer.Option("--no-config", help="Read no configuration.")]
Written = Annotated[
    list[str] | None,
    typer.Option(
        "--file",
        metavar="FILE",
        help="Judge a requirements.txt, environment.yml, pyproject.toml or Dockerfile; executes nothing.",
    ),
]
MoreFiles = Annotated[list[str] | None, typer.Argument(metavar="[FILE]...", help="After --file: further files.")]


def all_files(files: list[str] | None, more: list[str] | None) -> tuple[str, ...]:
    """The files of ``--file`` and those after it; raises Trouble for words that follow nothing."""
    if more and not files:
        raise Trouble("argument-unexpected", f"{more[0]}: expected an option; files follow --file", code=2)
    return (*(files or ()), *(more or ()))


def refuse_gates(request: Request, origin: str) -> None:
    """Raise Trouble where something is asked for that only a machine can be held to."""
    for option, given in (("--require", request.gates.require), ("--expect", request.gates.expect)):
        if given:
            message = f"{option} needs the facts of a machine, which {origin} alone has not"
            raise Trouble("options-exclude-each-other", message, code=2)


def files_alone(request: Request, logs: Sequence[str], *, here: bool) -> None:
    """Raise Trouble where something else is to be looked at than the files of ``--file``."""
    others = {
        "--python": request.python,
        "--env": request.env,
        "--sysroot": request.sysroot,
        "--from": request.from_file,
        "--log": logs,
        "--here": here,
        "--deep": request.deep,
        "--record": request.record,
    }
    for option, given in others.items():
        if given:
            raise Trouble("options-exclude-each-other", f"--file and {option}: choose one", code=2)
