"""`kdoctor recipes` and `kdoctor recipes show`: options and output."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from kdoctor.model.trouble import Trouble
from kdoctor.options import Backend, Format, Keras, NoRedact, Own, PythonVersion, Sysroot, Tensorflow, one_of

app = typer.Typer(invoke_without_command=True)
For = Annotated[
    str, typer.Option("--for", metavar="FILE", help="Plan for the machine of recorded facts (- for standard input).")
]


@app.callback()
def listed(
    context: typer.Context,
    for_file: For = "",
    sysroot: Sysroot = "",
    keras: Keras = "",
    tensorflow: Tensorflow = "",
    python_version: PythonVersion = "",
    backend: Backend = "",
    own: Own = None,
    output: Format = "text",
    no_redact: NoRedact = False,
) -> None:
    """List the recipes for environments, and whether they fit this machine; `show ID` prints one."""
    from kdoctor.commands import recipes as command

    one_of("--format", output, ("text", "json"))
    asked = command.Asked(
        for_file=for_file,
        sysroot=sysroot,
        keras=keras,
        tensorflow=tensorflow,
        python_version=python_version,
        backend=backend,
        own=tuple(own or ()),
    )
    if context.invoked_subcommand is None:
        sys.stdout.write(command.listed(asked, as_json=output == "json", redact=not no_redact))
    elif asked != command.Asked() or output != "text" or no_redact:
        reference = "option-misplaced"
        raise Trouble(reference, "options of `kdoctor recipes show` come after `show`", code=2)


@app.command("show")
def shown(
    wanted: Annotated[str, typer.Argument(metavar="ID", help="As `kdoctor recipes` lists it.")],
    for_file: For = "",
    sysroot: Sysroot = "",
    own: Own = None,
    output: Format = "text",
    no_redact: NoRedact = False,
) -> None:
    """Print a recipe in full: what it installs, what it requires, how to make it by hand."""
    from kdoctor.commands import recipes as command

    one_of("--format", output, ("text", "json"))
    asked = command.Asked(for_file=for_file, sysroot=sysroot, own=tuple(own or ()))
    sys.stdout.write(command.shown(asked, wanted, as_json=output == "json", redact=not no_redact))
