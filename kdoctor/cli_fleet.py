"""`kdoctor fleet`: options and output."""

from __future__ import annotations

from typing import Annotated

import typer

from kdoctor.options import one_of

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


@app.callback()
def main() -> None:
    """More than one machine: their checks as one report, what differs, what is lost."""


@app.command()
def merge(
    inputs: Inputs,
    nodes: Nodes = "",
    output: Annotated[str, typer.Option("--format", metavar="text|json", help="How to print the report.")] = "text",
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="error|warning|note|never", help="Exit with 1 from this severity on.")
    ] = "error",
    quiet: Annotated[
        int, typer.Option("-q", "--quiet", count=True, metavar="", show_default=False, help="Only the primary cause.")
    ] = 0,
) -> None:
    """Join the reports of many machines into one."""
    from kdoctor.commands import fleet as command
    from kdoctor.render.fleet import lines
    from kdoctor.terminal import width, write_document, write_lines

    one_of("--format", output, ("text", "json"))
    one_of("--fail-on", fail_on, ("error", "warning", "note", "never"))
    report = command.merged(inputs, nodes)
    if output == "json":
        write_document(report, redact_for=None)
    else:
        write_lines(lines(report, width=width(), verbosity=-quiet))
    level = None if fail_on == "never" else fail_on
    raise typer.Exit(command.exit_code(report, fail_on=level))  # type: ignore[arg-type]  # one_of
