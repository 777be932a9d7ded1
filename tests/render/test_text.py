"""What people read: whole outputs for some machines, then wrapping, escapes, verbosity and the last line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdoctor.model.facts.cuda_toolkits import CudaToolkit, CudaToolkits
from kdoctor.model.facts.examined import Examined
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Evidence, Outcome, Remedy
from kdoctor.model.version import CudaVersion
from kdoctor.render.text import lines, plain, summary, visible
from tests.recorded import checked
from tests.render.reports import finding, report

GOLDEN = Path(__file__).parent / "golden"
TELLING = (
    "debian12-550-rtx3060-tf220-docker-no-gpus",
    "ubuntu2004-450-gtx1050ti-condakeras-cpu-build",
    "ubuntu2004-470-k80-tf215-kepler",
    "ubuntu2404-550-rtx3060-tf220",
    "ubuntu2404-550-rtx3060-tf221-no-extra",
    "windows11-566-rtx3060-tf219",
)
HARMLESS = finding(name="numa-node", role="harmless", severity="note", what="A NUMA line.", why="It means nothing.")
CONSEQUENCE = finding(
    id="KD205", name="cudnn-missing", role="consequence", consequence_of="KD201", what="No cuDNN.", why="It follows."
)


@pytest.mark.parametrize("name", TELLING)
def test_the_whole_text_is_as_reviewed(name: str, *, update: bool) -> None:
    """At 80 columns; `pytest --update` writes it anew."""
    path = GOLDEN / f"{name}.txt"
    text = plain(checked(name).report, width=80)
    if update:
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_each_golden_belongs_to_a_machine_that_is_compared() -> None:
    """No file is left over."""
    assert sorted(path.stem for path in GOLDEN.iterdir()) == sorted(TELLING)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain text, naïve and 漢字", "plain text, naïve and 漢字"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x00\x7f\x9b", "\\x00\\x7f\\x9b"),
        ("evil\u202etxt.exe", "evil\\u202etxt.exe"),
        ("a\u2028b", "a\\u2028b"),
    ],
)
def test_nothing_read_from_a_machine_steers_the_terminal(raw: str, shown: str) -> None:
    """Control characters and those that turn the direction of writing are shown as escapes."""
    assert visible(raw) == shown


def test_every_part_of_a_finding_is_escaped() -> None:
    """What, why, remedy, command, and the three parts of evidence."""
    evil = "\x1b[2J"
    said = finding(
        what=f"what{evil}",
        why=f"why{evil}",
        remedy=Remedy(text=f"do{evil}", commands=(f"rm {evil}",)),
        evidence=(Evidence(f"fact{evil}", f"value{evil}", f"source{evil}"),),
    )
    text = plain(report(said))
    assert ("\x1b" in text, text.count("\\x1b[2J")) == (False, 7)


def test_long_sentences_are_wrapped_and_long_words_are_not() -> None:
    """A path stays whole, to be copied."""
    path = "/opt/" + "long" * 30
    remedy = Remedy(text="Copy.", commands=(f"ls {path} -l",))
    said = finding(what="word " * 30, why=f"See {path} for it.", remedy=remedy)
    text = plain(report(said), width=60)
    long = [line.strip() for line in text.splitlines() if len(line) > 60]
    assert long == [path, f"ls {path} -l"]


@pytest.mark.parametrize(("width", "used"), [(10, 60), (72, 72), (400, 100)])
def test_the_width_is_kept_between_60_and_100(width: int, used: int) -> None:
    """A narrow terminal would break every line, and a wide one is hard to read."""
    text = plain(report(finding(what="a " * 200)), width=width)
    longest = max(len(line) for line in text.splitlines())
    assert used - 2 <= longest <= used


def test_evidence_of_one_kind_and_source_is_told_once() -> None:
    """Words in a row, paths one a line, the source at the end."""
    words = (Evidence("missing", "libcudart.so.12", "loader"), Evidence("missing", "libcublas.so.12", "loader"))
    paths = (Evidence("looked in", "/usr/lib", "loader"), Evidence("looked in", "/lib", "loader"))
    text = plain(report(finding(evidence=(*words, *paths))), verbosity=-1)
    assert text.partition("  seen  ")[2].splitlines()[:3] == [
        "missing    libcudart.so.12, libcublas.so.12   loader",
        "        looked in  /usr/lib",
        "                   /lib   loader",
    ]


def test_evidence_without_a_source_ends_with_its_value() -> None:
    """No blanks at the end of a line."""
    text = plain(report(finding(evidence=(Evidence("bits", "32", ""),))), verbosity=-1)
    assert "  seen  bits  32\n" in text


@pytest.mark.parametrize(
    ("safety", "text", "shown"),
    [
        ("safe", "Unset it.", "Unset it."),
        ("needs-root", "Restart.", "Restart. Needs root."),
        ("changes-environment", "Install it.", "Install it. Changes the environment."),
    ],
)
def test_a_remedy_says_what_it_needs(safety: str, text: str, shown: str) -> None:
    """In a sentence of its own."""
    said = finding(remedy=Remedy(text=text, safety=safety))  # type: ignore[arg-type]  # the table holds texts
    assert f"  do    {shown}\n" in plain(report(said))


def test_quiet_shows_the_primary_cause_and_the_last_line_only() -> None:
    """No overview, no consequence, nothing ruled out."""
    clear = Outcome(id="KD101", name="driver-missing", state="clear", reason="it is there")
    text = plain(report(finding(), CONSEQUENCE, HARMLESS, outcomes=(clear,)), verbosity=-1)
    assert text.splitlines() == [
        "error KD201  cuda-lib-missing  (primary cause)",
        "  what  A library is missing.",
        "  why   Nothing works without it.",
        "  do    Install it.",
        "  seen  missing  libcudart.so.12   loader",
        "",
        "2 errors; 1 rule clear, 0 undecided.",
    ]


def test_quiet_says_nothing_where_nothing_is_wrong() -> None:
    """As a gate in a script wants it."""
    assert plain(report(), verbosity=-1).strip() == ""


def test_a_consequence_is_short_until_more_is_asked_for() -> None:
    """Its sentence alone, and with -v the whole finding, both with what it follows from."""
    short, whole = (plain(report(finding(), CONSEQUENCE), verbosity=verbosity) for verbosity in (0, 1))
    assert "  follows from KD201: error KD205 cudnn-missing\n    No cuDNN.\n" in short
    assert "It follows." not in short
    assert "error KD205  cudnn-missing  (follows from KD201)\n  what  No cuDNN.\n  why   It follows.\n" in whole


def test_harmless_lines_are_named_as_such() -> None:
    """They never look like a fault, and do not count."""
    text = plain(report(HARMLESS))
    assert "harmless  A NUMA line. It means nothing.\n" in text
    assert "Nothing wrong was found" in text


def test_what_could_not_be_decided_is_told_by_reason() -> None:
    """One line for all that lack the same fact; with -v one line each."""
    stuck = tuple(Outcome(id=f"KD10{n}", name=f"rule-{n}", state="undetermined", reason="needs pci") for n in range(5))
    short, whole = (plain(report(outcomes=stuck), verbosity=verbosity) for verbosity in (0, 1))
    assert "could not be decided:\n  rule-0, rule-1, rule-2 and 2 more: needs pci\n" in short
    assert "  rule-4  needs pci\n" in whole


def test_ruled_out_causes_are_counted_until_more_is_asked_for() -> None:
    """Six, then how many more; with -vv also what does not apply."""
    clear = tuple(Outcome(id=f"KD2{n:02}", name=f"rule-{n}", state="clear", reason="seen") for n in range(8))
    other = Outcome(id="KD502", name="wsl-gone", state="not-applicable", reason="no WSL")
    texts = [plain(report(finding(), outcomes=(*clear, other)), verbosity=verbosity) for verbosity in (0, 1, 2)]
    assert ["and 2 more: add -v" in text for text in texts] == [True, False, False]
    assert ["not applicable here:\n  wsl-gone  no WSL\n" in text for text in texts] == [False, False, True]


def test_a_crashed_rule_is_told() -> None:
    """With its reason, and counted as undecided."""
    crashed = Outcome(id="KD101", name="driver-missing", state="crashed", reason="ValueError: x")
    text = plain(report(outcomes=(crashed,)))
    assert "crashed:\n  driver-missing: ValueError: x\n" in text
    assert text.endswith("Nothing wrong was found; 0 rules clear, 1 undecided.\n")


def test_the_last_line_counts_by_severity() -> None:
    """Plural where there are several."""
    note = finding(severity="note", role="independent")
    warning = finding(severity="warning", role="independent")
    assert summary(report(finding(), warning, warning, note)).startswith("1 error, 2 warnings, 1 note; ")


def test_confidence_is_told_where_it_is_not_certain() -> None:
    """In the head of the finding."""
    assert "error, likely KD201  cuda-lib-missing" in plain(report(finding(confidence="likely")))


def test_styles_never_reach_plain_text() -> None:
    """The same words with and without colour."""
    styled = ["".join(piece for piece, _ in line).rstrip() for line in lines(report(finding()))]
    assert "\n".join(styled) + "\n" == plain(report(finding()))


def test_the_overview_names_every_toolkit_and_what_is_unknown() -> None:
    """A toolkit without a version is told by the name of its libcudart."""
    items = tuple(
        CudaToolkit(path=path, realpath=path, version=version, source="system", found_via=path, cudart=cudart)
        for path, version, cudart in (
            ("/usr", None, ("libcudart.so.10.1",)),
            ("/a", None, ("libcudart.so.11.0",)),
            ("/b", CudaVersion("12.6.3"), ()),
            ("/c", None, ()),
        )
    )
    text = plain(report(cuda_toolkits=CudaToolkits(items=items)))
    assert "toolkits   CUDA 10.1 in /usr\n           CUDA 11 in /a\n           CUDA 12.6.3 in /b\n" in text
    assert "           CUDA ? in /c\n" in text
    assert "driver     unknown\n" in text


def test_the_overview_says_which_interpreter_and_why_that_one() -> None:
    """And that there is none."""
    python = Interpreter(path="/v/bin/python", realpath="/usr/bin/python3", version=None, kind="venv", prefix="/v")
    examined = Examined(interpreter="/v/bin/python", chosen_by="$VIRTUAL_ENV")
    text = plain(report(interpreter=python, examined=examined))
    assert "examined   /v/bin/python, unknown version, venv (chosen by $VIRTUAL_ENV)\n" in text
    assert "examined   no Python interpreter\n" in plain(report())
