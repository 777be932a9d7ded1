"""Each format of a check: whole outputs for some machines, and every machine's within the format's own rules."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import xmlschema
from junitparser import JUnitXml
from prometheus_client.parser import text_string_to_metric_families

from kdoctor.commands.check import Request, exit_code
from kdoctor.commands.logs import check_logs
from kdoctor.host import User
from kdoctor.model.facts.examined import Examined
from kdoctor.model.facts.symptoms import Symptoms
from kdoctor.model.finding import Evidence, Outcome, Remedy
from kdoctor.model.report import Report
from kdoctor.outputs import rendered, row_of
from kdoctor.render.formats import CHECK
from kdoctor.render.places import ANCHOR, place_in_log
from tests.recorded import NAMES, checked
from tests.render.reports import finding, report
from tests.render.test_text import HARMLESS, TELLING

GOLDEN = Path(__file__).parent / "golden_formats"
SCHEMAS = Path(__file__).parent / "schemas"
SUFFIXES = {
    "markdown": "md",
    "junit": "xml",
    "sarif": "sarif",
    "github": "github.txt",
    "gitlab": "gitlab.json",
    "prometheus": "prom",
}
FEW = TELLING[2:4]  # of formats that name each rule, or its page, a fault and a healthy machine will do
SHOWN = [(name, kind) for kind in SUFFIXES for name in (FEW if kind in ("junit", "sarif") else TELLING)]
LOG = "W0000 Could not find cuda drivers on your machine, GPU will not be used.\n"
each_machine = pytest.mark.parametrize("name", NAMES)


def shown(report: Report, kind: str, user: User | None = None) -> str:
    """The report in that format; ``user``: redacted for."""
    return rendered(report, row_of(kind, CHECK), user)


def steady(name: str) -> Report:
    """A machine's report as if it had taken no time, and with the first rules alone: those to come change no golden."""
    report = checked(name).report
    return msgspec.structs.replace(report, seconds=0.0, outcomes=report.outcomes[:12])


@cache
def sarif_schema() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((SCHEMAS / "sarif-2.1.0.json").read_text(encoding="utf-8")))


@cache
def junit_schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(SCHEMAS / "junit-10.xsd"))


def run_of(text: str) -> dict[str, Any]:
    """The one run of a SARIF file."""
    (run,) = json.loads(text)["runs"]
    found: dict[str, Any] = run
    return found


@pytest.mark.parametrize(("name", "kind"), SHOWN)
def test_the_whole_output_is_as_reviewed(name: str, kind: str, *, update: bool) -> None:
    """`pytest --update` writes it anew."""
    path = GOLDEN / f"{name}.{SUFFIXES[kind]}"
    text = shown(steady(name), kind, checked(name).user)
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_no_golden_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.{SUFFIXES[kind]}" for name, kind in SHOWN}


@each_machine
def test_sarif_is_valid_and_within_what_github_accepts(name: str) -> None:
    """By the schema; and as GitHub's "SARIF support for code scanning" asks (read 2026-11-22)."""
    text = shown(checked(name).report, "sarif")
    assert [f"{list(one.path)}: {one.message}" for one in sarif_schema().iter_errors(json.loads(text))] == []
    run = run_of(text)
    rules = run["tool"]["driver"]["rules"]
    for rule in rules:
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert "**What to do:**" in rule["help"]["markdown"]
    for result in run["results"]:
        (location,) = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert not uri.startswith(("/", "file:")), "relative to the repository"
        assert location["physicalLocation"]["region"]["startLine"] >= 1
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
    prints = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    found = [one for one in checked(name).report.findings if one.role != "harmless"]
    assert [result["ruleId"] for result in run["results"]] == [one.id for one in found]


@each_machine
def test_junit_is_valid_and_fails_as_the_exit_code_does(name: str) -> None:
    """By the XSD of Jenkins' xunit plug-in, and as junitparser reads it."""
    report = checked(name).report
    text = shown(report, "junit")
    junit_schema().validate(ET.fromstring(text))  # noqa: S314  what kdoctor has written
    (suite,) = JUnitXml.fromstring(text.encode())
    assert suite.tests == len(report.findings) + sum(one.state != "fired" for one in report.outcomes)
    assert int(suite.failures + suite.errors > 0) == exit_code(report, fail_on="error", strict=False)
    skipped = [one for one in report.outcomes if one.state in ("undetermined", "not-applicable")]
    assert suite.skipped == len(skipped)


@each_machine
def test_metrics_are_read_and_count_the_findings(name: str) -> None:
    report = checked(name).report
    families = {one.name: one.samples for one in text_string_to_metric_families(shown(report, "prometheus"))}
    found = [one for one in report.findings if one.role != "harmless"]
    assert sum(sample.value for sample in families["kdoctor_findings"]) == len(found)
    assert [sample.labels["id"] for sample in families.get("kdoctor_finding", ())] == [one.id for one in found]
    assert sum(sample.value for sample in families["kdoctor_rules"]) == len(report.outcomes)


@each_machine
def test_gitlab_gets_what_it_asks_for(name: str) -> None:
    """As GitLab's page on Code Quality lists it (read 2026-11-22)."""
    for entry in json.loads(shown(checked(name).report, "gitlab")):
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert entry["location"] == {"path": ANCHOR, "lines": {"begin": 1}}


