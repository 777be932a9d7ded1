"""`kdoctor fix` without a method: the difference, the question, and what became of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

import typer

from kdoctor.terminal import agree, tell, with_progress, write_document

if TYPE_CHECKING:
    from kdoctor.commands.in_place import Outcome


def in_place(*, python: str, env: str, yes: bool, dry_run: bool, output: str, redact: bool) -> None:
    """Do the remedy of the primary finding in the examined environment; raises Trouble, or typer.Exit at the end."""
    from kdoctor.commands import in_place as command
    from kdoctor.commands.check import Request
    from kdoctor.commands.records import recover, warn
    from kdoctor.model.change import Change

    if dry_run:
        warn(tell)
    else:
        recover(tell)
    planned = with_progress(lambda watch: command.plan_of(Request(python=python, env=env), watch))
    outcome = command.outcome_of(planned)
    if output == "text":
        sys.stdout.write(plan_text(outcome))
        sys.stdout.flush()
    change, finding = planned.change, planned.finding
    if finding is None or not isinstance(change, Change) or dry_run:
        finish(outcome, output, redact=redact, code=0 if outcome.finding is None or outcome.change is not None else 1)
    if not yes:
        agree("Make this change?", instead="--in-place")
    outcome = command.carry(planned, change, finding, tell)
    if output == "text":
        sys.stdout.write(outcome_text(outcome))
    finish(outcome, output, redact=redact, code=0 if outcome.gone else 1)


def finish(outcome: Outcome, output: str, *, redact: bool, code: int) -> NoReturn:
    """Print the document where it was asked for, and leave."""
    if output == "json":
        from kdoctor.host.live import LiveHost

        write_document(outcome, redact_for=LiveHost().user if redact else None)
    raise typer.Exit(code)


def plan_text(outcome: Outcome) -> str:
    """What was found, and what would be done about it."""
    from kdoctor.render import in_place as render

    if outcome.finding is None:
        return "Nothing wrong was found: there is nothing to fix.\n"
    text = render.found(outcome.finding)
    if outcome.change is None:
        return text + render.by_hand(outcome.finding, outcome.why, outcome.commands)
    change = outcome.change
    return text + render.change(change.title, change.diff, change.commands)


def outcome_text(outcome: Outcome) -> str:
    """What became of it."""
    from kdoctor.render import in_place as render

    if outcome.finding is None or outcome.change is None:
        return ""
    then = outcome.change.then
    return render.outcome(outcome.finding, outcome.undo, then, outcome.after, gone=outcome.gone is True)
