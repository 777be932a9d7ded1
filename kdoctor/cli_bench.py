"""`kdoctor bench`: options, progress, output and exit codes."""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from kdoctor.model.trouble import Trouble
from kdoctor.options import BenchFormats, Env, NoRedact, Python, one_of, outputs_of, split
from kdoctor.render.text import visible
from kdoctor.streams import say
from kdoctor.terminal import live, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kdoctor.commands.bench import Asked, Session
    from kdoctor.model.bench import Bench, Cell, Event, Result
    from kdoctor.render.text import Line

Name = TypeVar("Name", bound=str)
Quick = Annotated[bool, typer.Option("--quick", help="The regression and LeNet on every device (the default).")]
Full = Annotated[bool, typer.Option("--full", help="Every workload, mode and precision, with a sweep of batch sizes.")]
Workload = Annotated[
    list[str] | None, typer.Option("--workload", metavar="NAME", help="Only these; --list names them.")
]
Device = Annotated[
    list[str] | None, typer.Option("--device", metavar="cpu|gpu|gpu:N|UUID|all", help="Only these devices.")
]
Backend = Annotated[
    list[str] | None, typer.Option("--backend", metavar="tensorflow|jax|torch", help="These, not Keras's own choice.")
]
Batch = Annotated[list[str] | None, typer.Option("--batch-size", metavar="N,N", help="With these batch sizes.")]
Epochs = Annotated[list[str] | None, typer.Option("--epochs", metavar="N,N", help="For so many epochs, not a time.")]
Precision = Annotated[
    list[str] | None, typer.Option("--precision", metavar="float32|mixed_bfloat16|mixed_float16", help="In these.")
]
Mode = Annotated[
    list[str] | None, typer.Option("--mode", metavar="public|documented|limit", help="By these routes of Keras.")
]
Seconds = Annotated[float, typer.Option("--seconds", metavar="S", min=0.1, help="Measure each for so long.")]
Repeat = Annotated[int, typer.Option("--repeat", metavar="N", min=1, help="Everything so many times.")]
Data = Annotated[str, typer.Option("--data", metavar="PATH", help="Train on this file or folder.")]
Download = Annotated[
    bool, typer.Option("--download", help="Let Keras fetch MNIST, IMDB and the cats and dogs (825 MB) if need be.")
]
Timeout = Annotated[float, typer.Option("--timeout", metavar="S", min=1, help="Give each measurement up after this.")]
Csv = Annotated[str, typer.Option("--csv", metavar="FILE", help="Also write the results as a table.")]
Plot = Annotated[
    str, typer.Option("--plot", metavar="FILE", help="Also draw the curves: FILE.png or FILE.svg (needs matplotlib).")
]
Grid = Annotated[
    str, typer.Option("--grid", metavar="DIR", help="Also write batch size, epochs, loss, accuracy, time.")
]
Force = Annotated[bool, typer.Option("--force", help="Write over files that exist.")]
Baseline = Annotated[str, typer.Option("--baseline", metavar="FILE", help="Compare with an earlier JSON document.")]
Below = Annotated[
    float, typer.Option("--fail-below", metavar="F", min=0, max=1, help="Fail below this part of its speed: 0.9.")
]
Compare = Annotated[
    tuple[str, str] | None, typer.Option("--compare", metavar="A B", help="Compare two JSON documents; trains nothing.")
]
History = Annotated[bool, typer.Option("--history", help="List the runs of this user; trains nothing.")]
Provision = Annotated[
    bool, typer.Option("--provision", help="Train in an environment that is made for this run and removed again.")
]
Recipe = Annotated[str, typer.Option("--recipe", metavar="ID", help="With --provision: from this recipe.")]
List = Annotated[bool, typer.Option("--list", help="List the workloads.")]


def bench(
    quick: Quick = False,
    full: Full = False,
    workload: Workload = None,
    device: Device = None,
    backend: Backend = None,
    batch_size: Batch = None,
    epochs: Epochs = None,
    precision: Precision = None,
    mode: Mode = None,
    seconds: Seconds = 3.0,
    repeat: Repeat = 1,
    data: Data = "",
    download: Download = False,
    timeout: Timeout = 1800.0,
    python: Python = "",
    env: Env = "",
    provision: Provision = False,
    recipe: Recipe = "",
    csv: Csv = "",
    grid: Grid = "",
    plot: Plot = "",
    force: Force = False,
    baseline: Baseline = "",
    fail_below: Below = 0.0,
    compare: Compare = None,
    history: History = False,
    listing: List = False,
    output: BenchFormats = None,
    no_redact: NoRedact = False,
) -> None:
    """Train small models on every device: does it train, right, and how fast."""
    from kdoctor.bench.cells import Wanted
    from kdoctor.commands import bench_document as document
    from kdoctor.commands.bench import Asked
    from kdoctor.host.put import refuse_files
    from kdoctor.model.bench import MODES, PRECISIONS
    from kdoctor.outputs import deliver, refuse_outputs
    from kdoctor.render.formats import BENCH, names

    outputs = outputs_of(output, names(BENCH))
    refuse_outputs(outputs)
    if quick and full:
        raise Trouble("options-exclude-each-other", "--quick and --full: choose one", code=2)
    wanted = Wanted(
        workloads=split(workload),
        modes=chosen("--mode", split(mode), MODES),
        precisions=chosen("--precision", split(precision), PRECISIONS),
        batch_sizes=numbers("--batch-size", split(batch_size)),
        epochs=numbers("--epochs", split(epochs)),
        seconds=seconds,
        repeat=repeat,
        data=data,
        download=download,
        full=full,
    )
    asked = Asked(
        wanted=wanted,
        devices=split(device),
        backends=chosen("--backend", split(backend), ("tensorflow", "jax", "torch")),
        python=python,
        env=env,
        timeout_s=timeout,
    )
    limit = fail_below or None
    if listing or history or compare:
        without_training(listing=listing, compare=compare, fail_below=limit)
    if plot and not plot.endswith((".png", ".svg")):
        raise Trouble("plot-no-picture", f"--plot {plot}: expected a name that ends in .png or .svg", code=2)
    if limit and not baseline:
        raise Trouble("option-misplaced", "--fail-below needs a --baseline to be below of", code=2)
    refuse_files((path for path in (csv, plot) if path), force=force)  # before minutes of training
    refuse_files((one.path for one in outputs if one.path), force=True)
    if plot:
        from kdoctor.render.plots import refuse_without_matplotlib

        refuse_without_matplotlib()
    gate = document.Gate(before=document.document_in(baseline), fail_below=limit) if baseline else None
    started = dt.datetime.now(dt.timezone.utc)
    session = in_a_new_one(asked, recipe) if provision else trained(asked)
    report = document.report_of(session, gate)
    failed = deliver(
        lambda _: report,
        outputs,
        BENCH,
        text=lambda width: shown(report, width),
        redact_for=None if no_redact else session.user,
    )
    failed = keep(report, started, csv=csv, grid=grid, plot=plot, force=force) or failed
    raise typer.Exit(failed or document.exit_code(report))


