"""`kdoctor fleet`: options and output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from kdoctor.options import FleetFormats, Output, one_of, outputs_of
from kdoctor.terminal import with_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kdoctor.host.cluster import Asked
    from kdoctor.model.fleet import FleetReport

app = typer.Typer(
    name="fleet",
    no_args_is_help=True,
    help="More than one machine: their checks as one report, what differs, what is lost.",
)
Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="DIR|[NAME=]FILE|-", help="Reports of `kdoctor check --format json`: folders, files, a stream."
    ),
]
Nodes = Annotated[
    str,
    typer.Option(
        "--nodes", metavar="FILE", help="The names of all machines, one a line: those without a report are named."
    ),
]


FailOn = Annotated[
    str, typer.Option("--fail-on", metavar="error|warning|note|never", help="Exit with 1 from this severity on.")
]
Quiet = Annotated[
    int, typer.Option("-q", "--quiet", count=True, metavar="", show_default=False, help="Only the primary cause.")
]
Address = Annotated[
    str,
    typer.Option(
        "--address", metavar="auto|HOST:PORT|local", help="The Ray cluster's head; local: this machine, without Ray."
    ),
]
NodePython = Annotated[
    str, typer.Option("--python", metavar="PATH", show_default=False, help="Examine this, not the Python of Ray there.")
]


@app.callback()
def main() -> None:
    """More than one machine: their checks as one report, what differs, what is lost."""


@app.command()
def merge(
    inputs: Inputs, nodes: Nodes = "", output: FleetFormats = None, fail_on: FailOn = "error", quiet: Quiet = 0
) -> None:
    """Join the reports of many machines into one."""
    from kdoctor.commands import fleet as command

    outputs = refuse(output, fail_on)
    show(command.merged(inputs, nodes), outputs, fail_on, quiet)


@app.command()
def check(
    address: Address = "auto",
    python: NodePython = "",
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="Give a node up after this.")
    ] = 120.0,
    output: FleetFormats = None,
    fail_on: FailOn = "error",
    quiet: Quiet = 0,
) -> None:
    """Check every node of a Ray cluster that runs already (extra `fleet`)."""
    from kdoctor.commands import fleet_engine as command

    outputs = refuse(output, fail_on)
    if address == "local":
        show(command.here(python), outputs, fail_on, quiet)
    ask(command.asked_for_check(address, python, timeout), outputs, fail_on, quiet)


@app.command()
def bench(
    address: Annotated[
        str, typer.Option("--address", metavar="auto|HOST:PORT", help="The Ray cluster's head.")
    ] = "auto",
    python: NodePython = "",
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="Give a node up after this.")
    ] = 900.0,
    output: FleetFormats = None,
    fail_on: FailOn = "error",
    quiet: Quiet = 0,
) -> None:
    """Train on every node of a Ray cluster at the same time, and name the stragglers (extra `fleet`)."""
    from kdoctor.commands import fleet_engine as command

    outputs = refuse(output, fail_on)
    ask(command.asked_for_bench(address, python, timeout), outputs, fail_on, quiet)


def refuse(output: list[str] | None, fail_on: str) -> Sequence[Output]:
    """Where the report goes. Raises Trouble for words that are none of the options', or what may not be written."""
    from kdoctor.host.put import refuse_files
    from kdoctor.outputs import refuse_outputs
    from kdoctor.render.formats import FLEET, names

    outputs = outputs_of(output, names(FLEET))
    one_of("--fail-on", fail_on, ("error", "warning", "note", "never"))
    refuse_outputs(outputs)
    refuse_files((one.path for one in outputs if one.path), force=True)  # before minutes of work on every node
    return outputs


def ask(asked: Asked, outputs: Sequence[Output], fail_on: str, quiet: int) -> NoReturn:
    """Ask every node of the cluster, print what they say and leave."""
    from kdoctor.commands.fleet_engine import everywhere

    show(with_line(lambda hear: everywhere(asked, hear)), outputs, fail_on, quiet)


def show(report: FleetReport, outputs: Sequence[Output], fail_on: str, quiet: int) -> NoReturn:
    """Print the report and leave."""
    from kdoctor.commands.fleet import exit_code
    from kdoctor.outputs import deliver
    from kdoctor.render.fleet import lines
    from kdoctor.render.formats import FLEET

    unwritten = deliver(
        lambda _: report,
        outputs,
        FLEET,
        text=lambda width: lines(report, width=width, verbosity=-quiet),
        redact_for=None,
        summary=False,
    )
    level = None if fail_on == "never" else fail_on
    raise typer.Exit(unwritten or exit_code(report, fail_on=level))  # type: ignore[arg-type]  # refuse
