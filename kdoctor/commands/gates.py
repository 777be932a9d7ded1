"""What a check is to hold a machine to: requirements, an earlier report, and the configuration that names them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kdoctor.check.diagnose import Diagnosis, diagnose
from kdoctor.check.drift import drifts
from kdoctor.check.observed import observed
from kdoctor.check.registry import Broken
from kdoctor.check.requirements import Required, joined, read_requirement
from kdoctor.check.settings import NOTHING, Settings
from kdoctor.commands.settings import configured
from kdoctor.host import User
from kdoctor.host.live import LiveHost
from kdoctor.knowledge.ranking import ranking
from kdoctor.model.facts.base import Facts, Section
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.requirement import Requirement
from kdoctor.model.finding import Outcome
from kdoctor.model.redact import Redactor
from kdoctor.model.rule import Rule

FEWER_GPUS, UNMET, DRIFTED = "too-few-gpus", "requirement-unmet", "drifted-from-expected"
LAST_LAYER = "framework-build"  # up to here an error can be why a GPU is not used


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The options, as typed. ``searched``: a configuration is looked for where none is named."""

    require: tuple[str, ...] = ()
    expect: str = ""
    config: str = ""
    searched: bool = False


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """The facts that are expected, the file that they are from, and whose names are taken out of today's."""

    facts: Facts
    path: str
    user: User


class Gates(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for one check: the settings, and the requirements of the command line."""

    settings: Settings = NOTHING
    require: tuple[Required, ...] = ()

    def required(self, settings: Settings) -> tuple[Required, ...]:
        """All requirements; the command line's beat those of the settings on the same subject."""
        return joined(settings.require, self.require)


class Judged(Diagnosis, frozen=True, kw_only=True):
    """What came of the gates; ``facts``: for the other rules, which know by them of a GPU that is required."""

    facts: Facts

    def with_rules(self, rules: Iterable[Rule], broken: Iterable[Broken], lost: Iterable[Outcome]) -> Diagnosis:
        """The outcomes of the other rules, then these."""
        asked = {outcome.id for outcome in self.outcomes}
        found = diagnose(self.facts, [rule for rule in rules if rule.id not in asked], broken, lost)
        return Diagnosis(outcomes=(*found.outcomes, *self.outcomes), findings=(*found.findings, *self.findings))


def read_gates(asked: Asked) -> Gates:
    """The configuration and the requirements of the command line. Raises Trouble."""
    settings = NOTHING
    if asked.config or asked.searched:
        settings = configured(LiveHost(), named=asked.config, wanted=asked.searched)
    require = tuple(read_requirement(text, "--require") for text in asked.require)
    return Gates(settings=settings, require=require)


def settings_for(gates: Gates, env: str, facts: Facts) -> Settings:
    """The settings with the table of the examined environment: the name that was given, else that of its folder."""
    interpreter = facts.sections.get("interpreter")
    prefix = interpreter.prefix if isinstance(interpreter, Interpreter) else ""
    folder = prefix.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return gates.settings.within((env, folder))


def judged(facts: Facts, rules: tuple[Rule, ...], required: Iterable[Required], expected: Expected | None) -> Judged:
    """The outcomes of all that was asked for; ``rules``: those that are not ignored."""
    by_name = {rule.name: rule for rule in rules}
    items = [observed(one, facts.sections) for one in required]
    parts = [_one(facts, "requirement", item, by_name.get(_rule_for(item))) for item in items]
    if expected is not None:
        redactor = Redactor(user_name=expected.user.name, host_name=expected.user.host_name)
        groups = drifts(expected.facts, facts, expected.path, redactor.cleaned)
        parts += [_one(facts, "drift", item, by_name.get(DRIFTED)) for item in groups]
    gpu = next((item for item in items if item.name == "gpu"), None)
    return Judged(
        outcomes=tuple(outcome for part in parts for outcome in part.outcomes),
        findings=tuple(finding for part in parts for finding in part.findings),
        facts=facts if gpu is None else _with(facts, "requirement", gpu),
    )


def _rule_for(item: Requirement) -> str:
    return FEWER_GPUS if item.name == "gpu" else UNMET


def _one(facts: Facts, name: str, section: Section, rule: Rule | None) -> Diagnosis:
    return diagnose(_with(facts, name, section), [] if rule is None else [rule])


def _with(facts: Facts, name: str, section: Section) -> Facts:
    return msgspec.structs.replace(facts, sections={**facts.sections, name: section})


def explaining(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules, where those of what a GPU needs explain that fewer can be used than are required."""
    layers = ranking().layers
    before = layers[: layers.index(LAST_LAYER) + 1]
    return tuple(
        msgspec.structs.replace(rule, explains=(*rule.explains, FEWER_GPUS)) if rule.layer in before else rule
        for rule in rules
    )
