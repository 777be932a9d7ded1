"""`kdoctor bench`: train small models on every device of the examined environment, and say what came of it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping

import msgspec

from kdoctor import __version__
from kdoctor.bench.cells import Wanted, chosen_workloads, devices_for, request_for
from kdoctor.bench.compare import Comparison, compare, read, refusal, verdicts_of
from kdoctor.bench.devices import gpus_of, uuids_of
from kdoctor.bench.history import Entry, decoded, encoded, entry
from kdoctor.bench.measure import TIMEOUT_S, Hear, Talk, measure
from kdoctor.bench.results import document, peaks_of, runs_of
from kdoctor.bench.runs import Measured, Run, Unused
from kdoctor.bench.verdicts import verdicts
from kdoctor.commands.check import Request as Examine
from kdoctor.commands.check import live, probed, read_input
from kdoctor.host import User, names_in
from kdoctor.host.journal import append, tail
from kdoctor.host.live import INSIDE, LiveHost
from kdoctor.host.watch import sample
from kdoctor.model.bench import Bench
from kdoctor.model.codec import to_builtins
from kdoctor.model.facts.base import Absent, Facts
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.framework_answers import FrameworkAnswer
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.recipe import Backend
from kdoctor.model.trouble import Trouble
from kdoctor.probes.framework_answers import ask

HISTORY = "bench-history.jsonl"
Begin = Callable[[str, int], None]  # backend and device, and how many cells are to be measured there
BIT_BY_BIT = {
    "tensorflow": ("TF_FORCE_GPU_ALLOW_GROWTH", "TF_GPU_ALLOCATOR"),
    "jax": ("XLA_PYTHON_CLIENT_PREALLOCATE", "XLA_PYTHON_CLIENT_ALLOCATOR", "XLA_PYTHON_CLIENT_MEM_FRACTION"),
}
STABLE = ("system", "cpu", "gpus", "driver", "frameworks", "keras", "interpreter")  # the same at every start


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The options, as typed."""

    wanted: Wanted
    devices: tuple[str, ...] = ()
    backends: tuple[Backend, ...] = ()
    python: str = ""
    env: str = ""
    timeout_s: float = TIMEOUT_S


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """A baseline; below ``fail_below`` of its speed is an error."""

    before: Bench
    fail_below: float | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, and of whom; ``interrupted``: not all that was asked."""

    facts: Facts
    user: User
    talks: tuple[Talk, ...]
    seconds: float
    unused: tuple[Unused, ...] = ()
    interrupted: bool = False


def known_workloads(host: LiveHost) -> tuple[str, ...]:
    """The workloads that there is a file for."""
    files = names_in(host, str(INSIDE / "workloads"))
    stems = (name.removesuffix(".py") for name in files if name.endswith(".py") and not name.startswith("_"))
    return tuple(stem.replace("_", "-") for stem in stems)


def examined(asked: Asked) -> tuple[LiveHost, Facts]:
    """The environment, by files alone. Raises Trouble where Keras is not in it."""
    request = Examine(python=asked.python, env=asked.env)
    host, found = live(request)
    facts = probed(host, found, request, lambda _: None)
    keras, frameworks = facts.sections.get("keras"), facts.sections.get("frameworks")
    if not isinstance(frameworks, Frameworks) or not isinstance(keras, Keras):
        missing = "Keras" if isinstance(frameworks, Frameworks) else "no backend of Keras"
        what = f"{missing} is not installed" if missing == "Keras" else f"{missing} is installed"
        where = f" in {found.interpreter}" if found.interpreter else ""
        hint = "`kdoctor fix --pip` or `--conda` makes an environment that has one."
        raise Trouble("bench-no-keras", f"{what}{where}", hint=hint)
    return host, facts


def backends_of(asked: Asked, facts: Facts) -> tuple[Backend, ...]:
    """Those that were asked for, else the one that Keras is configured for. Raises Trouble for a missing one."""
    frameworks = facts.sections.get("frameworks")
    there = tuple(build.framework for build in frameworks.builds) if isinstance(frameworks, Frameworks) else ()
    for name in asked.backends:
        if name not in there:
            message = f"--backend {name} is not installed here; there is {', '.join(there)}"
            raise Trouble("backend-missing", message, code=2)
    return asked.backends or there[:1]


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one backend."""

    talks: tuple[Talk, ...]
    unused: tuple[Unused, ...] = ()


def run(asked: Asked, begin: Begin, hear: Hear) -> Session:
    """Measure everything that was asked. Raises Trouble; a Ctrl-C ends it with what there is."""
    started = sample().at
    host, facts = examined(asked)
    known = known_workloads(host)
    wanted = msgspec.structs.replace(
        asked.wanted, workloads=chosen_workloads(asked.wanted.workloads, known, full=asked.wanted.full)
    )
    talks: list[Talk] = []
    unused: list[Unused] = []
    interrupted = False
    for backend in backends_of(asked, facts):
        try:
            part = _of_backend(msgspec.structs.replace(asked, wanted=wanted), host, facts, backend, begin, hear)
        except KeyboardInterrupt:  # while the next backend was asked for its devices
            if not talks:
                raise
            interrupted = True
            break
        talks += part.talks
        unused += part.unused
        interrupted = any(talk.is_interrupted for talk in part.talks)
        if interrupted:
            break
    seconds = round(sample().at - started, 1)
    return Session(
        facts=facts,
        user=host.user,
        talks=tuple(talks),
        unused=tuple(unused),
        seconds=seconds,
        interrupted=interrupted,
    )


def begun(place: str, count: int) -> str:
    """A line for whoever waits: what is at it now."""
    return f"{place}: {count} to measure" if count else f"{place}: starting"


def _of_backend(asked: Asked, host: LiveHost, facts: Facts, backend: Backend, begin: Begin, hear: Hear) -> _Part:
    """The devices that were asked for, one after the other; without a word: all that the backend lists."""
    answer = None
    if may_have_gpu(facts, asked.devices):
        begin(backend, 0)
        answer = ask(host, backend)
    listed = answer.devices if answer is not None else ()
    talks: list[Talk] = []
    uuids = uuids_of(facts.sections, host.environ, listed)
    for device in devices_for(asked.devices, ("cpu", *listed), uuids):
        request = request_for(asked.wanted, backend, device, without_gpu=not listed)
        gpus = gpus_of(device, uuids)
        begin(f"{backend} {device}", len(request.cells))
        talks += measure(host, request, hear, timeout_s=asked.timeout_s, gpus=gpus)
        if talks[-1].is_interrupted:
            break
    return _Part(talks=tuple(talks), unused=_unused(facts, backend, answer))


def may_have_gpu(facts: Facts, devices: tuple[str, ...]) -> bool:
    """Whether it is worth the seconds to ask a framework: a GPU was seen, or none could be looked for."""
    if devices:
        return any(name.lower() != "cpu" for name in devices)
    return not isinstance(facts.sections.get("gpus"), Absent)


def _unused(facts: Facts, backend: Backend, answer: FrameworkAnswer | None) -> tuple[Unused, ...]:
    """The machine has NVIDIA GPUs and the backend, which was asked, lists none."""
    gpus = facts.sections.get("gpus")
    names = tuple(gpu.name or gpu.architecture for gpu in gpus.nvidia) if isinstance(gpus, Gpus) else ()
    if answer is None or answer.devices or not names:
        return ()
    return (Unused(backend=backend, gpus=names, trouble=answer.trouble),)


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
