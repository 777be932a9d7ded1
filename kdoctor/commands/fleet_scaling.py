"""`kdoctor fleet bench --workers N`: workers that train one model together, on this machine or on a Ray cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import msgspec

from kdoctor.bench.cells import Wanted, is_cpu
from kdoctor.commands import bench
from kdoctor.commands.check import Request as Examine
from kdoctor.commands.check import live
from kdoctor.commands.fleet_engine import heard_of
from kdoctor.fleet.scaling.report import report
from kdoctor.host.cluster import Asked as Engine
from kdoctor.host.live import LiveHost
from kdoctor.host.together import all_here, meeting_place, one, processors
from kdoctor.host.watch import sample
from kdoctor.knowledge.workloads import workload as workload_row
from kdoctor.model.facts.base import Facts
from kdoctor.model.finding import SEVERITIES, Severity
from kdoctor.model.fleet import Answer
from kdoctor.model.recipe import Backend
from kdoctor.model.scaling import Asked, Event, Failed, Phase, Scaling, Worked
from kdoctor.model.trouble import Trouble
from kdoctor.probes.framework_answers import ask

LONGEST_S = 86_400.0  # whoever asked has a limit of its own
Hear = Callable[[str], None]


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """The options, as typed."""

    workers: int
    workload: str = "lenet"
    backend: Backend | None = None
    batch_size: int = 0
    seconds: float = 30.0
    data: str = ""
    python: str = ""
    limit_s: float = 900.0


def here(wish: Wish, hear: Hear) -> Scaling:
    """All workers on this machine: one for each GPU, else each with its share of the processors. Raises Trouble."""
    begun = sample().at
    host, facts, backend = _examined(wish)
    refuse_workload(wish, bench.known_workloads(host))
    shares = _shares(wish, _gpus(host, facts, backend))
    address, port, word = meeting_place()
    workers = [
        Asked(
            workload=wish.workload,
            backend=backend,
            device=device,
            rank=rank,
            world=wish.workers,
            address=address,
            port=port,
            word=word,
            threads=max(1, len(cores)),
            cores=cores,
            batch_size=wish.batch_size or usual_batch(wish.workload, device),
            seconds=wish.seconds,
            data=wish.data,
        )
        for rank, (device, cores) in enumerate(shares)
    ]

    def heard(rank: int, event: Event) -> None:
        if rank == 0 and isinstance(event, Phase):
            hear(f"{wish.workload} on {backend}, {wish.workers} workers: {event.phase}")

    name = host.user.host_name or "localhost"
    found = all_here(host, name, workers, limit_s=wish.limit_s, hear=heard)
    return report(found, workload=wish.workload, backend=backend, seconds=sample().at - begun)


def _examined(wish: Wish) -> tuple[LiveHost, Facts, Backend]:
    """This machine, and the backend that was asked for, else the one that Keras is configured for. Raises Trouble."""
    asked = bench.Asked(wanted=Wanted(), backends=(wish.backend,) if wish.backend else (), python=wish.python)
    host, facts = bench.examined(asked)
    return host, facts, bench.backends_of(asked, facts)[0]


def _gpus(host: LiveHost, facts: Facts, backend: Backend) -> int:
    """How many the backend lists; it is asked only where there may be one."""
    if not bench.may_have_gpu(facts, ()):
        return 0
    return sum(1 for name in ask(host, backend).devices if not is_cpu(name))


def _shares(wish: Wish, gpus: int) -> list[tuple[str, tuple[int, ...]]]:
    """Device and processors of each worker."""
    cores = processors()
    there, what = (gpus, "GPUs that the backend lists") if gpus else (len(cores), "processors")
    if wish.workers > there:
        message = f"--workers {wish.workers}: this machine has {there} {what}"
        raise Trouble("workers-too-many", message, hint="A worker needs a GPU or a processor of its own.", code=2)
    if gpus:
        return [(f"gpu:{number}", ()) for number in range(wish.workers)]
    share = len(cores) // wish.workers
    return [("cpu", cores[rank * share : (rank + 1) * share]) for rank in range(wish.workers)]


def usual_batch(workload: str, device: str) -> int:
    """The batch of one worker; 0: the workload's own."""
    row = workload_row(workload)
    return row.batch_size_without_gpu if row is not None and device == "cpu" else 0


def refuse_workload(wish: Wish, known: Sequence[str]) -> None:
    """Raise Trouble for a workload that there is not."""
    if wish.workload not in known:
        message = f"there is no workload {wish.workload!r}"
        raise Trouble("workload-unknown", message, hint=f"Known: {', '.join(known)}.", code=2)


def on_cluster(wish: Wish, address: str, hear: Hear) -> Scaling:
    """The workers on the nodes of a Ray cluster, spread over them. Raises Trouble where none could be asked."""
    begun = sample().at
    refuse_workload(wish, bench.known_workloads(LiveHost()))
    backend = wish.backend or _examined(wish)[2]
    asked = Engine(
        address=address,
        python=wish.python,
        limit_s=wish.limit_s,
        workers=wish.workers,
        asked={
            "workload": wish.workload,
            "backend": backend,
            "batch_size": wish.batch_size,
            "seconds": wish.seconds,
            "data": wish.data,
        },
        usual_batch=usual_batch(wish.workload, "cpu"),
    )
    found = [_worked(answer) for answer in heard_of(asked, hear)]
    return report(found, workload=wish.workload, backend=backend, seconds=sample().at - begun)


def _worked(answer: Answer) -> Worked:
    """A worker from its answer, whose name is its number and that of its node."""
    rank, _, name = answer.node.partition(" ")
    try:
        return msgspec.structs.replace(msgspec.json.decode(answer.report, type=Worked), name=name)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        said = answer.said or str(error)
        return Worked(name=name, rank=int(rank), device="", threads=0, failed=Failed(kind="lost", detail=said))


def worker(request: str, python: str) -> Worked:
    """One of them, on the node on which it is to train. Raises Trouble for a request that is none."""
    try:
        asked = msgspec.json.decode(request, type=Asked)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Trouble("request-not-readable", f"the request of a worker: {error}", code=2) from error
    host, _ = live(Examine(python=python))
    return one(host, "", asked, limit_s=LONGEST_S, hear=lambda *_: None, stopped=threading.Event())


def exit_code(found: Scaling, *, fail_on: Severity | None) -> int:
    """0, 1 where something is wrong, 3 where nothing was measured, by CONTRACT."""
    if found.exit_reason == "nothing-ran":
        return 3
    limit = -1 if fail_on is None else SEVERITIES.index(fail_on)
    return int(any(SEVERITIES.index(verdict.severity) <= limit for verdict in found.verdicts))
