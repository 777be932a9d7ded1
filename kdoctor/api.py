"""kdoctor for programs: ``check`` and ``bench`` as functions that return what was found.

They do what the commands of these names do, with the same options as keywords, and differ in this: without a word they
examine the interpreter that they run in (a notebook's kernel, a test run) and say so in the report; they print
nothing, write no file, and never leave the program. What they cannot do they raise as ``Trouble``.

    >>> from kdoctor.api import check
    >>> result = check(text="ImportError: libcudart.so.10.0: cannot open shared object file")
    >>> result.primary.cause
    'cuda-lib-missing'
    >>> result.ok
    False
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from kdoctor.model.trouble import Trouble

if TYPE_CHECKING:
    from kdoctor.commands.bench import Asked
    from kdoctor.commands.check import Checked, Request
    from kdoctor.host import User
    from kdoctor.model.bench import Bench, Result, Verdict
    from kdoctor.model.finding import Finding, Outcome
    from kdoctor.model.report import Report

__all__ = ["BenchResult", "CheckResult", "Trouble", "bench", "check"]

Path = str | os.PathLike[str]
Words = str | Iterable[str]
WIDTH = 100


class Printer(Protocol):
    """IPython's, on a terminal."""

    def text(self, text: str) -> None:
        """Print it."""


class CheckResult:
    """What a check found. ``str()`` is the report for people; a notebook shows the primary finding first."""

    def __init__(self, checked: Checked) -> None:
        """Keep the report, and who is to be redacted from it."""
        self._checked = checked

    @property
    def report(self) -> Report:
        """All of it: findings, the outcome of every rule, the facts."""
        return self._checked.report

    @property
    def primary(self) -> Finding | None:
        """The finding to begin with; None where there is none that matters."""
        return self.report.primary

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, ranked; harmless ones come last."""
        return self.report.findings

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """How every rule ended."""
        return self.report.outcomes

    @property
    def ok(self) -> bool:
        """Whether no finding is an error: `kdoctor check` would exit with 0."""
        from kdoctor.commands.check import exit_code

        return exit_code(self.report, fail_on="error", strict=False) == 0

    @property
    def summary(self) -> str:
        """One line: the primary finding's id, name and what was seen; else that nothing was found."""
        from kdoctor.render.notebook import one_line

        return one_line(self.report)

    def why_no_gpu(self, *, count: int = 1, memory: str = "", backend: str = "") -> str:
        """Say in one line why the examined environment cannot use such NVIDIA GPUs; "" where it can.

        Args:
            count: at least so many.
            memory: each with at least so much, e.g. "16GiB"; 8 % less is taken for it, as cards have less than sold.
            backend: tensorflow, jax or torch; without a word the one that Keras uses.

        Raises:
            Trouble: what is wanted cannot be understood.

        """
        from kdoctor.commands.gpu_wanted import wanted, why_not

        return why_not(self.report, wanted(count, memory, backend))

    def to_json(self, *, redact: bool = True) -> str:
        """The document of `kdoctor check --format json`; ``redact`` replaces names, homes and identities."""
        return _json(self.report, self._checked.user, redact=redact)

    def to_dict(self, *, redact: bool = True) -> dict[str, Any]:
        """The same as plain values."""
        return _plain(self.to_json(redact=redact))

    def __str__(self) -> str:
        """The report as `kdoctor check` prints it."""
        from kdoctor.render.text import plain

        return plain(self.report, width=WIDTH)

    def __repr__(self) -> str:
        """Its summary."""
        return f"<CheckResult: {self.summary}>"

    def _repr_html_(self) -> str:
        from kdoctor.render.notebook import of_check

        return of_check(self.report)

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:  # noqa: ARG002, FBT001  IPython's protocol
        printer.text(str(self))


