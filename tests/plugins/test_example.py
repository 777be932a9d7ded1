"""The example package, built and installed for real: its probe and rules take part, and are shown as theirs."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parent / "example"
TREE = Path(__file__).resolve().parents[2]
PLAIN = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
MACHINE = {"etc/site-licence": "server=\n", "etc/os-release": 'ID=debian\nPRETTY_NAME="Debian"\n'}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has kdoctor and the example."""
    home = tmp_path_factory.mktemp("plugin")
    prefix = home / "venv"
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", str(prefix)), check=True, timeout=120)
    (site,) = prefix.glob("lib/python3*/site-packages")
    (site / "kdoctor.pth").write_text(f"{TREE}\n{sysconfig.get_paths()['purelib']}\n")
    install = ("-m", "uv", "pip", "install", "--quiet", "--offline", "--no-cache", "--python", str(prefix))
    done = subprocess.run(
        (sys.executable, *install, str(EXAMPLE)),
        env={**PLAIN, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return prefix / "bin/python"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The files of a machine whose licence file is empty."""
    for name, text in MACHINE.items():
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).write_text(text)
    return tmp_path / "root"


def kdoctor(python: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run kdoctor in that environment."""
    return subprocess.run(
        (str(python), "-m", "kdoctor", *words),
        env={**PLAIN, "HOME": "/nonexistent", **environ},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def report(python: Path, *words: str, **environ: str) -> dict[str, Any]:
    """The report as JSON; nothing but it may be on stdout."""
    found: dict[str, Any] = json.loads(kdoctor(python, "check", "--format", "json", *words, **environ).stdout)
    return found


def test_a_rule_judges_what_its_own_probe_found(python: Path, root: Path) -> None:
    found = report(python, "--sysroot", str(root))
    assert found["facts"]["sections"]["licence"] == {"state": "found", "server": "", "found_in": "/etc/site-licence"}
    (finding,) = (one for one in found["findings"] if one["distribution"])
    assert (finding["id"], finding["name"], finding["distribution"]) == (
        "SITE1",
        "licence-server-unset",
        "kdoctor-example",
    )
    assert found["plugins"] == [
        {
            "distribution": "kdoctor-example",
            "version": "1.2.0",
            "rules": ["SITE1", "SITE2"],
            "sections": ["licence"],
        }
    ]


def test_it_is_shown_as_theirs(python: Path, root: Path) -> None:
    text = kdoctor(python, "check", "--sysroot", str(root), "-v").stdout
    assert "SITE1  licence-server-unset  (primary cause)  (from kdoctor-example)" in text
    assert "many-processors  (from kdoctor-example)" in text


def test_recorded_facts_of_a_plug_in_are_judged_again(python: Path, root: Path, tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    path.write_text(kdoctor(python, "facts", "--sysroot", str(root)).stdout)
    assert "SITE1" in [finding["id"] for finding in report(python, "--from", str(path))["findings"]]
    without = report(python, "--from", str(path), "--no-plugins")
    assert "SITE1" not in [finding["id"] for finding in without["findings"]]


def test_rules_are_explained_and_chosen_like_others(python: Path, root: Path) -> None:
    page = kdoctor(python, "explain", "SITE1").stdout
    assert page.startswith("SITE1  licence-server-unset   (error)\n")
    assert "From: kdoctor-example\n" in page
    assert "SITE2  many-processors  (from kdoctor-example)\n" in kdoctor(python, "explain").stdout
    for chosen in ("SITE1", "SITE", "licence-server-unset", "kdoctor-example"):
        outcomes = report(python, "--sysroot", str(root), "--select", chosen)["outcomes"]
        assert {outcome["distribution"] for outcome in outcomes} == {"kdoctor-example"}, chosen


def test_no_plugins_leaves_them_out(python: Path, root: Path) -> None:
    found = report(python, "--sysroot", str(root), "--no-plugins")
    assert (found["plugins"], "licence" in found["facts"]["sections"]) == ([], False)
    assert kdoctor(python, "explain", "SITE1", "--no-plugins").returncode == 2


def test_an_error_level_rule_of_theirs_counts_for_the_exit_status(python: Path, root: Path) -> None:
    assert kdoctor(python, "check", "--sysroot", str(root), "--select", "SITE1").returncode == 1
    assert kdoctor(python, "check", "--sysroot", str(root), "--select", "SITE2", "--strict").returncode == 0


def test_a_plug_in_of_the_examined_environment_is_not_loaded(python: Path) -> None:
    """Neither from an environment that is examined, nor from one that $PYTHONPATH names."""
    (site,) = (python.parent.parent).glob("lib/python3*/site-packages")
    own = Path(sys.executable)
    ran = subprocess.run(
        (str(own), "-m", "kdoctor", "check", "--format", "json", "--python", str(python)),
        env={**PLAIN, "HOME": "/nonexistent", "PYTHONPATH": f"{TREE}:{site}"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert json.loads(ran.stdout)["plugins"] == []
