"""`kdoctor fix` without a method: the difference, the question, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from kdoctor.terminal import agree, tell, with_progress

if TYPE_CHECKING:
    from kdoctor.commands.in_place import Outcome
    from kdoctor.talk import Talk


def in_place(talk: Talk, *, python: str, env: str, yes: bool) -> NoReturn:
    """Do the remedy of the primary finding in the examined environment; raises Trouble, or typer.Exit at the end."""
    from kdoctor.commands import in_place as command
    from kdoctor.commands.check import Request
    from kdoctor.commands.records import recover, warn
    from kdoctor.host.live import LiveHost
    from kdoctor.model.change import Change

    if talk.dry_run:
        warn(tell)
    else:
        recover(tell)
    planned = with_progress(lambda watch: command.plan_of(Request(python=python, env=env), watch))
    outcome = command.outcome_of(planned)
    talk.show(plan_text(outcome))
    user = LiveHost().user
    change, finding = planned.change, planned.finding
    if finding is None or not isinstance(change, Change) or talk.dry_run:
        code = 0 if outcome.finding is None or outcome.change is not None else 1
        talk.finish(outcome, user, code, end_of(outcome))
    if not yes:
        agree("Make this change?", instead="--in-place")
    outcome = command.carry(planned, change, finding, tell)
    talk.show(outcome_text(outcome))
    talk.finish(outcome, user, 0 if outcome.gone else 1, end_of(outcome))


def end_of(outcome: Outcome) -> str:
    """How it ended, in a sentence."""
    if outcome.finding is None:
        return "Nothing wrong was found: there is nothing to fix."
    found = f"{outcome.finding.id} {outcome.finding.name}"
    if outcome.change is None:
        return f"{found} is not fixed: {outcome.why}."
    if not outcome.done:
        return f"{found} would be fixed: {outcome.change.title}."
    return f"{found} is gone." if outcome.gone else f"{found} is still found."


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