def shown(report: Bench, width: int) -> Iterator[Line]:
    """The report for people: tables, verdicts, curves."""
    from kdoctor.render.bars import plots
    from kdoctor.render.bench import lines

    yield from lines(report, width=width)
    yield from plots(report.results, width=width)


def trained(asked: Asked) -> Session:
    """Train; a terminal shows what is done and what it is at, a pipe gets a line for each device."""
    from kdoctor.commands.bench import begun, run
    from kdoctor.render.bench_live import Board, heard, lines, told

    board = Board()

    def draw(now: float, width: int, height: int) -> Iterator[Line]:
        return lines(board, now, width=width, height=height)

    with live(draw) as clock:
        if clock is None:
            return run(asked, lambda place, count: tell(begun(place, count)), lambda *_: None)

        def begin(place: str, count: int) -> None:
            nonlocal board
            board = told(board, place, count)

        def hear(cell: Cell, event: Event | Result) -> None:
            nonlocal board
            board = heard(board, cell, event, clock())

        return run(asked, begin, hear)


def in_a_new_one(asked: Asked, recipe: str) -> Session:
    """The same in an environment for this run only. Raises Trouble."""
    from msgspec.structs import replace

    from kdoctor.commands.provision import provisioned

    if asked.python or asked.env:
        raise Trouble(
            "options-exclude-each-other", "--provision makes the environment: leave out --python and --env", code=2
        )
    with provisioned(recipe, tell) as python:
        return trained(replace(asked, python=python))


def keep(report: Bench, started: dt.datetime, *, csv: str, grid: str, plot: str, force: bool) -> int:
    """Write the files that were asked for, and the history, each though another cannot be; the exit code, 0 if all."""
    from kdoctor.commands.bench_document import remember

    codes = [placed(files, force=force) for files in files_of(report, csv=csv, grid=grid, plot=plot)]
    try:
        remember(report, started)
    except Trouble as trouble:  # a run is none the worse for it
        tell(f"the run is not in the history: {trouble.message}")
    return max(codes, default=0)


def placed(files: Callable[[], Mapping[str, bytes]], *, force: bool) -> int:
    """Write them all or none; the exit code."""
    from kdoctor.host.put import put

    try:
        put(files(), force=force)
    except Trouble as trouble:
        return say(trouble)
    return 0


def files_of(report: Bench, *, csv: str, grid: str, plot: str) -> Iterator[Callable[[], Mapping[str, bytes]]]:
    """What gives the files of each option, by their paths."""
    from kdoctor.bench.grid import csv as table
    from kdoctor.bench.grid import grids
    from kdoctor.render.plots import picture

    if csv:
        yield lambda: {csv: table(report.results).encode()}
    if grid:
        yield lambda: {f"{grid.rstrip('/')}/{name}": text.encode() for name, text in grids(report.results).items()}
    if plot:
        yield lambda: {plot: picture(report, "svg" if plot.endswith(".svg") else "png")}


def without_training(*, listing: bool, compare: tuple[str, str] | None, fail_below: float | None) -> NoReturn:
    """What needs no device: the list of workloads, two documents, the history."""
    from kdoctor.bench.baseline import text
    from kdoctor.bench.history import listed
    from kdoctor.commands import bench_document as document
    from kdoctor.commands.bench import known_workloads
    from kdoctor.host.live import LiveHost

    code = 0
    if compare:
        comparison, code = document.compared(*compare, fail_below)
        said = text(comparison)
    else:
        said = known_workloads(LiveHost()) if listing else tuple(listed(document.history()))
    sys.stdout.write("".join(f"{visible(line)}\n" for line in said))
    raise typer.Exit(code)


def chosen(option: str, values: tuple[str, ...], allowed: tuple[Name, ...]) -> tuple[Name, ...]:
    """The values as what they are; raises Trouble for one that is none of the allowed ones."""
    for value in values:
        one_of(option, value, allowed)
    return tuple(name for value in values for name in allowed if name == value)


def numbers(option: str, values: tuple[str, ...]) -> tuple[int, ...]:
    """Whole numbers above 0; raises Trouble for anything else."""
    for value in values:
        if not (value.isascii() and value.isdigit() and int(value) > 0):
            raise Trouble(
                "number-not-understood", f"{option} {value}: expected whole numbers, such as 1,10,100", code=2
            )
    return tuple(int(value) for value in values)
