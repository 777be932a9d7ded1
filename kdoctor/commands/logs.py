"""`kdoctor check --log`: read the files that the user named, and judge what they say, alone or beside a machine."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator

import msgspec

from kdoctor import __version__
from kdoctor.check.from_text import TEXT, judge, with_primary
from kdoctor.check.joined import join
from kdoctor.check.marks import working
from kdoctor.check.registry import find_rules
from kdoctor.commands.check import NOBODY, Checked, Request, Watch, check, select_rules
from kdoctor.host.instructions import runs_hyperscan
from kdoctor.host.texts import CHUNK, chunks_of, opened
from kdoctor.knowledge.taxonomy import taxonomy
from kdoctor.model.facts.base import SCHEMA, Facts
from kdoctor.model.facts.symptoms import Symptoms
from kdoctor.model.finding import Finding, Outcome
from kdoctor.model.report import REPORT_SCHEMA, Report
from kdoctor.model.rule import Rule
from kdoctor.model.trouble import Trouble
from kdoctor.symptoms.lines import NotTextError
from kdoctor.symptoms.notebook import MAX_BYTES, looks_like_notebook, notebook_text
from kdoctor.symptoms.read import Reader

STATED = {"framework": ("tensorflow", "jax", "torch"), "driver": ("driver", "driver-cuda")}


def check_logs(paths: tuple[str, ...], request: Request) -> Checked:
    """The report on these texts alone; "-" is standard input. Raises Trouble for what can not be read."""
    return check_text(symptoms_of(paths), request)


def check_text(symptoms: Symptoms, request: Request) -> Checked:
    """The report on what a text says, alone. Raises Trouble."""
    started = time.monotonic()
    rules = find_rules().items
    chosen = _chosen(request, rules)
    findings = with_primary([finding for finding in judge(symptoms, rules) if chosen(finding)])
    report = Report(
        schema=REPORT_SCHEMA,
        kdoctor=__version__,
        origin="log",
        primary=findings[0] if findings and findings[0].role == "primary" else None,
        findings=findings,
        outcomes=() if findings or working(symptoms) else (_undecided(symptoms),),
        facts=Facts(schema=SCHEMA, origin="log", sections={"symptoms": symptoms}),
        seconds=round(time.monotonic() - started, 3),
    )
    return Checked(report=report, user=NOBODY, rules=rules)


def check_text_and_machine(symptoms: Symptoms, request: Request, watch: Watch, *, fresh: bool = False) -> Checked:
    """The report on a machine, with what a text says of it; ``fresh``: it was printed just now. Raises Trouble."""
    checked = check(msgspec.structs.replace(request, select=(), ignore=()), watch)
    chosen = _chosen(request, checked.rules)
    now = msgspec.structs.replace(
        checked.report,
        findings=tuple(finding for finding in checked.report.findings if chosen(finding)),
    )
    then = [finding for finding in judge(symptoms, checked.rules) if chosen(finding)]
    return msgspec.structs.replace(checked, report=join(now, then, symptoms, checked.rules, fresh=fresh))


def symptoms_of(paths: Iterable[str], text: str = "") -> Symptoms:
    """What all these files ("-": standard input) and a text say. Raises Trouble for what can not be read."""
    reader = _reader()
    for path in paths:
        _read(reader, path)
    with contextlib.suppress(NotTextError):
        if text:
            reader.read("text", (text.encode("utf-8", "replace"),))
    return reader.symptoms()


def symptoms_in(texts: Iterable[tuple[str, bytes]]) -> Symptoms:
    """What texts say that are named and in memory; those that are no text say nothing."""
    reader = _reader()
    for name, data in texts:
        with contextlib.suppress(NotTextError):
            reader.read(name, (data,))
    return reader.symptoms()


def _reader() -> Reader:
    """One that uses what this processor can run."""
    return Reader(quick=runs_hyperscan())


def _chosen(request: Request, rules: tuple[Rule, ...]) -> Callable[[Finding], bool]:
    """Whether the user wants a finding; a cause that has no rule is chosen by its name. Raises Trouble."""
    causes = {cause.id for cause in taxonomy().causes} | {TEXT}
    select_rules(
        rules, *(tuple(name for name in names if name not in causes) for names in (request.select, request.ignore))
    )

    def chosen(finding: Finding) -> bool:
        def meant(wanted: str) -> bool:
            return finding.id.startswith(wanted.upper()) or wanted in (finding.name, finding.distribution)

        return (not request.select or any(map(meant, request.select))) and not any(map(meant, request.ignore))

    return chosen


def _undecided(symptoms: Symptoms) -> Outcome:
    """What the text lacks, and the command that would decide."""
    stated = {item.of for item in symptoms.stated}
    lacking = [f"the {what}'s version" for what, names in STATED.items() if stated.isdisjoint(names)]
    if not symptoms.seen:
        lacking.append("the lines that the framework prints as it looks for the GPU")
    said = f": it lacks {', '.join(lacking)}" if lacking else ""
    reason = f"the text names no cause that kdoctor knows{said}; `kdoctor check` on that machine would decide"
    return Outcome(id=TEXT, name="cause-in-text", state="undetermined", reason=reason)


def _read(reader: Reader, path: str) -> None:
    name = "standard input" if path == "-" else path
    try:
        with opened(path) as file:
            reader.read(name, _shown(chunks_of(file)))
    except NotTextError as error:
        reference = "log-not-text"
        raise Trouble(reference, f"{name} is not text", hint="Give a log, a traceback or a pasted report.") from error
    except OSError as error:
        reference = "input-not-readable"
        raise Trouble(reference, f"{name}: {error.strerror or error}") from error
    except ValueError as error:
        reference = "input-not-readable"
        raise Trouble(reference, f"the path cannot be used: {error}") from error


def _shown(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks of a text; of a notebook what its cells show."""
    head = next(chunks, b"")
    if looks_like_notebook(head):
        data = bytearray(head)
        while len(data) <= MAX_BYTES and (more := next(chunks, b"")):
            data += more
        text = notebook_text(data) if len(data) <= MAX_BYTES else None
        if text is not None:
            data = bytearray(text.encode("utf-8", "replace"))
            text = None
        yield from (bytes(data[at : at + CHUNK]) for at in range(0, len(data), CHUNK))
    else:
        yield head
    yield from chunks
