"""The document of workers that trained together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kdoctor import __version__
from kdoctor.fleet.scaling.series import Series, first
from kdoctor.fleet.scaling.split import MS, exchanged, scaled
from kdoctor.fleet.scaling.verdicts import verdicts
from kdoctor.model.recipe import Backend
from kdoctor.model.scaling import SCALING_SCHEMA, Ready, Scaling, Worked, WorkerRow


def report(workers: Sequence[Worked], *, workload: str, backend: Backend, seconds: float) -> Scaling:
    """What came of them, in the order of their numbers."""
    series = Series(sorted(workers, key=lambda worker: worker.rank))
    exchange = exchanged(series)
    ways = scaled(series, exchange)
    judged = tuple(verdicts(series, ways, exchange))
    built, checked = series.built, series.checked
    return Scaling(
        schema=SCALING_SCHEMA,
        kdoctor=__version__,
        environment=_environment(workers),
        workload=workload,
        backend=backend,
        route=built.route if built else "",
        data=built.data if built else "",
        parameters=built.parameters if built else 0,
        workers=tuple(_row(worker, series) for worker in series.workers),
        scaled=ways,
        exchange=exchange,
        links=series.links,
        losses=checked.losses if checked else (),
        expected_losses=checked.expected if checked else (),
        verdicts=judged,
        exit_reason=_reason(series, ways=bool(ways), names=[verdict.name for verdict in judged]),
        seconds=round(seconds, 1),
    )


def _environment(workers: Sequence[Worked]) -> Mapping[str, str]:
    ready = first(workers, Ready)
    return ready.versions if ready else {}


def _row(worker: Worked, series: Series) -> WorkerRow:
    row = series.rows("apart", series.built.batch_size).get(worker.rank) if series.built else None
    return WorkerRow(
        rank=worker.rank,
        name=worker.name,
        device=worker.device,
        threads=worker.threads,
        step_ms=MS * row.step_s if row else None,
        failed=worker.failed.detail if worker.failed else "",
    )


def _reason(series: Series, *, ways: bool, names: Sequence[str]) -> str:
    """One word: ok, wrong, worker-lost, or nothing-ran where not even the workers met."""
    if "losses-differ" in names:
        return "wrong"
    if "worker-lost" in names:
        return "worker-lost" if ways or first(series.workers, Ready) else "nothing-ran"
    return "ok" if ways else "nothing-ran"
