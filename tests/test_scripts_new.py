"""scripts/new, run in a copy of the package."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LISTING = """
from kdoctor.check.registry import find_probes, find_rules
for found in (find_probes(), find_rules()):
    assert not found.broken, found.broken
print(*(rule.id for rule in find_rules().items), *(probe.section for probe in find_probes().items))
"""


def copied(to: Path) -> Path:
    """A copy of what the script reads, and of the settings of the tools that judge its work."""
    (to / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/new", to / "scripts/new")
    shutil.copy(ROOT / "pyproject.toml", to)
    shutil.copytree(ROOT / "kdoctor", to / "kdoctor", ignore=shutil.ignore_patterns("__pycache__"))
    return to


def python(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run this Python in the copy."""
    return subprocess.run([sys.executable, *words], cwd=root, capture_output=True, text=True, check=False)


def new(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/new in the copy."""
    return python(root, "scripts/new", *words)


def test_a_new_rule_and_a_new_probe_are_discovered_without_any_list_to_edit(tmp_path: Path) -> None:
    """The engine finds both by their files."""
    root = copied(tmp_path)
    made = new(root, "rule", "moon-phase", "--group", "9"), new(root, "probe", "moon-light")
    assert [ran.returncode for ran in made] == [0, 0], made
    rule, cases, facts, probe = [path for ran in made for path in ran.stdout.split()]
    assert (facts, probe) == ("kdoctor/model/facts/moon_light.py", "kdoctor/probes/moon_light.py")
    assert (root / cases).read_text().count("[[case]]") == 3
    listed = python(root, "-c", LISTING).stdout.split()
    assert Path(rule).name[:5].upper() in listed
    assert "moon_light" in listed


def test_a_skeleton_passes_style_and_types(tmp_path: Path) -> None:
    """So that the first complaint is about what its author wrote."""
    pytest.importorskip("mypy")
    root = copied(tmp_path)
    made = (new(root, "rule", "moon-phase", "--group", "9").stdout + new(root, "probe", "moon-light").stdout).split()
    files = [path for path in made if path.endswith(".py")]
    for command in (["ruff", "check", "--no-cache"], ["ruff", "format", "--check", "--no-cache"]):
        ran = python(root, "-m", *command, *files)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    ran = python(root, "-m", "mypy", "--cache-dir", str(ROOT / ".mypy_cache"), "--follow-imports=silent", *files)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_an_id_is_one_above_the_highest_that_its_group_ever_had(tmp_path: Path) -> None:
    """Retired ids count."""
    root = copied(tmp_path)
    (root / "kdoctor/rules/retired.toml").write_text('KD941 = "moon-size"\n')
    made = [new(root, "rule", name, "--group", "9").stdout.split()[0] for name in ("moon-phase", "moon-colour")]
    assert made == ["kdoctor/rules/kd942_moon_phase.py", "kdoctor/rules/kd943_moon_colour.py"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("rule", "Moon Phase", "--group", "9"), "small letters"),
        (("rule", "moon-phase", "--group", "8"), "invalid choice"),
        (("probe", "cpu"), "there is a probe or a section cpu"),
    ],
)
def test_a_name_that_cannot_be_used_is_a_usage_error(tmp_path: Path, words: tuple[str, ...], complaint: str) -> None:
    """Exit status 2, one line, no file."""
    root = copied(tmp_path)
    ran = new(root, *words)
    assert (ran.returncode, complaint in ran.stderr, ran.stdout) == (2, True, "")
