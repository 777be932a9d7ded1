"""`kdoctor check`: pick the Host, collect, judge, rank; rendering and exit codes are the cli's."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from kdoctor import __version__
from kdoctor.check.collect import Progress, collect
from kdoctor.check.diagnose import Diagnosis
from kdoctor.check.rank import rank
from kdoctor.check.registry import Plugins, find_probes, find_rules
from kdoctor.commands.examine import choose
from kdoctor.commands.gates import Asked, Expected, explaining, judged, read_gates, settings_for
from kdoctor.host import Host, User
from kdoctor.host.live import LiveHost
from kdoctor.host.plugins import entry_points, to_stderr
from kdoctor.knowledge.ranking import ranking
from kdoctor.model.codec import MAX_BYTES, facts_from_json
from kdoctor.model.facts.base import Facts
from kdoctor.model.facts.examined import Examined
from kdoctor.model.finding import SEVERITIES, Severity
from kdoctor.model.report import REPORT_SCHEMA, Report
from kdoctor.model.rule import Rule
from kdoctor.model.trouble import Trouble
from kdoctor.probes import environ

Watch = Callable[[Progress], None]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked of a check; paths are as given.

    ``chosen_by``: who chose ``python`` where it was not the user.
    """

    python: str = ""
    chosen_by: str = ""
    env: str = ""
    sysroot: str = ""
    from_file: str = ""
    record: str = ""
    deep: bool = False
    timeout_s: float = 0.0
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    plugins: bool = False
    gates: Asked = Asked()


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A report, who to redact from it, the rules that were asked, and what the configuration says of the exit code."""

    report: Report
    user: User
    rules: tuple[Rule, ...] = ()
    fail_on: str | None = None
    strict: bool = False


NOBODY = User(uid=1000)
NONE = Plugins()
TIMEOUT_S = 20.0
SCRIPT_TIMEOUT_S = 10.0
DEEP_TIMEOUT_S = 600.0


def gather(request: Request, watch: Watch, plugins: Plugins = NONE) -> tuple[Facts, User]:
    """The facts of the chosen origin, and the user they are of. Raises Trouble."""
    if request.from_file:
        return facts_from_json(read_input(request.from_file), request.from_file, plugins.kinds), NOBODY
    if request.sysroot:
        from kdoctor.commands.root import open_root

        root, examined = open_root(request.sysroot, request.python)
        return probed(root, examined, request, watch, plugins), root.user
    host, examined = live(request)
    if not request.record:
        return probed(host, examined, request, watch, plugins), host.user
    from kdoctor.host.recorder import Recorder

    recorder = Recorder(host, request.record, variables=environ.probe(host).variables)
    facts = probed(recorder, examined, request, watch, plugins)
    recorder.write(examined.interpreter)
    return facts, host.user


def live(request: Request, settings: Mapping[str, str] | None = None) -> tuple[LiveHost, Examined]:
    """The running machine, and what of it is examined; ``settings``: variables on top of its own. Raises Trouble."""
    host = LiveHost()
    host.environ = {**host.environ, **(settings or {})}
    limit = request.timeout_s or SCRIPT_TIMEOUT_S
    examined = choose(host, python=request.python, env=request.env, deep=request.deep, timeout_s=limit)
    if request.chosen_by:
        examined = msgspec.structs.replace(examined, chosen_by=request.chosen_by)
    host.examined = examined.interpreter
    return host, examined


def plugins_of(*, wanted: bool = True) -> Plugins:
    """The probes and rules of other distributions in kdoctor's own environment."""
    points = entry_points() if wanted else ()
    if not points:
        return NONE
    from kdoctor.check.plugins import take_in

    with to_stderr():
        return take_in(points, find_probes(), find_rules())


def probed(host: Host, examined: Examined, request: Request, watch: Watch, plugins: Plugins = NONE) -> Facts:
    """What all probes find on a host."""
    probes = find_probes()
    timeout_s = request.timeout_s or (DEEP_TIMEOUT_S if request.deep else TIMEOUT_S)
    given = {"examined": examined}
    items = (*probes.items, *plugins.probes)
    if not plugins.probes:
        return collect(host, items, given, timeout_s=timeout_s, broken=probes.broken, watch=watch)
    with to_stderr():
        return collect(host, items, given, timeout_s=timeout_s, broken=probes.broken, watch=watch)


