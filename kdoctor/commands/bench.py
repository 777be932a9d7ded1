"""`kdoctor bench`: train small models on every device of the examined environment, and say what came of it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kdoctor.bench.cells import Wanted, chosen_workloads, devices_for, request_for
from kdoctor.bench.devices import gpus_of, uuids_of
from kdoctor.bench.measure import TIMEOUT_S, Hear, Talk, measure
from kdoctor.bench.runs import Unused
from kdoctor.commands.check import Request as Examine
from kdoctor.commands.check import live, probed
from kdoctor.host import User, names_in
from kdoctor.host.live import INSIDE, LiveHost
from kdoctor.host.watch import sample
from kdoctor.model.facts.base import Absent, Facts
from kdoctor.model.facts.framework_answers import FrameworkAnswer
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.keras import Keras
from kdoctor.model.recipe import Backend
from kdoctor.model.trouble import Trouble
from kdoctor.probes.framework_answers import ask

Begin = Callable[[str, int], None]  # backend and device, and how many cells are to be measured there


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The options, as typed."""

    wanted: Wanted
    devices: tuple[str, ...] = ()
    backends: tuple[Backend, ...] = ()
    python: str = ""
    env: str = ""
    timeout_s: float = TIMEOUT_S


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
