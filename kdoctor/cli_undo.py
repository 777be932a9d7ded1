"""`kdoctor undo`: options, the question, and output."""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from kdoctor.model.trouble import Trouble
from kdoctor.options import one_of
from kdoctor.terminal import agree, tell, write_document

Number = Annotated[str, typer.Argument(metavar="[ID]", help="This record; without it the latest.")]
List = Annotated[bool, typer.Option("--list", help="List the records, the oldest first.")]
Force = Annotated[bool, typer.Option("--force", help="Also where files have been changed since.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be put back and write nothing.")]
Format = Annotated[str, typer.Option("--format", metavar="text|json", help="How to print.")]


def undo(
    number: Number = "",
    listing: List = False,
    force: Force = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    output: Format = "text",
) -> None:
    """Put back what `kdoctor fix` changed in place: bytes, modes, times and links."""
    from kdoctor.commands import undo as command
    from kdoctor.render import in_place as render

    one_of("--format", output, ("text", "json"))
    if listing:
        show_records(output, number)
    record = command.chosen(number)
    plan = command.planned(record, force=force)
    if record is None or (plan.record is not None and plan.record.stage == "undone"):
        finish(plan, output, f"Record {number} is undone already.\n" if number else "There is nothing to undo.\n")
    if output == "text":
        sys.stdout.write(render.paths(record.manifest.title, plan.paths))
        sys.stdout.flush()
    if dry_run:
        finish(plan, output, "")
    if not yes:
        agree("Put this back?", instead="--yes")
    done = command.carry_out(record, force=force, say=tell)
    finish(done, output, f"Record {record.manifest.id} is undone.\n")


def show_records(output: str, number: str) -> NoReturn:
    """Print all records, and leave."""
    from kdoctor.commands import undo as command
    from kdoctor.render import in_place as render

    if number:
        raise Trouble("options-exclude-each-other", "ID and --list: choose one", code=2)
    found = command.listed()
    rows = [(one.id, one.since, one.stage, one.rule, one.title) for one in found.records]
    finish(found, output, render.records(rows) or "There are no records.\n")


def finish(document: object, output: str, text: str) -> NoReturn:
    """Print the text or the document, and leave."""
    if output == "json":
        write_document(document)
    else:
        sys.stdout.write(text)
    raise typer.Exit(0)