@pytest.mark.parametrize("kind", [*SUFFIXES, "json"])
def test_every_format_is_redacted_unless_asked_otherwise(kind: str) -> None:
    """Of a person's home in a sentence, in a command and in evidence."""
    home = "/home/marianne/env"
    said = finding(
        what=f"There is {home}.",
        remedy=Remedy(text=f"Remove {home}.", commands=(f"rm -r {home}",)),
        evidence=(Evidence("environment", home, home),),
    )
    outcome = Outcome(id="KD101", name="driver-missing", state="undetermined", reason=f"no {home}")
    made = report(said, outcomes=(outcome,), examined=Examined(interpreter=f"{home}/bin/python", chosen_by="--env"))
    user = User(name="marianne", host_name="mariannes-laptop")
    assert "marianne" not in shown(made, kind, user)
    assert ("marianne" in shown(made, kind)) == (kind != "prometheus")


@pytest.mark.parametrize("kind", ["sarif", "github", "gitlab"])
def test_a_line_of_a_log_is_the_place_of_what_it_tells(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a log within the repository: by a relative path."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a log").mkdir()
    (tmp_path / "a log/train.txt").write_text(f"epoch 1\nepoch 2\n{LOG}")
    inside = shown(check_logs(("./a log/train.txt",), Request()).report, kind)
    outside = shown(check_logs((str(tmp_path / "a log/train.txt"),), Request()).report, kind)
    here, elsewhere = {
        "sarif": (('"uri": "a%20log/train.txt"', '"startLine": 3'), f'"uri": "{ANCHOR}"'),
        "github": (("file=a log/train.txt,line=3,title=",), "::error title="),
        "gitlab": (('"path": "a log/train.txt"', '"begin": 3'), f'"path": "{ANCHOR}"'),
    }[kind]
    assert [part for part in here if part not in inside] == []
    assert elsewhere in outside


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("train.log", ("train.log", 7)),
        ("./logs/a:b.log", ("logs/a:b.log", 7)),
        ("/var/log/train.log", None),
        ("../train.log", None),
        ("logs/../../train.log", None),
        ("C:\\train.log", None),
        ("\\\\host\\train.log", None),
        ("standard input", None),
    ],
)
def test_only_a_file_of_the_repository_is_a_place(path: str, place: tuple[str, int] | None) -> None:
    said = finding(evidence=(Evidence("line", "x", "elsewhere:1"), Evidence("line", "x", f"{path}:7")))
    made = report(said, symptoms=Symptoms(files=(path,), lines=9, seen=(), stated=()))
    assert place_in_log(made, said) == place


def test_what_a_log_tells_is_valid_sarif_and_has_help(tmp_path: Path) -> None:
    """Also of a cause that no rule looks for."""
    log = tmp_path / "log"
    log.write_text(LOG)
    text = shown(check_logs((str(log),), Request()).report, "sarif")
    assert list(sarif_schema().iter_errors(json.loads(text))) == []
    assert [rule["help"]["markdown"] != "" for rule in run_of(text)["tool"]["driver"]["rules"]] == [True]


def test_the_same_fault_has_the_same_fingerprint_whatever_is_seen_of_it() -> None:
    first, second = finding(what="Release 1."), finding(what="Release 2.", evidence=(), confidence="likely")
    both = [run_of(shown(report(one), "sarif"))["results"][0]["partialFingerprints"] for one in (first, second)]
    other = run_of(shown(report(finding(id="KD202", name="cuda-libs-not-on-path")), "sarif"))
    assert both[0] == both[1]
    assert both[0] != other["results"][0]["partialFingerprints"]


def test_a_rule_of_a_plug_in_has_its_finding_as_help() -> None:
    """Its page is not kdoctor's to look up."""
    made = report(finding(id="KD101", name="own", distribution="kdoctor-site"))
    (rule,) = run_of(shown(made, "sarif"))["tool"]["driver"]["rules"]
    assert rule["help"]["text"] == "A library is missing.\n\nNothing works without it.\n\nInstall it."


def test_harmless_lines_are_no_results_but_a_passed_case() -> None:
    made = report(HARMLESS)
    assert run_of(shown(made, "sarif"))["results"] == []
    assert (shown(made, "github"), json.loads(shown(made, "gitlab"))) == ("", [])
    ((case,),) = JUnitXml.fromstring(shown(made, "junit").encode())
    assert case.is_passed


def test_what_could_not_be_decided_is_told() -> None:
    """A crash is an error of the tool, not a failure of the machine."""
    outcomes = (
        Outcome(id="KD101", name="driver-missing", state="crashed", reason="ValueError: x"),
        Outcome(id="KD102", name="driver-too-old-for-cuda", state="undetermined", reason="needs driver"),
    )
    made = report(outcomes=outcomes)
    (suite,) = JUnitXml.fromstring(shown(made, "junit").encode())
    (invocation,) = run_of(shown(made, "sarif"))["invocations"]
    assert (suite.errors, suite.skipped, suite.failures) == (1, 1, 0)
    assert [one["level"] for one in invocation["toolExecutionNotifications"]] == ["error", "note"]
    assert "Crashed: 1" in shown(made, "markdown")


@pytest.mark.parametrize(
    ("severity", "level", "state"), [("error", "error", "failure"), ("warning", "warning", ""), ("note", "notice", "")]
)
def test_levels_are_those_of_the_severities(severity: Any, level: str, state: str) -> None:  # noqa: ANN401  a literal
    made = report(finding(severity=severity))
    assert shown(made, "github").startswith(f"::{level} title=KD201 cuda-lib-missing::")
    assert run_of(shown(made, "sarif"))["results"][0]["level"] == severity
    assert ("<failure" in shown(made, "junit")) == bool(state)


def test_more_evidence_than_a_page_holds_is_counted() -> None:
    many = tuple(Evidence("missing", f"lib{number}.so", "loader") for number in range(25))
    assert "| and 5 more |" in shown(report(finding(evidence=many)), "markdown")
