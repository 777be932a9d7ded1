"""`kdoctor fake`: options, and the command that takes kdoctor's place."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from kdoctor.options import split

SETTINGS = {"allow_interspersed_args": False}  # what follows the command is the command's
Command = Annotated[list[str] | None, typer.Argument(metavar="-- COMMAND...", help="What to run.", show_default=False)]
Gpus = Annotated[
    int, typer.Option("--gpus", metavar="N", min=0, show_default=False, help="How many GPUs (1, or one each model).")
]
Model = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="ID", help="Which GPU, e.g. a100, rtx-4090; again for the next (a100-sxm4-40)."),
]
Driver = Annotated[
    str, typer.Option("--driver", metavar="RELEASE", show_default=False, help="The driver's release (550.54.15).")
]
Fault = Annotated[list[str] | None, typer.Option("--fault", metavar="NAME", help="What is wrong; see --list.")]
Mig = Annotated[
    list[str] | None,
    typer.Option("--mig", metavar="LAYOUT", help="MIG instances, e.g. 3g.20gb, 2x3g.20gb, 0:7x1g.5gb; on: none."),
]
State = Annotated[
    str, typer.Option("--state", metavar="FILE", help="Keys and values of your own, which win; - for standard input.")
]
PrintState = Annotated[bool, typer.Option("--print-state", help="Print the state and run nothing.")]
List = Annotated[bool, typer.Option("--list", help="List the models and the faults.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Do not say on stderr what is simulated.")]


def fake(
    command: Command = None,
    gpus: Gpus = 0,
    model: Model = None,
    driver: Driver = "",
    fault: Fault = None,
    mig: Mig = None,
    state: State = "",
    print_state: PrintState = False,
    listing: List = False,
    quiet: Quiet = False,
) -> None:
    """Run a command with a simulated NVIDIA driver in front. Linux only; nothing can be computed with it."""
    from kdoctor.commands import fake as fakes

    if listing:
        sys.stdout.write(fakes.listed())
        return
    asked = fakes.Asked(gpus=gpus, models=split(model), driver=driver, faults=split(fault), mig=split(mig), state=state)
    if print_state:
        sys.stdout.write(fakes.state(asked, fakes.machine_of(asked)))
        return
    fakes.run(asked, tuple(command or ()), quiet=quiet)
