"""`kdoctor undo`: options, the question, and output."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated, NoReturn

import typer

from kdoctor.model.trouble import Trouble
from kdoctor.options import Format, NoRedact, one_of
from kdoctor.terminal import agree, tell, write_document

Number = Annotated[str, typer.Argument(metavar="[ID]", help="This record; without it the latest.")]
List = Annotated[bool, typer.Option("--list", help="List the records, the oldest first.")]
Force = Annotated[bool, typer.Option("--force", help="Also where files have been changed since.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be put back and write nothing.")]


def undo(
    number: Number = "",
    listing: List = False,
    force: Force = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    output: Format = "text",
    no_redact: NoRedact = False,
) -> None:
    """Put back what `kdoctor fix` changed in place: bytes, modes, times and links."""
    from kdoctor.commands import undo as command
    from kdoctor.render import in_place as render

    one_of("--format", output, ("text", "json"))
    end = partial(finish, output, redact=not no_redact)
    if listing:
        end(*records(number))
    record = command.chosen(number)
    plan = command.planned(record, force=force)
    if record is None or (plan.record is not None and plan.record.stage == "undone"):
        end(plan, f"Record {number} is undone already.\n" if number else "There is nothing to undo.\n")
    if output == "text":
        sys.stdout.write(render.paths(record.manifest.title, plan.paths))
        sys.stdout.flush()
    if dry_run:
        end(plan, "")
    if not yes:
        agree("Put this back?", instead="--yes")
    done = command.carry_out(record, force=force, say=tell)
    end(done, f"Record {record.manifest.id} is undone.\n")


def records(number: str) -> tuple[object, str]:
    """All of them, as document and as text."""
    from kdoctor.commands import undo as command
    from kdoctor.render import in_place as render

    if number:
        raise Trouble("options-exclude-each-other", "ID and --list: choose one", code=2)
    found = command.listed()
    rows = [(one.id, one.since, one.stage, one.rule, one.title) for one in found.records]
    return found, render.records(rows) or "There are no records.\n"


def finish(output: str, document: object, text: str, *, redact: bool) -> NoReturn:
    """Print the text or the document, and leave."""
    from kdoctor.host.live import LiveHost

    if output == "json":
        write_document(document, redact_for=LiveHost().user if redact else None)
    else:
        sys.stdout.write(text)
    raise typer.Exit(0)
