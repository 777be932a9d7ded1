"""`kdoctor check --log`: read the files that the user named, and judge what they say."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from kdoctor import __version__
from kdoctor.check.from_text import judge
from kdoctor.check.marks import working
from kdoctor.check.registry import find_rules
from kdoctor.commands.check import NOBODY, Checked
from kdoctor.model.facts.base import SCHEMA, Facts
from kdoctor.model.finding import Outcome
from kdoctor.model.report import REPORT_SCHEMA, Report
from kdoctor.model.trouble import Trouble
from kdoctor.symptoms.lines import NotTextError, lines_of
from kdoctor.symptoms.notebook import MAX_BYTES, looks_like_notebook, notebook_text
from kdoctor.symptoms.read import Reader

CHUNK = 1 << 18
UNDECIDED = Outcome(
    id="LOG",
    name="cause-in-text",
    state="undetermined",
    reason="the text names no cause that kdoctor knows; `kdoctor check` on that machine would decide",
)


def check_logs(paths: tuple[str, ...]) -> Checked:
    """The report on these texts; "-" is standard input. Raises Trouble for what can not be read."""
    started = time.monotonic()
    reader = Reader()
    for path in paths:
        _read(reader, path)
    symptoms = reader.symptoms()
    findings = judge(symptoms, find_rules().items)
    primary = findings[0] if findings and findings[0].role == "primary" else None
    report = Report(
        schema=REPORT_SCHEMA,
        kdoctor=__version__,
        origin="log",
        primary=primary,
        findings=findings,
        outcomes=() if findings or working(symptoms) else (UNDECIDED,),
        facts=Facts(schema=SCHEMA, origin="log", sections={"symptoms": symptoms}),
        seconds=round(time.monotonic() - started, 3),
    )
    return Checked(report=report, user=NOBODY)


def _read(reader: Reader, path: str) -> None:
    name = "standard input" if path == "-" else path
    try:
        with _opened(path) as file:
            reader.read(name, lines_of(_chunks(file)))
    except NotTextError as error:
        reference = "log-not-text"
        raise Trouble(reference, f"{name} is not text", hint="Give a log, a traceback or a pasted report.") from error
    except OSError as error:
        reference = "input-not-readable"
        raise Trouble(reference, f"{name}: {error.strerror or error}") from error
    except ValueError as error:
        reference = "input-not-readable"
        raise Trouble(reference, f"the path cannot be used: {error}") from error


def _opened(path: str) -> BinaryIO:
    if path == "-":
        return os.fdopen(os.dup(0), "rb", buffering=0)
    mode = Path(path).stat().st_mode
    if stat.S_ISDIR(mode):
        reference = "input-is-a-directory"
        raise Trouble(reference, f"{path} is a directory", hint="For a machine's files use `--sysroot`.")
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
        reference = "input-not-a-file"
        raise Trouble(reference, f"{path} is neither a file nor a pipe")
    return Path(path).open("rb", buffering=0)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    head = file.read(CHUNK)
    if looks_like_notebook(head):
        data = head
        while len(data) <= MAX_BYTES and (more := file.read(CHUNK)):
            data += more
        text = notebook_text(data)
        yield data if text is None else text.encode("utf-8", "replace")
    elif head:
        yield head
    while chunk := file.read(CHUNK):
        yield chunk
