"""`kdoctor fleet`: options and output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from kdoctor.options import one_of
from kdoctor.terminal import width, with_line, write_document, write_lines

if TYPE_CHECKING:
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


Format = Annotated[str, typer.Option("--format", metavar="text|json", help="How to print the report.")]
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
    inputs: Inputs, nodes: Nodes = "", output: Format = "text", fail_on: FailOn = "error", quiet: Quiet = 0
) -> None:
    """Join the reports of many machines into one."""
    from kdoctor.commands import fleet as command

    refuse(output, fail_on)
    show(command.merged(inputs, nodes), output, fail_on, quiet)


@app.command()
def check(
    address: Address = "auto",
    python: NodePython = "",
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="Give a node up after this.")
    ] = 120.0,
    output: Format = "text",
    fail_on: FailOn = "error",
    quiet: Quiet = 0,
) -> None:
    """Check every node of a Ray cluster that runs already (extra `fleet`)."""
    from kdoctor.commands import fleet_engine as command

    refuse(output, fail_on)
    if address == "local":
        show(command.here(python), output, fail_on, quiet)
    asked = command.asked_for_check(address, python, timeout)
    show(with_line(lambda hear: command.everywhere(asked, hear)), output, fail_on, quiet)


@app.command()
def bench(
    address: Annotated[
        str, typer.Option("--address", metavar="auto|HOST:PORT", help="The Ray cluster's head.")
    ] = "auto",
    python: NodePython = "",
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="Give a node up after this.")
    ] = 900.0,
    output: Format = "text",
    fail_on: FailOn = "error",
    quiet: Quiet = 0,
) -> None:
    """Train on every node of a Ray cluster at the same time, and name the stragglers (extra `fleet`)."""
    from kdoctor.commands import fleet_engine as command

    refuse(output, fail_on)
    asked = command.asked_for_bench(address, python, timeout)
    show(with_line(lambda hear: command.everywhere(asked, hear)), output, fail_on, quiet)


def refuse(output: str, fail_on: str) -> None:
    """Raise Trouble for words that are none of the options'."""
    one_of("--format", output, ("text", "json"))
    one_of("--fail-on", fail_on, ("error", "warning", "note", "never"))


def show(report: FleetReport, output: str, fail_on: str, quiet: int) -> NoReturn:
    """Print the report and leave."""
    from kdoctor.commands.fleet import exit_code
    from kdoctor.render.fleet import lines

    if output == "json":
        write_document(report, redact_for=None)
    else:
        write_lines(lines(report, width=width(), verbosity=-quiet))
    level = None if fail_on == "never" else fail_on
    raise typer.Exit(exit_code(report, fail_on=level))  # type: ignore[arg-type]  # refuse
