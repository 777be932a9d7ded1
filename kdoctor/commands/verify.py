"""Does a new environment train? kdoctor's own rules on it, the frameworks' own devices, and the linear regression.

The regression runs on the CPU and on the first GPU that the backend lists; it is right where it agrees with the
float64 descent that the same script runs, and where it has learned the line. Without a GPU on the machine everything
else is proved and the result says so.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kdoctor.check.collect import collect
from kdoctor.check.diagnose import diagnose
from kdoctor.check.registry import find_probes, find_rules
from kdoctor.commands.check import report_of
from kdoctor.host import Unanswered
from kdoctor.host.live import LiveHost
from kdoctor.model.facts.base import Facts
from kdoctor.model.facts.examined import Examined
from kdoctor.model.facts.framework_answers import FrameworkAnswers
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.plan import Proof
from kdoctor.model.report import Report

TIMEOUT_S = 600.0
OF_THE_MACHINE = frozenset(
    (
        "hardware",
        "container",
        "driver-installed",
        "driver-loaded",
        "driver-matched",
        "device-nodes",
        "driver-release",
        "visibility",
        "settings",
        "speed",
    )
)
SLOPE, OFFSET = 0.5, 2.0
TOLERANCE, LARGEST_TEST_COST, AGREEMENT = 0.05, 0.01, 1e-4
COST_AGREEMENT = 5e-3  # of the costs on the way: float32 gives 4e-7; TF32 rounds each product to 5e-4


class Trained(msgspec.Struct, frozen=True):
    """What is read of the regression's answer."""

    weight: float
    bias: float
    test_cost: float
    expected_weight: float
    expected_bias: float
    costs: tuple[float, ...]
    expected_costs: tuple[float, ...]


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """``gpu``: trained on one, not-here (no GPU that could be used on this machine), or failed."""

    ok: bool
    gpu: str
    proofs: tuple[Proof, ...]


def verify(python: str, *, gpu_wanted: bool, settings: Mapping[str, str] | None = None) -> Verification:
    """Examine and try the environment of that interpreter, with the variables that activating it will set."""
    outside = {"VIRTUAL_ENV": "", "CONDA_PREFIX": "", "PYTHONDONTWRITEBYTECODE": "1"}
    host = LiveHost(examined=python, environ={**LiveHost().environ, **outside, **(settings or {})})
    probes, rules = find_probes(), find_rules()
    given = {"examined": Examined(interpreter=python, chosen_by="kdoctor fix", deep=True)}
    facts = collect(host, probes.items, given, timeout_s=TIMEOUT_S, broken=probes.broken)
    report = report_of(facts, diagnose(facts, rules.items, rules.broken), rules.items, 0.0)
    proofs = [by_rules(report), *by_devices(facts)]
    count = devices_of(facts)
    scopes = ["CPU:0", *(["GPU:0"] if count else [])]
    if all(proof.ok for proof in proofs):
        proofs += [by_training(host, scope) for scope in scopes]
    ok = all(proof.ok for proof in proofs)
    gpu = "not-here" if not count else "trained" if ok else "failed"
    return Verification(ok=ok, gpu=gpu if gpu_wanted or count else "not-wanted", proofs=tuple(proofs))


def by_rules(report: Report) -> Proof:
    """No error that lies in the environment itself; the machine's own are not its fault."""
    layers = {rule.id: rule.layer for rule in find_rules().items}
    errors = [
        finding
        for finding in report.findings
        if finding.severity == "error" and layers.get(finding.id, "") not in OF_THE_MACHINE
    ]
    crashed = [outcome.id for outcome in report.outcomes if outcome.state == "crashed"]
    said = "; ".join([*(f"{finding.id} {finding.what}" for finding in errors), *(f"{one} crashed" for one in crashed)])
    return Proof(name="kdoctor's rules", ok=not said, said=said or f"{len(report.outcomes)} rules, no error")


def by_devices(facts: Facts) -> list[Proof]:
    """Every framework imports and answers; the number of GPUs is what the libraries promise."""
    answers = facts.sections.get("framework_answers")
    frameworks = facts.sections.get("frameworks")
    if not isinstance(answers, FrameworkAnswers) or not isinstance(frameworks, Frameworks):
        return [Proof(name="import", ok=False, said="no framework is installed")]
    return [
        Proof(
            name=f"import {answer.framework}",
            ok=answer.gpus is not None and answer.computed is not False,
            said=answer.trouble or f"{answer.version}, {answer.gpus} GPU in {answer.seconds:.1f} s",
        )
        for answer in answers.items
    ]


def devices_of(facts: Facts) -> int:
    """GPUs that the active framework listed."""
    answers, frameworks = facts.sections.get("framework_answers"), facts.sections.get("frameworks")
    if not isinstance(answers, FrameworkAnswers) or not isinstance(frameworks, Frameworks):
        return 0
    active = frameworks.builds[0].framework
    return next((answer.gpus or 0 for answer in answers.items if answer.framework == active), 0)


def by_training(host: LiveHost, device: str) -> Proof:
    """The regression on one device."""
    name = f"linear regression on {device}"
    asked = host.ask("workloads/linear", runner="examined", timeout_s=TIMEOUT_S, environ={"KDOCTOR_DEVICE": device})
    if isinstance(asked, Unanswered):
        return Proof(name=name, ok=False, said=asked.reason)
    try:
        found = msgspec.json.decode(asked.json, type=Trained)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return Proof(name=name, ok=False, said=f"its answer could not be read: {error}")
    said = f"W {found.weight:.4f}, b {found.bias:.4f}, test cost {found.test_cost:.5f}"
    return Proof(name=name, ok=is_right(found), said=said)


def is_right(found: Trained) -> bool:
    """Agreement with float64 on the way and at the end, the line itself, and the cost on points not seen."""
    near = abs(found.weight - SLOPE) < TOLERANCE and abs(found.bias - OFFSET) < TOLERANCE
    ends = ((found.weight, found.expected_weight), (found.bias, found.expected_bias))
    agrees = all(abs(mine - exact) <= AGREEMENT * max(1.0, abs(exact)) for mine, exact in ends)
    costs = tuple(zip(found.costs, found.expected_costs, strict=False))
    falls = len(found.costs) == len(found.expected_costs) and all(
        abs(mine - exact) <= COST_AGREEMENT * exact for mine, exact in costs
    )
    return near and agrees and falls and found.test_cost < LARGEST_TEST_COST
