"""kdoctor.api, as a program uses it."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from kdoctor import api
from kdoctor.commands.check import NOBODY, Checked
from kdoctor.model.finding import Remedy
from kdoctor.model.report import Report
from kdoctor.render.notebook import COLOURS, FINE
from tests.commands.trained import trained
from tests.render.reports import finding, report

TREE = Path(__file__).resolve().parents[2]
MACHINE = TREE / "tests/machines/ubuntu2004-470-k80-tf215-kepler"
MISMATCH = "Failed to initialize NVML: Driver/library version mismatch"


class Page(HTMLParser):
    """The tags and the text of a fragment."""

    def __init__(self, text: str) -> None:
        """Read the whole of it."""
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  the parser's own
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def result_of(some: Report) -> api.CheckResult:
    return api.CheckResult(Checked(report=some, user=NOBODY))


def contrast(colour: str, ground: str) -> float:
    """By WCAG 2.1: 1 to 21."""

    def luminance(text: str) -> float:
        parts = (int(text[start : start + 2], 16) / 255 for start in (1, 3, 5))
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(colour), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_all_names_exist() -> None:
    assert [name for name in api.__all__ if not hasattr(api, name)] == []


def test_the_import_brings_nothing_of_weight() -> None:
    code = "import sys, kdoctor.api; print(*(name for name in sys.modules))"
    ran = subprocess.run((sys.executable, "-c", code), cwd=TREE, capture_output=True, text=True, check=True)
    heavy = {"msgspec", "typer", "rich", "dataclasses", "kdoctor.commands.check", "kdoctor.render.text"}
    assert heavy & set(ran.stdout.split()) == set()


def test_without_a_word_it_examines_the_interpreter_that_it_runs_in_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", "/nonexistent")
    found = api.check(select="KD6", plugins=False).to_dict(redact=False)["facts"]["sections"]["examined"]
    assert (found["interpreter"], "kdoctor.api" in found["chosen_by"]) == (sys.executable, True)


def test_a_named_interpreter_is_said_to_be_the_caller_s_choice() -> None:
    found = api.check(python=Path(sys.executable), select=("KD6",)).to_dict(redact=False)
    assert found["facts"]["sections"]["examined"]["chosen_by"] == f"--python {sys.executable}"


def test_a_recorded_machine_gives_the_same_as_the_command() -> None:
    result = api.check(sysroot=MACHINE)
    command = (sys.executable, "-m", "kdoctor", "check", "--sysroot", str(MACHINE), "--format", "json")
    ran = subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=False)
    ours, theirs = result.to_json().splitlines(), ran.stdout.splitlines()
    assert (result.ok, ran.returncode) == (False, 1)
    assert [line for line in ours if '"seconds"' not in line] == [line for line in theirs if '"seconds"' not in line]


def test_a_text_is_judged_alone_or_beside_what_is_named() -> None:
    alone = api.check(text=MISMATCH)
    beside = api.check(text=MISMATCH, sysroot=MACHINE)
    assert (alone.report.origin, beside.report.origin) == ("log", "sysroot")
    assert alone.primary is not None
    assert alone.primary.cause == "driver-userland-kernel-mismatch"


def test_str_and_repr_are_the_report_and_its_first_line() -> None:
    result = result_of(report(finding()))
    assert repr(result) == "<CheckResult: KD201 cuda-lib-missing: A library is missing.>"
    assert "error KD201  cuda-lib-missing  (primary cause)" in str(result)


def test_select_takes_names_one_by_one_or_with_commas() -> None:
    one, other = (api.check(sysroot=MACHINE, select=words) for words in ("KD1, KD2", ["KD1", "KD2"]))
    assert one.outcomes == other.outcomes
    assert {outcome.id[:3] for outcome in one.outcomes} == {"KD1", "KD2"}


@pytest.mark.parametrize(
    ("options", "reference"),
    [
        ({"python": "/nonexistent"}, "python-not-found"),
        ({"select": "KD999"}, "rule-unknown"),
        ({"timeout_s": -1}, "number-not-understood"),
        ({"timeout_s": float("nan")}, "number-not-understood"),
        ({"sysroot": "/a", "from_file": "/b"}, "options-exclude-each-other"),
        ({"log": "/nonexistent"}, "input-not-readable"),
        ({"log": "-"}, "input-not-readable"),
        ({"here": True}, "options-exclude-each-other"),
        ({"text": MISMATCH, "deep": True}, "options-exclude-each-other"),
    ],
)
def test_what_cannot_be_used_is_a_trouble_with_its_reference(options: dict[str, Any], reference: str) -> None:
    with pytest.raises(api.Trouble) as caught:
        api.check(**options)
    assert caught.value.reference == reference


@pytest.mark.parametrize(
    ("options", "reference"),
    [
        ({"mode": "fast"}, "option-value-unknown"),
        ({"precision": "int8"}, "option-value-unknown"),
        ({"backend": "theano"}, "option-value-unknown"),
        ({"batch_size": 0}, "number-not-understood"),
        ({"batch_size": [1, True]}, "number-not-understood"),
        ({"repeat": 0}, "number-not-understood"),
        ({"seconds": -1}, "number-not-understood"),
        ({"python": "/nonexistent"}, "python-not-found"),
    ],
)
def test_a_bench_refuses_what_it_cannot_use_before_it_starts(options: dict[str, Any], reference: str) -> None:
    with pytest.raises(api.Trouble) as caught:
        api.bench(**options)
    assert caught.value.reference == reference


def test_html_shows_the_primary_finding_first_and_escapes_everything() -> None:
    evil = "<script>alert(1)</script>\x1b[31m&'\""
    bad = finding(what=evil, why=evil, name="a<b", remedy=Remedy(text=evil, commands=(evil,), recipe=evil))
    page = Page(result_of(report(bad, finding(role="independent", what="Second.")))._repr_html_())
    assert set(page.tags) <= {"div", "b", "pre", "details", "summary"}
    assert page.text.index("error KD201") < page.text.index(evil.replace("\x1b", "\\x1b")) < page.text.index("Second.")
    assert "\x1b" not in page.text


def test_html_of_a_healthy_report_says_so() -> None:
    assert Page(result_of(report())._repr_html_()).text.startswith("Nothing wrong was found")


@pytest.mark.parametrize("colour", [*COLOURS.values(), FINE])
@pytest.mark.parametrize("ground", ["#ffffff", "#111111"])
def test_colours_can_be_read_on_a_light_and_on_a_dark_page(colour: str, ground: str) -> None:
    assert contrast(colour, ground) >= 3  # bold text and graphical objects


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
def test_a_bench_gives_results_tells_of_progress_and_leaves_no_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    told: list[str] = []
    result = api.bench(python=trained(tmp_path), workload="linear", device="cpu", progress=told.append)
    assert ([one.workload for one in result.results], result.to_dict()["results"][0]["device"]) == (["linear"], "cpu")
    assert [line for line in told if "cpu: 1 to measure" in line]
    assert "linear on" in str(result)
    assert Page(result._repr_html_()).text.count("linear on") == 1
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"memory": "lots"}, "expected an amount"),
        ({"count": True}, "expected a whole number"),
        ({"backend": "Jax"}, "expected one of"),
    ],
)
def test_a_wish_for_gpus_that_cannot_be_understood_is_a_trouble(wish: dict[str, Any], words: str) -> None:
    with pytest.raises(api.Trouble, match=words):
        result_of(report()).why_no_gpu(**wish)


HEALTHY = TREE / "tests/machines/ubuntu2404-550-rtx3060-tf220"


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({}, ""),
        ({"backend": "tensorflow", "memory": "12 GiB"}, ""),
        ({"count": 2}, "2 GPUs are wanted, 1 can be used here by TensorFlow 2.20.0"),
        ({"backend": "torch"}, "torch is not installed in the examined environment"),
    ],
)
def test_a_recorded_machine_says_which_gpus_it_has(wish: dict[str, Any], why: str) -> None:
    assert api.check(sysroot=HEALTHY).why_no_gpu(**wish) == why


@pytest.mark.parametrize(
    ("machine", "why"),
    [
        ("ubuntu2004-470-k80-tf215-kepler", "KD303 compute-capability-unsupported: "),  # listed, and of no use
        ("ubuntu2404-550-rtx3060-tf220-hidden", "KD601 gpu-hidden-by-env: "),
        ("ubuntu2204-535-rtx3060-tf215-numpy2", ""),  # that is for the test to show
        ("ubuntu2404-none-intel-tfcpu", "no GPU can be used: TensorFlow 2.20.0 is a CPU build"),
    ],
)
def test_only_a_gpu_that_can_compute_counts(machine: str, why: str) -> None:
    said = api.check(sysroot=TREE / "tests/machines" / machine).why_no_gpu()
    assert said.startswith(why) if why else said == ""
