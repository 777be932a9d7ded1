"""Plug-ins that are wrong in every way: each costs only itself, and is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kdoctor.check import plugins as taking
from kdoctor.check.collect import collect
from kdoctor.check.diagnose import diagnose
from kdoctor.check.registry import Plugins, find_probes, find_rules
from kdoctor.host.live import LiveHost
from kdoctor.host.plugins import entry_points
from kdoctor.model.facts.base import SCHEMA, Facts, Unknown
from kdoctor.model.facts.cpu import Cpu
from kdoctor.model.finding import Outcome

HEAD = """
from kdoctor.host import Host
from kdoctor.model.facts.base import Section, Absent
from kdoctor.model.facts.cpu import Cpu
from kdoctor.model.finding import *
from kdoctor.model.rule import Declared, Source, rule

def declared(id="AB1", **more):
    usual = dict(id=id, cause="", layer="settings", severity="error", since="1", sources=())
    return rule(Declared(**{**usual, **more}))

class Own(Section, frozen=True, kw_only=True):
    number: int
"""
GOOD = '@declared("GOOD1")\ndef good_rule(cpu: Cpu) -> Verdict:\n    "A page."\n    return Clear("all is well")\n'
FACTS = Facts(schema=SCHEMA, origin="file", sections={"cpu": Cpu(model="", cores=1, flags=())})
Install = Callable[..., Plugins]


def unique(request: pytest.FixtureRequest, begin: str) -> str:
    """A name for a module that no other test imports."""
    return re.sub(r"\W+", "_", f"{begin}_{request.node.name}").rstrip("_").lower()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install modules, each a distribution with its entry points, and take them in."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(taking, "IMPORT_S", 1.0)

    def make(**modules: tuple[str, dict[str, str]]) -> Plugins:
        for name, (text, points) in modules.items():
            (tmp_path / f"{name}.py").write_text(HEAD + text)
            metadata = tmp_path / f"{name}-1.0.dist-info"
            metadata.mkdir()
            (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            lines = [f"[kdoctor.{group}]\n{group} = {name}:{value}\n" for group, value in points.items()]
            (metadata / "entry_points.txt").write_text("\n".join(lines))
        return taking.take_in(entry_points([str(tmp_path)]), find_probes(), find_rules())

    return make


def test_a_good_one_is_taken_in_beside_all_that_are_not(install: Install) -> None:
    found = install(
        iso_good=(GOOD, {"rules": "good_rule"}),
        iso_raises=("raise RuntimeError('at import')", {"rules": "anything"}),
        iso_leaves=("raise SystemExit(5)", {"rules": "anything"}),
        iso_hangs=("import time\ntime.sleep(600)", {"probes": "probe", "rules": "anything"}),
        iso_lacks=("", {"rules": "nothing"}),
        iso_number=("thing = 7", {"rules": "thing"}),
        iso_plain=("def plain(cpu: Cpu): ...", {"rules": "plain"}),
    )
    assert [rule.id for rule in found.rules] == ["GOOD1"]
    said = {(outcome.distribution, outcome.name): outcome.reason for outcome in found.lost}
    expected = {
        ("iso_raises", "rules"): "RuntimeError: at import",
        ("iso_leaves", "rules"): "SystemExit: 5",
        ("iso_hangs", "probes"): "gave no result in 1 s",
        ("iso_hangs", "rules"): "not tried",
        ("iso_lacks", "rules"): "AttributeError",
        ("iso_number", "rules"): "expected a function, got int",
        ("iso_plain", "rules"): "not marked with @rule",
    }
    assert set(said) == set(expected)
    assert [key for key, words in expected.items() if words not in said[key]] == []
    assert {outcome.state for outcome in found.lost} == {"crashed"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ('"KD101"', "KDnnn is kdoctor's own"),
        ('"KD999"', "KDnnn is kdoctor's own"),
        ('"moon"', "expected capitals and a number"),
        ('severity="fatal"', "Invalid enum value 'fatal'"),
        ('cause="moon-phase"', "cause 'moon-phase' is none of kdoctor's"),
        ("sources=7", "Expected `array`, got `int`"),
    ],
)
def test_a_rule_that_declares_nonsense_is_refused(
    install: Install, options: str, words: str, request: pytest.FixtureRequest
) -> None:
    name = unique(request, "iso_declares")
    text = f"@declared({options})\ndef a_rule(cpu: Cpu) -> Verdict:\n    'A page.'\n    return Clear('')\n"
    (outcome,) = install(**{name: (text, {"rules": "a_rule"})}).lost
    assert words in outcome.reason


def test_names_that_are_taken_and_sections_that_nobody_fills_are_refused(install: Install) -> None:
    rule = "@declared({id!r})\ndef {name}({reads}) -> Verdict:\n    'A page.'\n    return Clear('')\n"
    found = install(
        iso_a=(rule.format(id="AB1", name="driver_missing", reads="cpu: Cpu"), {"rules": "driver_missing"}),
        iso_b=(rule.format(id="AB2", name="first", reads="cpu: Cpu"), {"rules": "first"}),
        iso_c=(rule.format(id="AB2", name="second", reads="cpu: Cpu"), {"rules": "second"}),
        iso_d=(rule.format(id="AB4", name="fourth", reads="own: Own"), {"rules": "fourth"}),
    )
    assert [rule.id for rule in found.rules] == ["AB2"]
    reasons = [outcome.reason for outcome in found.lost]
    assert [
        words
        for words, reason in zip(
            ("driver-missing is the id or name", "AB2 is the id or name", "it reads iso_d"), reasons, strict=True
        )
        if words not in reason
    ] == []


def test_probes_that_clash_or_need_each_other_are_refused(install: Install) -> None:
    cpu = "def probe(host: Host) -> Cpu: ...\n"
    circle = "from {other} import Own as Other\ndef probe(host: Host, other: Other) -> Own: ...\n"
    found = install(
        iso_again=(cpu, {"probes": "probe"}),
        iso_alone=("def probe(host: Host) -> Own:\n    return Own(number=1)\n", {"probes": "probe"}),
        iso_needs=(circle.format(other="iso_nobody"), {"probes": "probe"}),
        iso_nobody=("", {}),
    )
    assert [probe.section for probe in found.probes] == ["iso_alone"]
    again, needs = found.lost
    assert "section cpu is there already" in again.reason
    assert "it needs iso_nobody, which no probe fills" in needs.reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise ValueError('oops')", "ValueError: oops"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("return 'fired'", "returned str, which is no verdict"),
        ("return Clear(reason=7)", "Expected `str`, got `int` - at `$.reason`"),
        ("return Found(what='', why='', remedy='do', evidence=())", "Expected `object`, got `str` - at `$.remedy`"),
        ("return Undetermined(reason=object())", "Encoding objects of type object is unsupported"),
    ],
)
def test_what_a_rule_gives_is_an_outcome_whatever_it_is(
    install: Install, body: str, reason: str, request: pytest.FixtureRequest
) -> None:
    name = unique(request, "iso_judges")
    text = f"@declared()\ndef a_rule(cpu: Cpu) -> Verdict:\n    'A page.'\n    {body}\n"
    rules = install(**{name: (text, {"rules": "a_rule"})}).rules
    (outcome,) = diagnose(FACTS, rules).outcomes
    assert (outcome.state, outcome.distribution) == ("crashed", name)
    assert reason in outcome.reason


def test_a_rule_that_does_not_end_costs_its_time_only(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kdoctor.check.diagnose.FOREIGN_S", 0.2)
    text = "@declared()\ndef a_rule(cpu: Cpu) -> Verdict:\n    'A page.'\n    import time\n    time.sleep(600)\n"
    rules = install(iso_waits=(text + GOOD, {"rules": "a_rule"})).rules
    assert diagnose(FACTS, rules).outcomes == (
        Outcome(
            id="AB1",
            name="a-rule",
            state="crashed",
            reason="ForeignError: gave no result in 0.2 s",
            distribution="iso_waits",
        ),
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise SystemExit(3)", "the probe crashed: SystemExit: 3"),
        ("return Own(number='many')", "Expected `int`, got `str`"),
        ("return Absent(looked=(1,))", "Expected `str`, got `int`"),
        ("return 7", "which is no iso_probes"),
    ],
)
def test_what_a_probe_gives_is_a_section_or_unknown(
    install: Install, body: str, reason: str, request: pytest.FixtureRequest
) -> None:
    name = unique(request, "iso_probes")
    text = f"def probe(host: Host) -> Own | Absent:\n    {body}\n"
    found = install(**{name: (text, {"probes": "probe"})})
    section = collect(LiveHost(), found.probes, {}, timeout_s=10).sections[name]
    assert isinstance(section, Unknown)
    assert reason in section.reason


def test_a_damaged_distribution_is_said(tmp_path: Path) -> None:
    metadata = tmp_path / "odd-2.0.dist-info"
    metadata.mkdir()
    (metadata / "entry_points.txt").write_bytes(b"[kdoctor.rules]\n\xff = odd:rule\n")
    found = taking.take_in(entry_points([str(tmp_path)]), find_probes(), find_rules())
    (outcome,) = found.lost
    assert (found.rules, outcome.distribution, outcome.state) == ((), "odd", "crashed")
    assert "UnicodeDecodeError" in outcome.reason


def test_a_distribution_without_metadata_is_named_by_its_folder(tmp_path: Path) -> None:
    metadata = tmp_path / "bare-2.0.dist-info"
    metadata.mkdir()
    (metadata / "entry_points.txt").write_text("[kdoctor.rules]\nx = bare:rule\n")
    (point,) = entry_points([str(tmp_path)])
    assert (point.distribution, point.version, point.value) == ("bare", "2.0", "bare:rule")


def test_a_module_that_lies_before_kdoctors_own_environment_is_not_imported(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "iso_shadow.py").write_text("raise SystemError('imported')\n")
    monkeypatch.setenv("PYTHONPATH", str(elsewhere))
    monkeypatch.syspath_prepend(str(elsewhere))
    (outcome,) = install(iso_shadow=(GOOD, {"rules": "good_rule"})).lost
    assert "is not of kdoctor's own environment" in outcome.reason
