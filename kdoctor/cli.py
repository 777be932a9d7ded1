"""The command line: options, output and exit codes; the only place that exits."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Annotated

import typer

from kdoctor import __version__
from kdoctor.model.trouble import Trouble
from kdoctor.options import (
    CheckFormats,
    Deep,
    Env,
    FromFile,
    Here,
    KeepIdentities,
    Log,
    NoPlugins,
    Python,
    Record,
    Sysroot,
    Timeout,
    one_of,
    outputs_of,
    split,
)
from kdoctor.options_gates import (
    Config,
    Expect,
    MoreFiles,
    NoConfig,
    Require,
    Written,
    all_files,
    files_alone,
    refuse_gates,
)


def version(value: bool) -> None:
    """Print the version."""
    if value:
        sys.stdout.write(f"kdoctor {__version__}\n")
        raise typer.Exit


def main(
    show_version: Annotated[
        bool, typer.Option("--version", "-V", callback=version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find out why Keras does not see or use the GPU, and what to do about it."""


def check(
    python: Python = "",
    env: Env = "",
    sysroot: Sysroot = "",
    from_file: FromFile = "",
    log: Log = None,
    here: Here = False,
    deep: Deep = False,
    record: Record = "",
    output: CheckFormats = None,
    timeout: Timeout = 0,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on", metavar="error|warning|note|never", help="Exit with 1 from this severity on (error)."
        ),
    ] = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 3 where an error-level rule could not be decided.")
    ] = False,
    select: Annotated[
        list[str] | None, typer.Option("--select", metavar="RULE", help="Only these rules: id, id prefix or name.")
    ] = None,
    ignore: Annotated[list[str] | None, typer.Option("--ignore", metavar="RULE", help="Not these rules.")] = None,
    file: Written = None,
    more: MoreFiles = None,
    require: Require = None,
    expect: Expect = "",
    config: Config = "",
    no_config: NoConfig = False,
    quiet: Annotated[
        int, typer.Option("-q", "--quiet", count=True, metavar="", show_default=False, help="Only the primary cause.")
    ] = 0,
    verbose: Annotated[
        int,
        typer.Option(
            "-v",
            "--verbose",
            count=True,
            metavar="",
            show_default=False,
            help="Every outcome; twice: those that do not apply too.",
        ),
    ] = 0,
    no_redact: KeepIdentities = False,
    no_plugins: NoPlugins = False,
) -> None:
    """Say what is wrong with this machine and environment, and what to do about it."""
    from kdoctor.commands import check as command
    from kdoctor.commands.gates import Asked
    from kdoctor.commands.origin import examine, one_origin
    from kdoctor.outputs import deliver, refuse_outputs
    from kdoctor.render.formats import CHECK, names
    from kdoctor.render.text import lines
    from kdoctor.terminal import with_progress

    outputs = outputs_of(output, names(CHECK))
    refuse_outputs(outputs)
    one_of("--fail-on", fail_on or "error", ("error", "warning", "note", "never"))
    request = command.Request(
        python=python,
        env=env,
        sysroot=sysroot,
        from_file=from_file,
        record=record,
        deep=deep,
        timeout_s=timeout,
        select=split(select),
        ignore=split(ignore),
        plugins=not no_plugins,
        gates=Asked(require=tuple(require or ()), expect=expect, config=config, searched=not no_config),
    )
    origin = one_origin(request, log or (), here=here)
    files = all_files(file, more)
    if not origin.machine or files:
        refuse_gates(request, "--file" if files else "--log")
    if files:
        from kdoctor.commands.written import check_files

        files_alone(request, log or (), here=here)
        checked = check_files(files, request.select, request.ignore)
    else:
        checked = with_progress(lambda watch: examine(request, origin, watch))
    report = checked.report
    unwritten = deliver(
        lambda _: report,
        outputs,
        CHECK,
        text=lambda width: lines(report, width=width, verbosity=verbose - quiet),
        redact_for=None if no_redact else checked.user,
    )
    code = command.exit_code_of(checked, fail_on=fail_on, strict=strict)
    raise typer.Exit(unwritten or code)


