"""`kdoctor run`: why did the command fail, or find no GPU? Its output and this machine, judged together."""

from __future__ import annotations

import re
import shlex

import msgspec

from kdoctor.commands.check import Checked, Request, Watch
from kdoctor.commands.logs import check_text, check_text_and_machine, symptoms_in
from kdoctor.host import Host, User, on_path
from kdoctor.host.attend import Ended, Printed
from kdoctor.host.live import LiveHost
from kdoctor.host.spawn import signal_name
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.finding import Finding
from kdoctor.model.report import Report

_PYTHON = re.compile(r"(?:python|pypy)[\d.]*[wt]?(?:\.exe)?")
_FIRST_LINE = 256
_LONGEST = 60
_SERIOUS = ("error", "warning")


class Diagnosed(msgspec.Struct, frozen=True, kw_only=True):
    """The report on a command's end.

    ``said``: a line on it, "" where nothing is to be said; ``told``: whether its primary finding is to follow.
    """

    checked: Checked
    user: User
    said: str = ""
    told: bool = False


def diagnosed(command: tuple[str, ...], ended: Ended, watch: Watch) -> Diagnosed:
    """Judge the output; and the machine where the command failed, or where its output speaks of a fault.

    A command that ended well is only spoken of where its output names a cause and there is a GPU that it could use. A
    machine's warning is no reason for a failure that its output does not explain.
    """
    host = LiveHost()
    symptoms = symptoms_in(text for printed in ended.printed for text in _texts(printed))
    request = Request(python=python_of(host, command[0]))
    failed = ended.has_failed
    checked = check_text(symptoms, request)
    named = _is_serious(checked.report.primary)
    if not (failed or named):
        return Diagnosed(checked=checked, user=host.user)
    checked = check_text_and_machine(symptoms, request, watch, fresh=True)
    primary = checked.report.primary
    found = primary is not None and (named or primary.severity == "error")
    if not (failed or (found and _has_nvidia(checked.report))):
        return Diagnosed(checked=checked, user=host.user)
    said = _said(command, ended, named=named, found=found)
    return Diagnosed(checked=checked, user=host.user, said=said, told=found)


def _has_nvidia(report: Report) -> bool:
    gpus = report.facts.sections.get("gpus")
    return isinstance(gpus, Gpus) and bool(gpus.nvidia)


def _texts(printed: Printed) -> tuple[tuple[str, bytes], ...]:
    """Its parts with their names."""
    names = (printed.name,) if len(printed.parts) == 1 else (f"begin of {printed.name}", f"end of {printed.name}")
    return tuple(zip(names, printed.parts, strict=False))


def _is_serious(finding: Finding | None) -> bool:
    return finding is not None and finding.severity in _SERIOUS


def _said(command: tuple[str, ...], ended: Ended, *, named: bool, found: bool) -> str:
    """One line: how it ended, and whose the finding is that follows. ``named``: the output names a cause."""
    line = shlex.join(command)
    line = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
    by = f", ended by {signal_name(ended.signal)}" if ended.signal else ""
    machine = "this is wrong with the machine:" if found else "and on this machine kdoctor finds no error"
    unknown = "" if named else f"; its output names no cause that kdoctor knows, {machine}"
    return f"exit code {ended.code} from `{line}`{by}{unknown}"


def python_of(host: Host, program: str) -> str:
    """The Python that a program is, or that the first line of a script names; "" where it is neither."""
    path = program if "/" in program else on_path(host, program)
    if _PYTHON.fullmatch(path.rpartition("/")[2]):
        return path
    head = host.read_bytes(path, limit=_FIRST_LINE) if path else b""
    if not isinstance(head, bytes) or not head.startswith(b"#!"):
        return ""
    words = head[2:].partition(b"\n")[0].decode("utf-8", "replace").split()
    if words and words[0].endswith("/env"):
        words = [on_path(host, word) for word in words[1:] if not word.startswith("-") and "=" not in word]
    return words[0] if words and _PYTHON.fullmatch(words[0].rpartition("/")[2]) else ""
