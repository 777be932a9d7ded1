"""A `kdoctor` whose `fix` is the one without a method."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from kdoctor import cli
from kdoctor.cli_in_place import in_place


def fix(
    env: str = "",
    python: str = "",
    yes: Annotated[bool, typer.Option("--in-place")] = False,  # noqa: FBT002  as Typer wants it
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,  # noqa: FBT002  the same
    output: Annotated[str, typer.Option("--format")] = "text",
) -> None:
    """Do the remedy of the primary finding in place."""
    in_place(python=python, env=env, yes=yes, dry_run=dry_run, output=output)


if __name__ == "__main__":
    cli.COMMANDS["fix"] = fix
    sys.exit(cli.run(sys.argv[1:]))
