"""The document of `kdoctor bench`: what was measured and what it means; those of earlier runs; the exit code."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping

import msgspec

from kdoctor import __version__
from kdoctor.bench.baseline import read, refusal, verdicts_of
from kdoctor.bench.compare import Comparison, compare
from kdoctor.bench.history import Entry, decoded, encoded, entry
from kdoctor.bench.results import document, peaks_of, runs_of
from kdoctor.bench.runs import Measured, Run
from kdoctor.bench.verdicts import verdicts
from kdoctor.commands.bench import Session
from kdoctor.commands.check import read_input
from kdoctor.host.journal import append, tail
from kdoctor.model.bench import Bench
from kdoctor.model.codec import to_builtins
from kdoctor.model.facts.base import Facts
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.libcuda import Libcuda

HISTORY = "bench-history.jsonl"
BIT_BY_BIT = {
    "tensorflow": ("TF_FORCE_GPU_ALLOW_GROWTH", "TF_GPU_ALLOCATOR"),
    "jax": ("XLA_PYTHON_CLIENT_PREALLOCATE", "XLA_PYTHON_CLIENT_ALLOCATOR", "XLA_PYTHON_CLIENT_MEM_FRACTION"),
}
STABLE = ("system", "cpu", "gpus", "driver", "frameworks", "keras", "interpreter")  # the same at every start


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """A baseline; below ``fail_below`` of its speed is an error."""

    before: Bench
    fail_below: float | None = None


def _reserved(session: Session) -> dict[str, int]:
    """The memory of each GPU that was trained on, by place, unless a variable says how much of it to take."""
    libcuda, environ = session.facts.sections.get("libcuda"), session.facts.sections.get("environ")
    variables = environ.variables if isinstance(environ, Environ) else {}
    found = {}
    for request in (talk.request for talk in session.talks):
        number = request.device.removeprefix("gpu:")
        told = any(name in variables for name in BIT_BY_BIT.get(request.backend, ()))
        if isinstance(libcuda, Libcuda) and not told and number.isdecimal() and int(number) < len(libcuda.devices):
            total = libcuda.devices[int(number)].memory_total_bytes
            found[f"{request.backend} {request.device}"] = total or 0
    return found


def digest_of(facts: Facts) -> str:
    """What of the machine and the environment does not change by itself, as one short word."""
    kept = {name: to_builtins(facts.sections[name]) for name in STABLE if name in facts.sections}
    return hashlib.sha256(msgspec.json.encode(kept, order="sorted")).hexdigest()[:16]


def environment_of(session: Session) -> Mapping[str, str]:
    """What a reader has to know to compare the numbers."""
    readies = [talk.ready for talk in session.talks if talk.ready]
    versions = {name: value for ready in readies for name, value in ready.versions.items()}
    sections = session.facts.sections
    cpu, gpus = sections.get("cpu"), sections.get("gpus")
    said = {
        "kdoctor": __version__,
        **versions,
        "cpu": getattr(cpu, "model", ""),
        "cores": str(getattr(cpu, "cores", "")),
        "gpus": ", ".join(gpu.name or gpu.architecture for gpu in getattr(gpus, "nvidia", ())),
    }
    return {name: value for name, value in said.items() if value}


def report_of(session: Session, gate: Gate | None = None) -> Bench:
    """The document: results, and what they mean; ``gate``: a baseline to be compared with. Raises Trouble for it."""
    runs: list[Run] = []
    peaks: dict[str, Mapping[str, float]] = {}
    for talk in session.talks:
        one = "gpu:0" if talk.heard.device_name else "cpu"
        of_one = peaks.get(f"{talk.request.backend} {one}", {})
        runs += runs_of(talk.request, talk.events, msgspec.structs.replace(talk.heard, peaks_of_one=of_one))
        found = peaks_of(talk.events)
        if found:
            peaks[f"{talk.request.backend} {talk.request.device}"] = found
    measured = Measured(runs=tuple(runs), peaks=peaks, unused=session.unused, reserved=_reserved(session))
    report = document(
        measured,
        verdicts(measured),
        environment=environment_of(session),
        facts_digest=digest_of(session.facts),
        seconds=session.seconds,
        exit_reason="interrupted" if session.interrupted else reason_of(measured),
    )
    if gate is None:
        return report
    comparison = compare(gate.before, report)
    more = verdicts_of(comparison, fail_below=gate.fail_below)
    reason = "baseline-unlike" if comparison.refused and report.exit_reason == "ok" else report.exit_reason
    return msgspec.structs.replace(report, verdicts=(*more, *report.verdicts), exit_reason=reason)


def reason_of(measured: Measured) -> str:
    """Why the exit code is what it is: "ok", or the worst status that is a failure."""
    statuses = {run.result.status for run in measured.runs}
    bad = next((status for status in ("wrong", "crashed", "timeout", "oom") if status in statuses), "")
    measured_any = statuses & {"ok", "noisy", "wrong"}
    return bad if measured_any and bad else "ok" if measured_any else "nothing-ran"


def exit_code(bench: Bench) -> int:
    """0, 1, 3 or 130 by CONTRACT: noisy alone is no failure."""
    if bench.exit_reason == "interrupted":
        return 130
    if bench.exit_reason in ("nothing-ran", "baseline-unlike"):
        return 3
    return int(bench.exit_reason != "ok" or any(verdict.severity == "error" for verdict in bench.verdicts))


def document_in(path: str) -> Bench:
    """A document of an earlier run. Raises Trouble."""
    return read(read_input(path), path)


def compared(before: str, after: str, fail_below: float | None) -> tuple[Comparison, int]:
    """Two documents, and the exit code: 1 where one is below the limit. Raises Trouble where all is unlike."""
    comparison = compare(document_in(before), document_in(after))
    if comparison.refused:
        raise refusal(comparison, before)
    said = verdicts_of(comparison, fail_below=fail_below)
    return comparison, int(any(verdict.severity == "error" for verdict in said))


def remember(bench: Bench, when: dt.datetime) -> None:
    """Add the run to the user's history. Raises Trouble."""
    append(HISTORY, encoded(entry(bench, when.strftime("%Y-%m-%dT%H:%M:%SZ"))))


def history() -> tuple[Entry, ...]:
    """The user's runs, oldest first. Raises Trouble."""
    return decoded(tail(HISTORY))
