"""What `kdoctor fix` shows, asks and writes on the way from a plan to its outcome."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

import typer

from kdoctor.model.trouble import Trouble
from kdoctor.options import Output
from kdoctor.outputs import deliver, refuse_outputs
from kdoctor.render.formats import FIX
from kdoctor.terminal import write_document

if TYPE_CHECKING:
    from kdoctor.host import User

TEXT, JSON = Output("text", ""), Output("json", "")


class Talk:
    """Text is printed as it comes up, before a question is asked; every other format when all is done."""

    def __init__(self, outputs: tuple[Output, ...], *, redact: bool, yes: bool, dry_run: bool) -> None:
        """As the options say."""
        refuse_outputs(outputs)
        self.outputs, self.redact, self.yes, self.dry_run = outputs, redact, yes, dry_run
        self.said: list[str] = []

    def show(self, text: str) -> None:
        """Print a part of the text, and keep it."""
        self.said.append(text)
        if TEXT in self.outputs:
            sys.stdout.write(text)
            sys.stdout.flush()

    def finish(self, document: object, user: User, code: int, end: str) -> NoReturn:
        """Print and write the other formats, and leave; ``end``: how it ended, in a sentence."""
        from kdoctor.render.fix_told import Told

        told = Told(level="error" if code else "notice", end=end, lines=tuple("".join(self.said).splitlines()))
        unwritten = deliver(
            lambda row: document if row.name == "json" else told,
            [output for output in self.outputs if output != TEXT],
            FIX,
            text=lambda _: (((line, ""),) for line in told.lines),
            redact_for=user if self.redact else None,
            summary=not self.dry_run,
        )
        raise typer.Exit(unwritten or code)

    def is_json(self, option: str) -> bool:
        """Of what is no change to an environment there is text or one JSON document; raises Trouble for others."""
        if self.outputs not in ((TEXT,), (JSON,)):
            message = f"{option} prints text or json: --format {' and '.join(one.format for one in self.outputs)}"
            raise Trouble("option-value-unknown", f"{message} is for an environment that is changed or made", code=2)
        return self.outputs == (JSON,)

    def leave(self, document: object, user: User) -> NoReturn:
        """Print a document that is no change to an environment, where it was asked for."""
        if JSON in self.outputs:
            write_document(document, redact_for=user if self.redact else None)
        raise typer.Exit(0)
