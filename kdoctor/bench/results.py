"""From the events of a child to results: figures, status and why.

Input: what was asked, the events in their order, how the child ended and what was seen beside it; output: a run for
every cell that was asked, also for those that were never reached. Chunks count only while a cell is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from kdoctor.bench.disturbance import QUIET, Disturbance, spoiled
from kdoctor.bench.right import judge
from kdoctor.bench.runs import FEWEST_CHUNKS, Heard, Measured, Run
from kdoctor.bench.steady import told, unsteady
from kdoctor.knowledge.workloads import workload
from kdoctor.measure.stats import processors, step_ms
from kdoctor.model.bench import Bench, Cell, Chunk, Done, Event, Peak, Phase, Ready, Request, Result, Status, Verdict

SCHEMA = 1
MOST_PERCENT = 105.0  # of the peak: a product is never as fast as the best of many, but for noise
OF_DONE: Mapping[str, Status] = {"oom": "oom", "failed": "crashed", "skipped": "skipped"}


def runs_of(request: Request, events: Sequence[Event], heard: Heard) -> tuple[Run, ...]:
    """One run for each cell of the request, in its order."""
    return tuple(run_of(request, index, events, heard) for index in range(len(request.cells)))


def run_of(request: Request, index: int, events: Sequence[Event], heard: Heard) -> Run:
    """The run of the cell at that place of the request."""
    cell, chunks = request.cells[index], chunks_of(index, events)
    done = {event.cell: event for event in events if isinstance(event, Done)}
    ready = next((event for event in events if isinstance(event, Ready)), None)
    if index in done:
        run = _finished(cell, done[index], chunks, heard, tf32=None if ready is None else ready.tf32)
        peak = {**heard.peaks_of_one, **peaks_of(events)}.get(f"matmul_{cell.precision}", 0.0)
        peak *= heard.devices if cell.device == "all" and heard.device_name else 1
        run = _with_peak(run, done[index].flops_per_sample, peak)
    else:
        run = _unfinished(cell, chunks, heard, is_first=all(before in done for before in range(index)))
    beside = heard.beside.get(index, QUIET)
    return _disturbed(run, index, heard) if run.result.status == "ok" else _beside(run, beside, heard)


def chunks_of(index: int, events: Sequence[Event]) -> tuple[Chunk, ...]:
    """The chunks of a cell but those of its warming-up."""
    warming, found = False, []
    for event in events:
        if isinstance(event, Phase) and event.cell == index:
            warming = event.phase != "measuring"
        if isinstance(event, Chunk) and event.cell == index and not warming and event.steps > 0:
            found.append(event)
    return tuple(found)


def empty(cell: Cell, status: Status = "skipped", *notes: str) -> Result:
    """The result of a cell of which nothing is known."""
    return Result(
        workload=cell.workload,
        backend=cell.backend,
        device=cell.device,
        mode=cell.mode,
        precision=cell.precision,
        batch_size=cell.batch_size,
        epochs=cell.epochs,
        steps=0,
        loss=None,
        accuracy=None,
        time_s=0.0,
        compile_s=0.0,
        step_ms=None,
        samples_per_s=None,
        percent_of_peak=None,
        data=cell.data,
        status=status,
        on_device=cell.on_device,
        rate=cell.rate,
        notes=notes,
    )


def _timed(cell: Cell, chunks: Sequence[Chunk], batch_size: int, first_step_s: float) -> Result:
    """The figures that chunks give."""
    raw = tuple(chunk.seconds / chunk.steps for chunk in chunks)
    steps = step_ms(raw)
    median_s = 0.0 if steps is None else steps.median / 1000
    return replace(
        empty(cell),
        batch_size=batch_size,
        steps=sum(chunk.steps for chunk in chunks),
        loss=chunks[-1].loss if chunks else None,
        time_s=sum(chunk.seconds for chunk in chunks),
        compile_s=max(0.0, first_step_s - median_s),
        step_ms=steps,
        samples_per_s=batch_size / median_s if median_s > 0 else None,
        raw=raw,
    )


def _finished(cell: Cell, done: Done, chunks: Sequence[Chunk], heard: Heard, *, tf32: bool | None) -> Run:
    batch_size = done.batch_size or cell.batch_size
    notes: tuple[str, ...] = (done.detail,) if done.detail else ()
    status: Status = OF_DONE.get(done.status, "ok")
    if status == "ok":
        judged = judge(cell, done, chunks, tf32=tf32)
        status = "wrong" if judged.wrong else "ok"
        notes = (*judged.wrong, *judged.reserves, *notes)
    timed = _timed(cell, chunks, batch_size, done.first_step_s)
    result = replace(
        timed,
        steps=done.steps or timed.steps,
        loss=timed.loss if done.loss is None else done.loss,
        accuracy=done.accuracy,
        data=done.data or cell.data,
        status=status,
        device_name=heard.device_name,
        first_losses=done.first_losses,
        losses=done.losses,
        parameters=done.parameters,
        memory_bytes=done.memory_bytes,
        route=done.route,
        notes=notes,
    )
    cpu, wall = sum(chunk.cpu_s for chunk in chunks), sum(chunk.seconds for chunk in chunks)
    return Run(
        cell=cell,
        result=result,
        first_step_s=done.first_step_s,
        cpu_ratio=processors(cpu, wall),
        checks={name: value for name, value in done.checks.items() if value is not None},
        tf32=tf32,
        devices=heard.devices,
    )


def _unfinished(cell: Cell, chunks: Sequence[Chunk], heard: Heard, *, is_first: bool) -> Run:
    """A cell that the child did not end: the first such one is where it stopped."""
    detail = (heard.detail,) if heard.detail else ()
    if heard.ending == "interrupted":
        status: Status = "interrupted"
        notes: tuple[str, ...] = ("It was interrupted before its end.",)
    elif is_first and heard.ending == "timeout":
        status, notes = "timeout", ("It took longer than its time limit.", *detail)
    elif is_first:
        status, notes = "crashed", ("The child ended before the cell did.", *detail)
    else:
        status, notes = "skipped", ("The child had ended before this cell.",)
    timed = _timed(cell, chunks, cell.batch_size, 0.0)
    return Run(cell=cell, result=replace(timed, status=status, notes=notes, device_name=heard.device_name))


def _with_peak(run: Run, flops_per_sample: float, peak: float) -> Run:
    speed = run.result.samples_per_s
    if peak <= 0 or flops_per_sample <= 0 or speed is None:
        return run
    share = 100 * flops_per_sample * speed / peak
    if share > MOST_PERCENT:
        notes = (*run.result.notes, f"It trained at {share:.0f} % of the measured matmul, which was disturbed.")
        return replace(run, result=replace(run.result, notes=notes))
    return replace(run, result=replace(run.result, percent_of_peak=share))


def _beside(run: Run, beside: Disturbance, heard: Heard) -> Run:
    return replace(run, beside=beside, devices=heard.devices)


def _disturbed(run: Run, index: int, heard: Heard) -> Run:
    """The same run, noisy where the numbers cannot be trusted."""
    beside = heard.beside.get(index, QUIET)
    run = _beside(run, beside, heard)
    why = (*unsteady(run.result.raw), *spoiled(beside, on_cpu=not run.on_gpu))
    if why:
        return replace(run, result=replace(run.result, status="noisy", notes=(*why, *run.result.notes)))
    notes = (*run.result.notes, *told(run.result.raw), *_shortened(run))
    return replace(run, result=replace(run.result, notes=notes))


def _shortened(run: Run) -> tuple[str, ...]:
    """That a slow cell was given a smaller batch or fewer chunks."""
    count, cell, row = len(run.result.raw), run.cell, workload(run.cell.workload)
    notes = []
    if row is not None and 0 < row.batch_size_without_gpu == run.result.batch_size:
        notes.append(f"Batches of {run.result.batch_size}; on a GPU it has {row.batch_size}.")
    if not cell.epochs and FEWEST_CHUNKS <= count < cell.chunks:
        notes.append(f"{count} chunks were timed instead of {cell.chunks}: they took {run.result.time_s:.0f} s.")
    return tuple(notes)


def peaks_of(events: Sequence[Event]) -> dict[str, float]:
    """What the device reached, e.g. {"matmul_float32": FLOP/s, "copy_float32": bytes/s, "tf32": 1.0}."""
    found = {f"{event.kind}_{event.precision}": event.per_second for event in events if isinstance(event, Peak)}
    for event in events:
        if isinstance(event, Ready) and event.tf32 is not None and found:
            found["tf32"] = float(event.tf32)
    return found


def document(
    measured: Measured,
    verdicts: Sequence[Verdict],
    *,
    environment: Mapping[str, str],
    facts_digest: str,
    seconds: float,
    exit_reason: str,
) -> Bench:
    """The whole document."""
    return Bench(
        schema=SCHEMA,
        environment=environment,
        facts_digest=facts_digest,
        results=tuple(run.result for run in measured.runs),
        verdicts=tuple(verdicts),
        seconds=seconds,
        exit_reason=exit_reason,
        peaks=measured.peaks,
    )
