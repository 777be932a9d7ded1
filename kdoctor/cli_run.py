"""`kdoctor run`: options, the command, and what is said after it."""

from __future__ import annotations

import contextlib
import sys
from typing import Annotated

import typer

from kdoctor.host.attend import Ended, attend
from kdoctor.model.trouble import Trouble
from kdoctor.streams import crash, interrupted, say

USAGE = "Write it after --, e.g. `kdoctor run -- python train.py`."
Command = Annotated[list[str] | None, typer.Argument(metavar="-- COMMAND...", help="What to run.", show_default=False)]
Report = Annotated[
    str,
    typer.Option("--report", metavar="FILE", help="Also write a report on its end to this file, as JSON, redacted."),
]


def run_command(command: Command = None, report: Report = "") -> None:
    """Run a command unchanged; where it fails, or finds no GPU on a machine that has one, say why on stderr.

    Its exit code is kept (128 and the signal's number, 126 or 127 where it cannot be started). Of each output the first
    256 KiB and the last 1 MiB are judged. On Windows what goes to a console is not kept: the machine alone is judged.
    """
    if not command:
        raise Trouble("command-missing", "there is no command to run", hint=USAGE, code=2)
    if report:
        from kdoctor.host.put import refuse_files

        refuse_files((report,), force=True)
    ended = attend(tuple(command))
    for reason in ended.failed:
        sys.stderr.write(f"kdoctor: its output could not be passed on: {reason}\n")
    with contextlib.suppress(BrokenPipeError):
        _told(tuple(command), ended, report)
    raise typer.Exit(ended.code)


def _told(command: tuple[str, ...], ended: Ended, report: str) -> None:
    """Whatever goes wrong here is said, and the command's exit code is kept."""
    try:
        _after(command, ended, report)
    except BrokenPipeError:
        raise
    except Trouble as trouble:
        say(trouble)
    except KeyboardInterrupt:
        interrupted()
    except Exception as error:  # noqa: BLE001  a bug of ours is one line, and not the command's failure
        crash(error)


def _after(command: tuple[str, ...], ended: Ended, report: str) -> None:
    from kdoctor.commands.after import is_suspect

    if not (report or is_suspect(ended)):
        return
    from kdoctor.commands.run import diagnosed
    from kdoctor.terminal import with_progress

    if ended.has_failed:
        sys.stderr.write("\n" * ended.in_line)
        found = with_progress(lambda watch: diagnosed(command, ended, watch))
    else:
        found = diagnosed(command, ended, lambda _: None)
    if report:
        from kdoctor.host.put import put
        from kdoctor.render.json import render

        put({report: render(found.checked.report, redact_for=found.user).encode() + b"\n"}, force=True)
    if found.said:
        from kdoctor.render.text import lines, visible
        from kdoctor.terminal import width, write_lines

        sys.stderr.write("\n" * (ended.in_line and not ended.has_failed))
        sys.stderr.write(f"kdoctor: {visible(found.said)}\n")
        if found.told:
            write_lines(lines(found.checked.report, width=width(), verbosity=-1), sys.stderr)
