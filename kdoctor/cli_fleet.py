"""`kdoctor fleet`: options and output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from kdoctor.model.trouble import Trouble
from kdoctor.options import FleetFormats, Output, one_of, outputs_of
from kdoctor.render.formats import FLEET, SCALING, names
from kdoctor.terminal import with_line, write_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kdoctor.commands.fleet_scaling import Wish
    from kdoctor.host.cluster import Asked
    from kdoctor.model.finding import Severity
    from kdoctor.model.fleet import FleetReport
    from kdoctor.render.formats import Format

app = typer.Typer(
    name="fleet",
    no_args_is_help=True,
    help="More than one machine: their checks as one report, what differs, what is lost.",
)
Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="DIR|[NAME=]FILE|-", help="Reports of `kdoctor check --format json`: folders, files, a stream."
    ),
]
Nodes = Annotated[
    str,
    typer.Option(
        "--nodes", metavar="FILE", help="The names of all machines, one a line: those without a report are named."
    ),
]


FailOn = Annotated[
    str, typer.Option("--fail-on", metavar="error|warning|note|never", help="Exit with 1 from this severity on.")
]
Quiet = Annotated[
    int, typer.Option("-q", "--quiet", count=True, metavar="", show_default=False, help="Only the primary cause.")
]
Address = Annotated[
    str,
    typer.Option(
        "--address", metavar="auto|HOST:PORT|local", help="The Ray cluster's head; local: this machine, without Ray."
    ),
]
Workers = Annotated[
    int,
    typer.Option(
        "--workers", metavar="N", min=0, max=4096, show_default=False, help="Train one model on so many together."
    ),
]
Workload = Annotated[
    str, typer.Option("--workload", metavar="NAME", show_default=False, help="With --workers: this model, not lenet.")
]
Backend = Annotated[
    str,
    typer.Option(
        "--backend", metavar="tensorflow|jax|torch", show_default=False, help="With --workers: not Keras's own choice."
    ),
]
Batch = Annotated[
    int,
    typer.Option("--batch-size", metavar="N", min=0, show_default=False, help="With --workers: of each worker."),
]
Seconds = Annotated[
    float,
    typer.Option(
        "--seconds", metavar="S", min=0, show_default=False, help="With --workers: train for about so long, not 30 s."
    ),
]
Data = Annotated[
    str,
    typer.Option(
        "--data", metavar="PATH", show_default=False, help="With --workers: train on this, where it lies on each node."
    ),
]
NodePython = Annotated[
    str, typer.Option("--python", metavar="PATH", show_default=False, help="Examine this, not the Python of Ray there.")
]


@app.callback()
def main() -> None:
    """More than one machine: their checks as one report, what differs, what is lost."""


@app.command()
def merge(
    inputs: Inputs, nodes: Nodes = "", output: FleetFormats = None, fail_on: FailOn = "error", quiet: Quiet = 0
) -> None:
    """Join the reports of many machines into one."""
    from kdoctor.commands import fleet as command

    outputs = refuse(output, fail_on)
    show(command.merged(inputs, nodes), outputs, fail_on, quiet)


@app.command()
def check(
    address: Address = "auto",
    python: NodePython = "",
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="Give a node up after this.")
    ] = 120.0,
    output: FleetFormats = None,
    fail_on: FailOn = "error",
    quiet: Quiet = 0,
) -> None:
    """Check every node of a Ray cluster that runs already (extra `fleet`)."""
    from kdoctor.commands import fleet_engine as command

    outputs = refuse(output, fail_on)
    if address == "local":
        show(command.here(python), outputs, fail_on, quiet)
    ask(command.asked_for_check(address, python, timeout), outputs, fail_on, quiet)


@app.command()
def bench(
    address: Address = "auto",
    python: NodePython = "",
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="Give a node up after this.")
    ] = 900.0,
    workers: Workers = 0,
    workload: Workload = "",
    backend: Backend = "",
    batch_size: Batch = 0,
    seconds: Seconds = 0.0,
    data: Data = "",
    output: FleetFormats = None,
    fail_on: FailOn = "error",
    quiet: Quiet = 0,
) -> None:
    """Train on every node of a Ray cluster, and name the stragglers; with --workers, one model on all together."""
    from kdoctor.commands import fleet_engine as command

    outputs = refuse(output, fail_on, SCALING if workers else FLEET)
    if workers:
        from kdoctor.commands.fleet_scaling import Wish

        one_of("--backend", backend, ("", "tensorflow", "jax", "torch"))
        given = {"workload": workload, "backend": backend, "seconds": seconds}
        wish = Wish(
            workers=workers,
            batch_size=batch_size,
            data=data,
            python=python,
            limit_s=timeout,
            **{name: value for name, value in given.items() if value},  # type: ignore[arg-type]  # one_of
        )
        together(wish, address, outputs, level_of(fail_on))
    if workload or backend or batch_size or seconds or data:
        message = "--workload, --backend, --batch-size, --seconds and --data need --workers"
        raise Trouble("option-misplaced", message, code=2)
    if address == "local":
        raise Trouble("option-misplaced", "--address local: for one machine there is `kdoctor bench`", code=2)
    ask(command.asked_for_bench(address, python, timeout), outputs, fail_on, quiet)


def together(wish: Wish, address: str, outputs: Sequence[Output], fail_on: Severity | None) -> NoReturn:
    """Train one model on all workers, print where the time goes, and leave."""
    from kdoctor.commands import fleet_scaling as command
    from kdoctor.outputs import deliver
    from kdoctor.render.scaling import lines

    found = with_line(
        lambda hear: command.here(wish, hear) if address == "local" else command.on_cluster(wish, address, hear)
    )
    unwritten = deliver(
        lambda _: found,
        outputs,
        SCALING,
        text=lambda width: lines(found, width=width),
        redact_for=None,
        summary=False,
    )
    raise typer.Exit(unwritten or command.exit_code(found, fail_on=fail_on))


@app.command(hidden=True)
def worker(request: Annotated[str, typer.Argument(envvar="KDOCTOR_WORKER")], python: NodePython = "") -> None:
    """Be one of several workers; `bench --workers` starts it on each node."""
    from kdoctor.commands.fleet_scaling import worker as command

    write_document(command(request, python), redact_for=None)


def refuse(output: list[str] | None, fail_on: str, known: Sequence[Format] = FLEET) -> Sequence[Output]:
    """Where the report goes. Raises Trouble for words that are none of the options', or what may not be written."""
    from kdoctor.host.put import refuse_files
    from kdoctor.outputs import refuse_outputs

    outputs = outputs_of(output, names(known))
    one_of("--fail-on", fail_on, ("error", "warning", "note", "never"))
    refuse_outputs(outputs)
    refuse_files((one.path for one in outputs if one.path), force=True)  # before minutes of work on every node
    return outputs


def ask(asked: Asked, outputs: Sequence[Output], fail_on: str, quiet: int) -> NoReturn:
    """Ask every node of the cluster, print what they say and leave."""
    from kdoctor.commands.fleet_engine import everywhere

    show(with_line(lambda hear: everywhere(asked, hear)), outputs, fail_on, quiet)


def show(report: FleetReport, outputs: Sequence[Output], fail_on: str, quiet: int) -> NoReturn:
    """Print the report and leave."""
    from kdoctor.commands.fleet import exit_code
    from kdoctor.outputs import deliver
    from kdoctor.render.fleet import lines

    unwritten = deliver(
        lambda _: report,
        outputs,
        FLEET,
        text=lambda width: lines(report, width=width, verbosity=-quiet),
        redact_for=None,
        summary=False,
    )
    raise typer.Exit(unwritten or exit_code(report, fail_on=level_of(fail_on)))


def level_of(fail_on: str) -> Severity | None:
    """The severity from which on a run fails, None for never."""
    return None if fail_on == "never" else fail_on  # type: ignore[return-value]  # refuse