def check(request: Request, watch: Watch = lambda _: None) -> Checked:
    """The report on the chosen origin. Raises Trouble where kdoctor cannot do its job."""
    started = time.monotonic()
    own, plugins = find_rules(), plugins_of(wanted=request.plugins)
    rules = (*own.items, *plugins.rules)
    select_rules(rules, request.select, request.ignore)
    gates = read_gates(request.gates)
    for each in gates.settings.everywhere():
        select_rules(rules, each.select or (), each.ignore or (), by=f"{each.path}: ")
    path = request.gates.expect
    then = facts_from_json(read_input(path), path, plugins.kinds) if path else None
    facts, user = gather(request, watch, plugins)
    expected = None if then is None else Expected(facts=then, path=path, user=user)
    settings = settings_for(gates, request.env, facts)
    select, ignore = request.select or settings.select or (), request.ignore or settings.ignore or ()
    with to_stderr() if plugins.rules else contextlib.nullcontext():
        found = judged(facts, select_rules(rules, (), ignore), gates.required(settings), expected)
        diagnosis = found.with_rules(select_rules(rules, select, ignore), own.broken, plugins.lost)
    report = report_of(facts, diagnosis, explaining(rules), time.monotonic() - started)
    report = msgspec.structs.replace(report, plugins=plugins.told, config=settings.path)
    if report.primary is not None and report.primary.name in ranking().in_environment:
        from kdoctor.commands.advise import advised  # the recipes are read only where one can help

        report = advised(report)
    return Checked(report=report, user=user, rules=rules, fail_on=settings.fail_on, strict=bool(settings.strict))


def report_of(facts: Facts, diagnosis: Diagnosis, rules: tuple[Rule, ...], seconds: float) -> Report:
    """Facts and outcomes as one ranked report."""
    findings = rank(diagnosis.findings, rules, ranking())
    primary = findings[0] if findings and findings[0].role == "primary" else None
    return Report(
        schema=REPORT_SCHEMA,
        kdoctor=__version__,
        origin=facts.origin,
        primary=primary,
        findings=findings,
        outcomes=diagnosis.outcomes,
        facts=facts,
        seconds=round(seconds, 3),
    )


def select_rules(
    rules: tuple[Rule, ...], select: tuple[str, ...], ignore: tuple[str, ...], *, by: str = ""
) -> tuple[Rule, ...]:
    """The rules named by id, id prefix (KD2), name, or a plug-in's distribution.

    ``by``: who names them, before what is said. Raises Trouble for a name that is none of them.
    """
    for wanted in (*select, *ignore):
        if not any(names(rule, wanted) for rule in rules):
            reference = "rule-unknown"
            hint = "`kdoctor explain` lists all rules."
            raise Trouble(reference, f"{by}there is no rule {wanted!r}", hint=hint, code=2)
    kept = [rule for rule in rules if not select or any(names(rule, wanted) for wanted in select)]
    return tuple(rule for rule in kept if not any(names(rule, wanted) for wanted in ignore))


def names(rule: Rule, wanted: str) -> bool:
    """Whether the user's word means this rule."""
    by_id = len(wanted) > 1 and rule.id.startswith(wanted.upper())
    return by_id or wanted == rule.name or (bool(rule.distribution) and wanted == rule.distribution)


def exit_code_of(checked: Checked, *, fail_on: str, strict: bool) -> int:
    """The exit code; options that were left out are as the configuration says, else as by default."""
    said = fail_on or checked.fail_on or "error"
    level = next((severity for severity in SEVERITIES if severity == said), None)
    return exit_code(checked.report, fail_on=level, strict=strict or checked.strict, asked=checked.rules)


def exit_code(report: Report, *, fail_on: Severity | None, strict: bool, asked: tuple[Rule, ...] = ()) -> int:
    """0, 1 or 3 by CONTRACT: 3 beats 1. ``asked``: the rules of the report, those of kdoctor's own if left out."""
    if strict:
        rules = {rule.id: rule for rule in asked or find_rules().items}
        stuck = [out for out in report.outcomes if out.state in ("undetermined", "crashed")]
        if any(out.id not in rules or rules[out.id].severity == "error" for out in stuck):
            return 3
    if fail_on is None:
        return 0
    limit = SEVERITIES.index(fail_on)
    real = (finding for finding in report.findings if finding.role != "harmless")
    return int(any(SEVERITIES.index(finding.severity) <= limit for finding in real))


def read_input(path: str) -> bytes:
    """A file that the user named, or standard input for "-"; bounded, and only regular files and pipes."""
    if path == "-":
        with os.fdopen(os.dup(0), "rb") as stdin:
            return stdin.read(MAX_BYTES + 1)
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            reference = "input-is-a-directory"
            raise Trouble(reference, f"{path} is a directory", hint="For a machine's files use `--sysroot`.")
        if not stat.S_ISREG(mode):
            reference = "input-not-a-file"
            raise Trouble(reference, f"{path} is not a regular file")
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        reference = "input-not-readable"
        raise Trouble(reference, f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        reference = "input-not-readable"
        raise Trouble(reference, f"the path cannot be used: {error}") from error
