"""`%load_ext kdoctor` in IPython: `%kdoctor` examines the kernel's environment, `%%kdoctor` judges a cell's failure."""

from __future__ import annotations

import contextlib
import importlib
import shlex
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import typer
import typer.main

from kdoctor.api import BenchResult, CheckResult, bench, check
from kdoctor.cli import assemble
from kdoctor.commands.explain import explain
from kdoctor.host.tee import listening
from kdoctor.model.trouble import Trouble
from kdoctor.streams import say
from kdoctor.terminal import tell

KEYWORDS: Mapping[str, Mapping[str, str]] = {  # of the options: what the functions of kdoctor.api call them
    "check": {
        **{name: name for name in ("python", "env", "sysroot", "from_file", "log", "here", "deep", "select", "ignore")},
        "timeout": "timeout_s",
    },
    "bench": {
        **{name: name for name in ("python", "env", "workload", "device", "backend", "batch_size", "epochs", "mode")},
        **{name: name for name in ("precision", "full", "seconds", "repeat", "data", "download")},
        "timeout": "timeout_s",
    },
    "explain": {"rule": "rule"},
}
MEANT_ANYWAY = ("quick",)
NUMBERS = ("batch_size", "epochs")


class Ran(Protocol):
    """What came of a cell."""

    error_in_exec: BaseException | None

    def raise_error(self) -> None:
        """Raise what the cell raised, if anything."""


class Shell(Protocol):
    """What is used of IPython's shell."""

    def run_cell(self, raw_cell: str) -> Ran:
        """Run a cell and show its output or its traceback."""

    def register_magic_function(self, func: Callable[..., object], magic_kind: str, magic_name: str) -> None:
        """Take a magic in."""


class Magic:
    """The magics of one shell."""

    def __init__(self, shell: Shell) -> None:
        """Remember where cells run."""
        self.shell = shell

    def kdoctor(self, line: str, cell: str | None = None) -> CheckResult | BenchResult | None:
        """Why does Keras not use the GPU, here in this kernel?

        %kdoctor [check] [OPTIONS]      examine this kernel's interpreter, or what the options name
        %kdoctor bench [OPTIONS]        train small models on every device
        %kdoctor explain [RULE]         a rule's page
        %%kdoctor [OPTIONS]             run the cell; if it fails, judge its traceback and what it wrote to
                                        standard error, beside this kernel's environment

        The options are those of the commands; what is given back is a result of kdoctor.api.
        """
        try:
            command, options = asked(line)
            if cell is None:
                return answer(command, options)
            refuse_other(command)
        except Trouble as trouble:
            say(trouble)
        except typer.Exit:  # the help was asked for
            pass
        else:
            self.judged(cell, options)
        return None

    def judged(self, cell: str, options: Mapping[str, Any]) -> None:
        """Run the cell, and show what its failure tells; the failure itself goes on, so that "run all" stops."""
        with listening() as heard:
            ran = self.shell.run_cell(cell)
        error = ran.error_in_exec
        if isinstance(error, Exception):
            told = "".join(traceback.format_exception(type(error), error, error.__traceback__))
            try:
                result = check(**{**options, "text": f"{heard.text()}\n{told}", "here": True})
                importlib.import_module("IPython.display").display(result)  # it is there: its shell has called
            except Trouble as trouble:
                say(trouble)
            with contextlib.suppress(AttributeError, TypeError):  # shown in full already, and a line is enough now
                error._render_traceback_ = lambda: traceback.format_exception_only(type(error), error)  # type: ignore[attr-defined]  # IPython's protocol
        ran.raise_error()


def load(shell: Shell) -> None:
    """Give the shell the magics."""
    shell.register_magic_function(Magic(shell).kdoctor, "line_cell", "kdoctor")


def refuse_other(command: str) -> None:
    """A cell can be checked, not measured or explained. Raises Trouble."""
    if command != "check":
        message = f"%%kdoctor takes the options of `kdoctor check` only, not {command}"
        raise Trouble("command-misplaced", message, code=2)


def answer(command: str, options: Mapping[str, Any]) -> CheckResult | BenchResult | None:
    """What a line asks for; a page is printed."""
    if command == "explain":
        sys.stdout.write(explain(options.get("rule", ""), as_json=False))
        return None
    return bench(**options, progress=tell) if command == "bench" else check(**options)


def asked(line: str) -> tuple[str, dict[str, Any]]:
    """The command of a line and its options as keywords. Raises Trouble; typer.Exit after the help."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise Trouble("line-not-understood", f"{line}: {error}", code=2) from error
    command = words.pop(0) if words and not words[0].startswith("-") else "check"
    known = KEYWORDS.get(command)
    if known is None:
        hint = f"The others run as at a shell: `!kdoctor {command}`."
        raise Trouble(
            "command-unknown", f"%kdoctor {command}: expected one of {', '.join(KEYWORDS)}", hint=hint, code=2
        )
    options: dict[str, Any] = {}
    for name, option, value in _parsed(command, words):
        if name == "no_plugins":
            options["plugins"] = not value
        elif name in known:
            options[known[name]] = _numbers(value) if name in NUMBERS else value
        elif name not in MEANT_ANYWAY:
            hint = "The result has it, or run `!kdoctor`."
            raise Trouble("option-misplaced", f"%kdoctor {command} takes no {option}", hint=hint, code=2)
    return command, options


def _parsed(command: str, words: list[str]) -> list[tuple[str, str, Any]]:
    """Name, spelling and value of what is in the line, by the parser of the command line; lists as one text."""
    group: Any = typer.main.get_command(assemble(command))
    parser = group.commands[command]
    try:
        with parser.make_context(f"%kdoctor {command}", words) as context:
            values, source = context.params, context.get_parameter_source
            typed = [one for one in parser.params if getattr(source(one.name), "name", "") == "COMMANDLINE"]
    except typer.Exit:
        raise
    except Exception as error:
        show = getattr(error, "format_message", None)
        if show is None:
            raise
        raise Trouble("line-not-understood", str(show()), code=2) from error
    return [(one.name, one.opts[-1], _one_text(one.name, values[one.name])) for one in typed]


def _one_text(name: str, value: object) -> object:
    """Repeated values with commas, as the functions take them; paths stay as they are."""
    return ",".join(value) if isinstance(value, (list, tuple)) and name != "log" else value


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise Trouble("number-not-understood", f"{text}: expected whole numbers, such as 1,10", code=2) from error
