"""`kdoctor fleet`: the reports of many machines as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kdoctor.commands.check import read_input
from kdoctor.fleet.gather import expected, split, streamed
from kdoctor.fleet.merge import merge
from kdoctor.host.inputs import files_in, is_there, standard_input, stem
from kdoctor.model.finding import SEVERITIES, Severity
from kdoctor.model.fleet import Answer, FleetReport
from kdoctor.model.trouble import Trouble

MOST_NAMES = 1 << 20


def merged(inputs: Sequence[str], names: str) -> FleetReport:
    """The report on the machines of these folders and files; "-" is standard input. Raises Trouble."""
    wanted = names_in(names) if names else ()
    report = merge(expected(answers_of(inputs), wanted))
    if not report.map:
        reference = "fleet-empty"
        hint = "Give the documents of `kdoctor check --format json`, one for each machine."
        raise Trouble(reference, f"there is no report in {', '.join(inputs)}", hint=hint)
    return report


def answers_of(inputs: Iterable[str]) -> Iterator[Answer]:
    """The answers in all inputs, read one after the other. Raises Trouble."""
    for given in inputs:
        if given == "-":
            with standard_input() as stream:
                yield from streamed(split(stream))
            continue
        label, _, path = ("", "", given) if is_there(given) else given.rpartition("=")
        try:
            found = files_in(path, ".json")
        except (OSError, ValueError) as error:
            reference = "input-not-readable"
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise Trouble(reference, f"{given}: {why}") from error
        if found is None:
            yield Answer(node=label or stem(path), report=read_input(path))
        else:
            yield from (_answer(stem(file), file) for file in found)


def _answer(name: str, path: str) -> Answer:
    """The report in one file of a folder; one that cannot be read costs no other."""
    try:
        return Answer(node=name, report=read_input(path))
    except Trouble as trouble:
        return Answer(node=name, lost="garbage", said=trouble.message)


def names_in(path: str) -> tuple[str, ...]:
    """The names in a file, one a line; # begins a comment. Raises Trouble."""
    text = read_input(path)[:MOST_NAMES].decode("utf-8", "replace")
    return tuple(name for line in text.splitlines() if (name := line.partition("#")[0].strip()))


def exit_code(report: FleetReport, *, fail_on: Severity | None) -> int:
    """0 or 1 as for a check."""
    if fail_on is None:
        return 0
    limit = SEVERITIES.index(fail_on)
    return int(
        any(SEVERITIES.index(finding.severity) <= limit for finding in report.findings if finding.role != "harmless")
    )
