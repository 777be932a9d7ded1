"""Every machine gets the verdict that it was recorded or composed for, in every form of output."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from kdoctor.check.diagnose import diagnose
from kdoctor.check.registry import find_rules
from kdoctor.commands.advise import advised
from kdoctor.commands.check import Request, check, exit_code, report_of
from kdoctor.commands.gates import Asked
from kdoctor.commands.schema import report_schema
from kdoctor.host import User
from kdoctor.model.codec import facts_from_json
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.prediction import Prediction
from kdoctor.model.report import Report
from kdoctor.render.json import render
from kdoctor.render.text import plain, visible
from tests.recorded import FOLDER, NAMES, check_again, checked, machine_of

LARGEST_BYTES = 60_000
HEALTHY = tuple(name for name in NAMES if machine_of(name).expect.healthy)
SCHEMA = jsonschema.Draft202012Validator(report_schema())
each_machine = pytest.mark.parametrize("name", NAMES)


@each_machine
def test_a_machine_gets_its_verdict(name: str) -> None:
    """The primary cause is the expected one, and what is expected beside it is among the findings."""
    report, expect = checked(name).report, machine_of(name).expect
    found = [finding.name for finding in report.findings]
    assert (found[0] if report.primary else "") == expect.primary, found
    assert [other for other in expect.also if other not in found] == []


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_machine_gets_no_error(name: str) -> None:
    """Nothing at or above an error, so that kdoctor ends with 0."""
    report = checked(name).report
    assert [finding.name for finding in report.findings if finding.severity == "error"] == []
    assert exit_code(report, fail_on="error", strict=False) == 0


@pytest.mark.parametrize("name", HEALTHY)
def test_on_a_healthy_machine_every_gpu_is_predicted_to_be_listed(name: str) -> None:
    """A framework with a CUDA build lists what the driver gives, one for the CPU nothing."""
    sections = checked(name).report.facts.sections
    prediction, libcuda, frameworks = sections["prediction"], sections["libcuda"], sections["frameworks"]
    gpus = len(libcuda.devices) if isinstance(libcuda, Libcuda) else 0
    assert isinstance(prediction, Prediction)
    assert isinstance(frameworks, Frameworks)
    wanted: dict[str, int] = {build.framework: gpus if build.gpu == "cuda" else 0 for build in frameworks.builds}
    assert [(row.gpus, row.because) for row in prediction.items if row.gpus != wanted[row.framework]] == []


@each_machine
def test_no_rule_crashes_and_the_undecided_say_why(name: str) -> None:
    """Five outcomes, none of them silent."""
    outcomes = checked(name).report.outcomes
    assert [(outcome.name, outcome.reason) for outcome in outcomes if outcome.state == "crashed"] == []
    assert [outcome.name for outcome in outcomes if outcome.state != "fired" and not outcome.reason.strip()] == []


def test_each_rule_fires_on_at_least_one_machine() -> None:
    """A rule without a machine is not known to be of use."""
    fired = {finding.name for name in NAMES for finding in checked(name).report.findings}
    fired |= {finding.name for finding in held_to_more(NAMES[0]).findings}
    assert sorted({rule.name for rule in find_rules().items} - fired) == []


def held_to_more(name: str) -> Report:
    """The report on a machine of which more is required than it has, and another machine is expected."""
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "expected.json"
        other.write_text(render(checked(HEALTHY[0]).report, redact_for=User()), encoding="utf-8")
        asked = Asked(require=("gpu>=99", "package:no-such"), expect=str(other))
        return check(Request(sysroot=str(FOLDER / name), gates=asked)).report


@each_machine
def test_recorded_facts_give_the_same_findings(name: str) -> None:
    """`kdoctor facts`, redacted, read again with `--from`."""
    before = checked(name)
    text = render(before.report.facts, redact_for=before.user)
    facts = facts_from_json(text.encode(), "facts.json")
    rules = find_rules().items
    after = advised(report_of(facts, diagnose(facts, rules), rules, 0.0))
    assert plain_findings(after) == plain_findings(before.report)
    assert after.outcomes == before.report.outcomes


def plain_findings(report: Report) -> list[Any]:
    """The findings as JSON has them."""
    document = msgspec.json.decode(render(report, redact_for=User()))
    findings: list[Any] = document["findings"]
    return findings


@each_machine
def test_a_report_fits_its_schema(name: str) -> None:
    """What `kdoctor schema` promises."""
    before = checked(name)
    document = msgspec.json.decode(render(before.report, redact_for=before.user))
    assert [f"{list(error.path)}: {error.message}" for error in SCHEMA.iter_errors(document)] == []


@each_machine
@pytest.mark.parametrize("verbosity", [-1, 0, 2])
def test_text_fits_a_terminal(name: str, verbosity: int) -> None:
    """No line over 80 columns but for commands and for single words such as paths, and nothing unprintable."""
    report = checked(name).report
    commands = {command for finding in report.findings for command in finding.remedy.commands}
    text = plain(report, width=80, verbosity=verbosity)
    long = [line for line in text.splitlines() if len(line) > 80 and line.strip() not in commands]
    assert [line for line in long if " " in re.split(r" {2,}", line.strip())[-1]] == []
    assert [line for line in text.splitlines() if visible(line) != line or line != line.rstrip()] == []


@each_machine
def test_the_same_machine_gives_the_same_report(name: str) -> None:
    """Whatever order probes end in."""
    first, second = (without_seconds(item.report) for item in (checked(name), check_again(name)))
    assert first == second


def without_seconds(report: Report) -> str:
    """The report as JSON, but for how long it took."""
    facts = msgspec.structs.replace(report.facts, seconds=0.0)
    return render(msgspec.structs.replace(report, facts=facts, seconds=0.0), redact_for=None)


@each_machine
def test_a_machine_is_small_and_says_what_it_is(name: str) -> None:
    """One sentence, a name of its parts, and few enough bytes to be read in a review."""
    machine = machine_of(name)
    assert machine.composed or machine.recorded
    assert machine.about.endswith(".")
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+){3,8}", name)
    assert sum(path.lstat().st_size for path in (FOLDER / name).rglob("*") if not path.is_dir()) <= LARGEST_BYTES


@each_machine
def test_links_of_a_machine_stay_inside(name: str) -> None:
    """A checkout has no link that leads outside the machine or nowhere."""
    root = FOLDER / name / "root"
    links = [path for path in root.rglob("*") if path.is_symlink()]
    outside = [str(path) for path in links if not path.exists() or root.resolve() not in path.resolve().parents]
    assert outside == []
