"""`kdoctor fix --docker` and the other options that write files: output and exit codes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from kdoctor.model.trouble import Trouble
from kdoctor.terminal import tell, write_document

if TYPE_CHECKING:
    from kdoctor.commands.choosing import Asked
    from kdoctor.commands.fix_files import Files


def write_files(asked: Asked, kinds: tuple[str, ...], *, output_path: str, force: bool, as_json: bool) -> None:
    """Write what was asked for, or print it, and leave with the exit code."""
    from kdoctor.commands.fix_files import KINDS, plan_files, put_files, refuse_files
    from kdoctor.host.live import LiveHost

    wanted = tuple(kind for kind in KINDS if kind in kinds)
    is_shown = asked.dry_run or output_path == "-"
    if not is_shown:
        refuse_files(wanted, output_path, force=force)
    files = plan_files(asked, wanted, output_path, LiveHost(), tell)
    if files.files and not is_shown:
        files = put_files(files, force=force)
    if as_json:
        write_document(files, redact_for=None)  # the texts are to be used as they are
    elif files.files:
        for text in files.unmet:
            tell(f"{files.recipe} needs more than this machine has: {text}")
        sys.stdout.write(shown(files) if is_shown else told(files))
    else:
        hint = f"`--recipe {files.recipe}` writes it all the same."
        raise Trouble("no-recipe-fits", files.why, hint=hint, code=1)
    raise typer.Exit(0 if files.files else 1)


def shown(files: Files) -> str:
    """The files themselves; where there are several, each under its path."""
    if len(files.files) == 1:
        return files.files[0].text
    return "\n".join(f"==> {one.path} <==\n{one.text}" for one in files.files)


def told(files: Files) -> str:
    """What was written, and what to do with it."""
    from kdoctor.render.fix import block, rows

    pairs = [("recipe", f"{files.recipe}: {files.title}"), ("because", files.why)]
    return rows((*pairs, *block("wrote", (one.path for one in files.files)), *block("use it", files.next)))
