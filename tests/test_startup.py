"""What a command imports: it starts fast only while it leaves the rest alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parent.parent
SCRIPT = """
import sys
sys.argv = ["kdoctor", *{words!r}]
from kdoctor.cli import run
run(sys.argv[1:])
sys.stderr.write(" ".join(sys.modules))
"""
NEVER = (
    "hyperscan",
    "importlib.metadata",
    "kdoctor.check.plugins",
    "rich",
    "numpy",
    "tensorflow",
    "keras",
    "jax",
    "torch",
    "rattler",
    "ray",
)
OTHERS = (
    "kdoctor.cli_bench",
    "kdoctor.cli_fix",
    "kdoctor.cli_fake",
    "kdoctor.commands.fake",
    "kdoctor.host.fake_driver",
)


def imported(*words: str) -> set[str]:
    """The modules that are there after a command."""
    ran = subprocess.run(
        (sys.executable, "-c", SCRIPT.format(words=words)),
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        cwd=TREE,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return set(ran.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("words", [("check",), ("explain", "KD101"), ("check", "--format", "json")])
def test_check_and_explain_import_nothing_that_they_do_not_use(words: tuple[str, ...]) -> None:
    assert imported(*words) & {*NEVER, *OTHERS} == set()


def test_run_imports_nothing_to_judge_with_where_all_goes_well() -> None:
    found = imported("run", "--", "true")
    ours = {name for name in found if name.startswith("kdoctor.")}
    light = {"kdoctor.model", "kdoctor.model.trouble", "kdoctor.host", "kdoctor.commands", "kdoctor.commands.after"}
    relayed = {f"kdoctor.host.{name}" for name in ("attend", "job", "relay", "terminal")}
    options = {"kdoctor.options", "kdoctor.options_gates"}
    front = {f"kdoctor.{name}" for name in ("cli", "cli_fake", "cli_run", "streams", "render", "render.formats")}
    assert ours == light | relayed | front | options


def test_fake_imports_neither_probes_nor_rules() -> None:
    found = imported("fake", "--list")
    assert [name for name in found if name.startswith(("kdoctor.rules.", "kdoctor.cli_bench", "kdoctor.cli_fix"))] == []