def facts(
    python: Python = "",
    env: Env = "",
    sysroot: Sysroot = "",
    deep: Deep = False,
    record: Record = "",
    timeout: Timeout = 0,
    no_redact: KeepIdentities = False,
    no_plugins: NoPlugins = False,
) -> None:
    """Print the facts alone, as JSON for `kdoctor check --from`."""
    from kdoctor.commands import check as command
    from kdoctor.commands.origin import one_origin
    from kdoctor.render.json import render
    from kdoctor.terminal import with_progress

    request = command.Request(python=python, env=env, sysroot=sysroot, record=record, deep=deep, timeout_s=timeout)
    one_origin(request)
    plugins = command.plugins_of(wanted=not no_plugins)
    gathered, user = with_progress(lambda watch: command.gather(request, watch, plugins))
    sys.stdout.write(render(gathered, redact_for=None if no_redact else user) + "\n")


def envs(
    output: Annotated[str, typer.Option("--format", metavar="text|json", help="How to print the list.")] = "text",
    no_redact: KeepIdentities = False,
) -> None:
    """List every Python environment found, and which of them could use the GPU."""
    from kdoctor.commands import envs as command

    one_of("--format", output, ("text", "json"))
    sys.stdout.write(command.envs(as_json=output == "json", redact=not no_redact))


def explain(
    rule: Annotated[
        str, typer.Argument(metavar="[RULE]", help="Id or name, e.g. KD101; without it all are listed.")
    ] = "",
    output: Annotated[str, typer.Option("--format", metavar="text|json", help="How to print the page.")] = "text",
    no_plugins: NoPlugins = False,
) -> None:
    """Print a rule's page: what it means, why it matters, what to do."""
    from kdoctor.commands import explain as command

    one_of("--format", output, ("text", "json"))
    sys.stdout.write(command.explain(rule, as_json=output == "json", plugins=not no_plugins))


def schema() -> None:
    """Print the JSON Schema of `kdoctor check --format json`."""
    from kdoctor.commands import schema as command

    sys.stdout.write(command.schema())


COMMANDS: dict[str, Callable[..., None]] = {
    "check": check,
    "facts": facts,
    "envs": envs,
    "explain": explain,
    "schema": schema,
}


def assemble(wanted: str = "") -> typer.Typer:
    """The Typer app, with that command alone where it is one of ours: each costs start-up time; else with all."""
    app = typer.Typer(
        name="kdoctor",
        help="Find out why Keras does not see or use the GPU, and what to do about it.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(main)
    if wanted in COMMANDS:
        app.command(wanted)(COMMANDS[wanted])
        return app
    from kdoctor.cli_fake import SETTINGS, fake

    app.command("fake", context_settings=SETTINGS)(fake)
    if wanted == "fake":
        return app
    from kdoctor.cli_run import run_command

    app.command("run", context_settings=SETTINGS)(run_command)
    if wanted == "run":
        return app
    from kdoctor.cli_bench import bench
    from kdoctor.cli_completion import completion
    from kdoctor.cli_fix import fix
    from kdoctor.cli_fleet import app as fleet
    from kdoctor.cli_recipes import app as recipes
    from kdoctor.cli_summary import summary
    from kdoctor.cli_undo import undo

    for name, command in COMMANDS.items():
        app.command(name)(command)
    app.add_typer(recipes, name="recipes")
    app.add_typer(fleet, name="fleet")
    app.command("fix")(fix)
    app.command("bench")(bench)
    app.command("undo")(undo)
    app.command("summary")(summary)
    app.command("completion")(completion)
    return app


def terminated(number: int, _: FrameType | None) -> None:
    """Leave on a signal in the ordinary way, so that children are ended."""
    raise SystemExit(128 + number)


def run(argv: Sequence[str]) -> int:
    """Run the command line and return the exit code; every trouble is one line on stderr."""
    if "_KDOCTOR_COMPLETE" in os.environ:  # before all else: somebody waits at every key
        from typer.main import get_command

        from kdoctor.completing import complete

        return complete(get_command(assemble(argv[0] if len(argv) > 1 else "")), argv)
    from kdoctor.streams import crash, interrupted, log_to_stderr, open_streams, say

    if signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:  # what is ignored stays so, for our children too
        signal.signal(signal.SIGTERM, terminated)
    open_streams()
    try:
        if os.environ.get("KDOCTOR_LOG"):
            log_to_stderr(os.environ["KDOCTOR_LOG"])
        code = assemble(argv[0] if argv else "")(args=list(argv), prog_name="kdoctor", standalone_mode=False)
        sys.stdout.flush()
    except Trouble as trouble:
        return say(trouble)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 0
    except KeyboardInterrupt:
        return interrupted()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001  the top: a bug of ours is one line, not a traceback
        return crash(error)
    return code if isinstance(code, int) else 0