class BenchResult:
    """What was measured. ``str()`` is the table for people."""

    def __init__(self, document: Bench, user: User) -> None:
        """Keep the document, and who is to be redacted from it."""
        self.report = document
        self._user = user

    @property
    def results(self) -> tuple[Result, ...]:
        """One for each workload, device, mode, precision and batch size."""
        return self.report.results

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What the numbers mean."""
        return self.report.verdicts

    @property
    def ok(self) -> bool:
        """Whether every device trains, and rightly: `kdoctor bench` would exit with 0."""
        from kdoctor.commands.bench_document import exit_code

        return exit_code(self.report) == 0

    def to_json(self, *, redact: bool = True) -> str:
        """The document of `kdoctor bench --format json`."""
        return _json(self.report, self._user, redact=redact)

    def to_dict(self, *, redact: bool = True) -> dict[str, Any]:
        """The same as plain values."""
        return _plain(self.to_json(redact=redact))

    def __str__(self) -> str:
        """The tables and verdicts as `kdoctor bench` prints them."""
        from kdoctor.render.bench import lines

        some = lines(self.report, width=WIDTH)
        return "".join("".join(text for text, _ in line).rstrip() + "\n" for line in some)

    def __repr__(self) -> str:
        """How many were measured."""
        return f"<BenchResult: {len(self.results)} results, {'ok' if self.ok else self.report.exit_reason}>"

    def _repr_html_(self) -> str:
        from kdoctor.render.notebook import of_bench

        return of_bench(str(self), self.verdicts)

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:  # noqa: ARG002, FBT001  IPython's protocol
        printer.text(str(self))


def check(
    *,
    python: Path = "",
    env: Path = "",
    sysroot: Path = "",
    from_file: Path = "",
    log: Path | Sequence[Path] = (),
    text: str = "",
    here: bool = False,
    deep: bool = False,
    timeout_s: float = 0.0,
    select: Words = (),
    ignore: Words = (),
    plugins: bool = True,
) -> CheckResult:
    """Say what is wrong with a machine and an environment, or what a log tells.

    Args:
        python: examine this interpreter; without any origin the one that this runs in.
        env: examine this environment, by name or prefix.
        sysroot: examine an unpacked image or a recorded machine, by its files only.
        from_file: judge facts that `kdoctor facts` recorded.
        log: judge these files, alone unless another origin is named or ``here`` is true.
        text: the same for a text at hand, such as a traceback.
        here: join what texts say with what this machine shows now.
        deep: also import and run the frameworks, in children.
        timeout_s: the time limit of each probe; 0 is 20 s, with ``deep`` 600 s.
        select: only these rules: ids, prefixes (KD2) or names.
        ignore: not these rules.
        plugins: with the probes and rules of other distributions.

    Raises:
        Trouble: an option or a file cannot be used; ``code`` and ``reference`` say of which kind.

    """
    from kdoctor.commands.check import Request
    from kdoctor.commands.origin import examine, one_origin

    logs = (log,) if isinstance(log, (str, os.PathLike)) else tuple(log)
    request = Request(
        python=_path(python),
        env=os.fspath(env),
        sysroot=_path(sysroot),
        from_file=_path(from_file),
        deep=deep,
        timeout_s=_not_negative("timeout_s", timeout_s),
        select=_words(select),
        ignore=_words(ignore),
        plugins=plugins,
    )
    origin = one_origin(request, tuple(_path(path) for path in logs), here=here, text=text)
    if origin.machine and not (python or env or sysroot or from_file):
        request = _own(request)
    return CheckResult(examine(request, origin))


def bench(
    *,
    python: Path = "",
    env: Path = "",
    workload: Words = (),
    device: Words = (),
    backend: Words = (),
    batch_size: int | Iterable[int] = (),
    epochs: int | Iterable[int] = (),
    precision: Words = (),
    mode: Words = (),
    full: bool = False,
    seconds: float = 3.0,
    repeat: int = 1,
    data: Path = "",
    download: bool = False,
    timeout_s: float = 1800.0,
    progress: Callable[[str], None] = lambda _: None,
) -> BenchResult:
    """Train small models on every device: does it train, right, and how fast.

    The options are those of `kdoctor bench`; what may be repeated there may be a sequence here. Training runs in
    children: a GPU that this very process holds has less memory for them. Nothing is added to the user's history.
    ``progress`` is told, in a line, which device has its turn.

    Raises:
        Trouble: there is no Keras in the environment, or an option is none.

    """
    from kdoctor.commands import bench as command
    from kdoctor.commands.bench_document import report_of

    wanted = {
        "workloads": _words(workload),
        "modes": _words(mode),
        "precisions": _words(precision),
        "batch_sizes": _numbers("batch_size", batch_size),
        "epochs": _numbers("epochs", epochs),
        "seconds": _not_negative("seconds", seconds),
        "repeat": _numbers("repeat", repeat)[0],
        "data": os.fspath(data),
        "download": download,
        "full": full,
    }
    asked = _asked(
        wanted=wanted,
        devices=_words(device),
        backends=_words(backend),
        python=_path(python) or ("" if env else sys.executable),
        env=os.fspath(env),
        timeout_s=_not_negative("timeout_s", timeout_s),
    )
    session = command.run(asked, lambda *at: progress(command.begun(*at)), lambda *_: None)
    return BenchResult(report_of(session), session.user)


def _own(request: Request) -> Request:
    """Examine the interpreter that this runs in, and say so; an embedded one may have no program of its own."""
    from msgspec.structs import replace

    if not sys.executable:
        return request
    return replace(request, python=sys.executable, chosen_by="kdoctor.api: the interpreter that it runs in")


def _path(value: Path) -> str:
    """A path as text; "-" is a file here, not standard input."""
    text = os.fspath(value)
    return "./-" if text == "-" else text


def _words(value: Words) -> tuple[str, ...]:
    """Names one by one, or in one text with commas as on the command line."""
    parts = value.split(",") if isinstance(value, str) else value
    return tuple(part.strip() for part in parts if part.strip())


def _numbers(name: str, value: int | Iterable[int]) -> tuple[int, ...]:
    numbers = (value,) if isinstance(value, int) else tuple(value)
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise Trouble("number-not-understood", f"{name}={number!r}: expected whole numbers from 1 on", code=2)
    return numbers


def _not_negative(name: str, value: float) -> float:
    if not 0 <= value < float("inf"):
        raise Trouble("number-not-understood", f"{name}={value!r}: expected a number of seconds", code=2)
    return float(value)


def _asked(**options: object) -> Asked:
    """The options of a bench; raises Trouble for a value that is none of the allowed ones."""
    import msgspec

    from kdoctor.commands.bench import Asked

    try:
        return msgspec.convert(options, Asked)
    except msgspec.ValidationError as error:
        raise Trouble("option-value-unknown", f"bench: {error}", code=2) from error


def _json(document: object, user: User, *, redact: bool) -> str:
    from kdoctor.render.json import render

    return render(document, redact_for=user if redact else None)


def _plain(document: str) -> dict[str, Any]:
    import json

    plain: dict[str, Any] = json.loads(document)
    return plain
