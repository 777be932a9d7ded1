"""Options that several commands have, and what is checked of their values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import typer

from kdoctor.model.trouble import Trouble
from kdoctor.render import formats


def _told(some: Sequence[formats.Format]) -> str:
    return f"How to print: {', '.join(formats.names(some))}; with =FILE into a file. Several at once."


Sysroot = Annotated[
    str, typer.Option("--sysroot", metavar="DIR", help="Examine an unpacked image or a recorded machine: files only.")
]

Python = Annotated[str, typer.Option("--python", metavar="PATH", help="Examine this interpreter.")]
Env = Annotated[
    str, typer.Option("--env", metavar="NAME|PREFIX", help="Examine this environment (venv, conda, pixi, uv).")
]
Keras = Annotated[str, typer.Option("--keras", metavar="VERSION", help="Only with this Keras: 3, 3.12, >=3.10.")]
Tensorflow = Annotated[
    str, typer.Option("--tensorflow", metavar="VERSION", help="Only with this TensorFlow: 2.20, >=2.18.")
]
PythonVersion = Annotated[str, typer.Option("--python-version", metavar="VERSION", help="Only for this Python: 3.12.")]
Backend = Annotated[str, typer.Option("--backend", metavar="tensorflow|jax|torch", help="Only with this backend.")]
Own = Annotated[
    list[str] | None, typer.Option("--recipes", metavar="PATH", help="Also this recipe, or those of this folder.")
]
FromFile = Annotated[str, typer.Option("--from", metavar="FILE", help="Judge recorded facts (- for standard input).")]
Log = Annotated[
    list[str] | None,
    typer.Option("--log", metavar="FILE", help="Judge a log, a traceback or a pasted report (- for standard input)."),
]
Here = Annotated[
    bool, typer.Option("--here", help="With --log: join what it says of then with what this machine shows now.")
]
CheckFormats = Annotated[
    list[str] | None,
    typer.Option("--format", metavar="NAME[=FILE]", show_default=False, help=_told(formats.CHECK)),
]
BenchFormats = Annotated[
    list[str] | None,
    typer.Option("--format", metavar="NAME[=FILE]", show_default=False, help=_told(formats.BENCH)),
]
FixFormats = Annotated[
    list[str] | None,
    typer.Option("--format", metavar="NAME[=FILE]", show_default=False, help=_told(formats.FIX)),
]
FleetFormats = Annotated[
    list[str] | None,
    typer.Option("--format", metavar="NAME[=FILE]", show_default=False, help=_told(formats.FLEET)),
]
Format = Annotated[str, typer.Option("--format", metavar="text|json", help="How to print.")]
NoRedact = Annotated[bool, typer.Option("--no-redact", help="Keep names and homes in other formats than text.")]

Deep = Annotated[bool, typer.Option("--deep", help="Also import and run the frameworks, in children.")]
Timeout = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0,
        show_default=False,
        help="Time limit of each probe (20; with --deep 600).",
    ),
]
Record = Annotated[
    str,
    typer.Option(
        "--record", metavar="DIR", help="Write what was read to a new folder, redacted, to replay with --sysroot."
    ),
]
KeepIdentities = Annotated[
    bool, typer.Option("--no-redact", help="Keep names, homes and GPU identities in other formats than text.")
]
NoPlugins = Annotated[bool, typer.Option("--no-plugins", help="Without the probes and rules of other distributions.")]


def split(values: list[str] | None) -> tuple[str, ...]:
    """Repeated and comma-separated values alike."""
    return tuple(part.strip() for value in values or () for part in value.split(",") if part.strip())


def one_of(option: str, value: str, allowed: Sequence[str]) -> None:
    """Raise Trouble for a value that is none of the allowed ones."""
    if value not in allowed:
        reference = "option-value-unknown"
        raise Trouble(reference, f"{option} {value}: expected one of {', '.join(allowed)}", code=2)


class Output(NamedTuple):
    """A report in one format; ``path``: the file that it goes to, "" for standard output."""

    format: str
    path: str


def outputs_of(values: Sequence[str] | None, known: Sequence[str]) -> tuple[Output, ...]:
    """What ``--format NAME`` and ``--format NAME=FILE`` ask for; text where nothing is. Raises Trouble."""
    outputs = []
    for value in values or ("text",):
        name, sign, path = value.partition("=")
        one_of("--format", name, known)
        if sign and not path:
            raise Trouble("option-value-unknown", f"--format {value}: a file is missing after the =", code=2)
        outputs.append(Output(name, "" if path == "-" else path))
    printed = [one.format for one in outputs if not one.path]
    if len(printed) > 1:
        hint = f"Give another a file: --format {printed[-1]}=FILE."
        message = f"--format {' and '.join(printed)}: only one goes to standard output"
        raise Trouble("options-exclude-each-other", message, hint=hint, code=2)
    return tuple(outputs)
