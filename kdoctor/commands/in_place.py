"""`kdoctor fix` without a method: do the remedy of the primary finding in the examined environment, and look again."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import msgspec

from kdoctor.advice import DRIVER_COMMANDS, family
from kdoctor.check.diagnose import diagnose
from kdoctor.check.registry import find_rules
from kdoctor.commands.advise import advised
from kdoctor.commands.check import Request, Watch, live, probed, report_of
from kdoctor.commands.fix_pip import uv_of
from kdoctor.commands.records import WAIT_S, Say, store_of
from kdoctor.fix.in_place.around import Around
from kdoctor.fix.in_place.planners import plan
from kdoctor.fix.installer import hint_of, reason_of
from kdoctor.host import NotRun
from kdoctor.host.alter import carry_out, recorded
from kdoctor.host.live import LiveHost
from kdoctor.host.owner import this_owner
from kdoctor.host.spawn import spawn
from kdoctor.host.store import SCHEMA as RECORD_SCHEMA
from kdoctor.host.store import Manifest, Record, locked
from kdoctor.model.change import ByHand, Change, MakeLink, RemoveFile
from kdoctor.model.facts.base import Facts
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Finding
from kdoctor.model.report import Report
from kdoctor.model.trouble import Trouble

SCHEMA = 1
TIMEOUT_S = 3600.0
QUIETLY = {
    "LC_ALL": "C.UTF-8",
    "NO_COLOR": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_USER": "0",  # a setting of the user's would install beside the environment
    "PYTHONDONTWRITEBYTECODE": "1",  # pip compiles what it installs all the same, but not itself
}


class Edited(msgspec.Struct, frozen=True, kw_only=True):
    """One edit in the document; ``target``: what a link leads to."""

    kind: str
    path: str
    target: str = ""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A change in the document."""

    kind: str
    title: str
    diff: str
    edits: tuple[Edited, ...]
    commands: tuple[tuple[str, ...], ...]
    then: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The document of `kdoctor fix --format json`, where no method is given.

    ``why``: why kdoctor changes nothing itself; ``commands``: what to type then, by distribution ("" where the
    distribution does not matter). ``after``: the primary finding's id once it is done. ``undo``: the record's number.
    """

    schema: int
    finding: Finding | None
    change: Shown | None
    why: str = ""
    commands: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    done: bool = False
    gone: bool | None = None
    undo: str = ""
    after: str | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the check found, and what would be done about it; ``change`` is None where nothing is found."""

    request: Request
    finding: Finding | None
    change: Change | ByHand | None
    facts: Facts


def look(request: Request, settings: Mapping[str, str], watch: Watch) -> tuple[Report, LiveHost]:
    """The report on the examined environment, with variables as they are once it is activated anew."""
    host, examined = live(request, settings)
    rules = find_rules()
    facts = probed(host, examined, request, watch)
    report = report_of(facts, diagnose(facts, rules.items, rules.broken), rules.items, 0.0)
    return advised(report), host


def plan_of(request: Request, watch: Watch = lambda _: None) -> Plan:
    """What a check finds first, and the change that removes it; writes nothing. Raises Trouble."""
    report, host = look(request, {}, watch)
    finding = report.primary
    if finding is None:
        return Plan(request=request, finding=None, change=None, facts=report.facts)
    own = host.resolve(sys.prefix)
    around = Around(host=host, uv=uv_of(host), own_prefix=own if isinstance(own, str) else sys.prefix)
    return Plan(request=request, finding=finding, change=plan(finding, report.facts, around), facts=report.facts)


def carry(planned: Plan, change: Change, finding: Finding, say: Say) -> Outcome:
    """Save, do it, and look again. Raises Trouble where anything fails; then everything is as it was."""
    store = store_of()
    manifest = Manifest(
        schema=RECORD_SCHEMA,
        id="",
        rule=finding.id,
        title=change.title,
        stage="saving",
        owner=this_owner(),
        roots=change.packages.roots if change.packages else (),
        names=change.packages.names if change.packages else (),
    )
    with locked(store, wait_s=WAIT_S) as lock:
        say("saving what will be touched")
        with recorded(store, manifest, change) as record:
            _do(change, record, lock, say)
    say("checking again")
    report, _ = look(planned.request, change.settings, lambda _: None)
    left = {one.id for one in report.findings if one.role != "harmless"}
    after = report.primary.id if report.primary else None
    outcome = outcome_of(planned)
    return msgspec.structs.replace(
        outcome, done=True, gone=finding.id not in left, undo=record.manifest.id, after=after
    )


def _do(change: Change, record: Record, lock: int, say: Say) -> None:
    for edit in change.edits:
        carry_out(edit, record)
    environ = {**LiveHost().environ, **QUIETLY}
    for words in change.commands:
        say(" ".join(words))
        ran = spawn(words, timeout_s=TIMEOUT_S, environ=environ, keep=(lock,))
        if isinstance(ran, NotRun):
            raise Trouble("command-not-run", f"{ran}; everything is as it was")
        if ran.code:
            hint = "Free some space on that disk." if "No space left" in ran.err else hint_of(ran.err)
            raise Trouble("command-failed", f"{reason_of(ran.err)}; everything is as it was", hint=hint)


def outcome_of(planned: Plan) -> Outcome:
    """The document of a plan."""
    change, finding = planned.change, planned.finding
    if finding is None or change is None:
        return Outcome(schema=SCHEMA, finding=None, change=None)
    if isinstance(change, ByHand):
        commands = commands_of(finding, planned.facts)
        return Outcome(schema=SCHEMA, finding=finding, change=None, why=change.why, commands=commands)
    edits = tuple(
        Edited(
            kind="link" if isinstance(edit, MakeLink) else "remove" if isinstance(edit, RemoveFile) else "write",
            path=edit.path,
            target=edit.target if isinstance(edit, MakeLink) else "",
        )
        for edit in change.edits
    )
    shown = Shown(
        kind=change.kind,
        title=change.title,
        diff="".join(f"{line}\n" for line in change.shown),
        edits=edits,
        commands=change.commands,
        then=change.then,
    )
    return Outcome(schema=SCHEMA, finding=finding, change=shown)


def commands_of(finding: Finding, facts: Facts) -> dict[str, tuple[str, ...]]:
    """What to type: the remedy's commands, and where they depend on a distribution that is unknown, those of each."""
    system = facts.sections.get("system")
    if finding.remedy.safety != "needs-root" or not isinstance(system, System) or family(system):
        return {"": finding.remedy.commands} if finding.remedy.commands else {}
    rules = [rule for rule in find_rules().items if rule.id == finding.id]
    found = {}
    for name in DRIVER_COMMANDS:
        sections = {**facts.sections, "system": msgspec.structs.replace(system, distribution_id=name)}
        there = diagnose(msgspec.structs.replace(facts, sections=sections), rules).findings
        found[name] = there[0].remedy.commands if there else ()
    if len(set(found.values())) == 1:
        return {"": finding.remedy.commands} if finding.remedy.commands else {}
    return {name: commands for name, commands in found.items() if commands}
