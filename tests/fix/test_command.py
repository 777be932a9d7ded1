"""`kdoctor recipes` as people type it: what it prints, and the exit codes of the contract."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kdoctor.fix.recipes import shipped
from tests.fix.oracle import FOLDER
from tests.recorded import FOLDER as MACHINES

TREE = Path(__file__).resolve().parent.parent.parent
HEALTHY = ("--sysroot", str(MACHINES / "ubuntu2404-550-rtx3060-tf220"))
OLD = ("--sysroot", str(MACHINES / "ubuntu2004-470-rtx2080-tf215-driver-too-old"))
BARE = ("--sysroot", str(MACHINES / "debian12-none-rtx3060-tf220-no-driver"))


class Result(NamedTuple):
    code: int
    out: str
    err: str


def recipes(*arguments: str, given: str = "") -> Result:
    """The real command line."""
    ran = subprocess.run(
        [sys.executable, "-m", "kdoctor", "recipes", *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONPATH": str(TREE)},
        check=False,
    )
    return Result(ran.returncode, ran.stdout, ran.stderr)


def document(result: Result) -> dict[str, Any]:
    """The one JSON document of a result that went well."""
    assert (result.code, result.err) == (0, "")
    found: dict[str, Any] = json.loads(result.out)
    return found


def assert_refused(result: Result, code: int, *words: str) -> None:
    """One line on stderr and nothing on stdout."""
    assert (result.code, result.out, result.err.count("\n")) == (code, "", 1), result
    assert "a bug of kdoctor's own" not in result.err
    assert [word for word in words if word not in result.err] == [], result.err


@pytest.mark.parametrize("machine", [HEALTHY, OLD, BARE])
def test_the_list_has_one_line_for_each_recipe_within_80_columns(machine: tuple[str, ...]) -> None:
    result = recipes(*machine)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert {line.split()[1] for line in lines[: len(shipped())]} == {recipe.id for recipe in shipped()}
    assert {line.split()[0] for line in lines[: len(shipped())]} == {"fits", "no"}


def test_the_list_says_what_to_take_and_what_an_update_is_worth() -> None:
    assert "Take tf220-cuda12: " in recipes(*HEALTHY).out
    out = " ".join(recipes(*OLD).out.split())
    assert "A driver update (470.256.02 -> 525.60.13) allows tf220-cuda12" in out


def test_none_fitting_is_no_failure() -> None:
    result = recipes(*BARE, "--python-version", "3.8")
    assert (result.code, "No GPU recipe fits. The nearest is " in result.out) == (0, True)


def test_json_is_that_of_the_contract() -> None:
    found = document(recipes(*BARE, "--format", "json"))
    assert set(found["recipes"][0]) == {"id", "title", "fits", "reasons", "platforms", "requires"}
    assert found["chosen"] is None
    assert found["failing"]["needed"] == "525.60.13"
    assert {row["fits"] for row in found["recipes"]} == {True, False}
    one = next(row for row in found["recipes"] if row["id"] == "tf220-cuda12")
    assert one["requires"]["driver_min"] == "525.60.13"
    assert one["reasons"][0].startswith("driver 525.60.13 needed")


def test_recorded_facts_plan_for_another_machine(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "kdoctor", "facts", *HEALTHY], capture_output=True, check=True, timeout=60, cwd=TREE
    )
    path = tmp_path / "facts.json"
    path.write_bytes(made.stdout)
    assert document(recipes("--for", str(path), "--format", "json"))["chosen"] == "tf220-cuda12"
    assert document(recipes("--for", "-", "--format", "json", given=made.stdout.decode()))["chosen"] == "tf220-cuda12"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--backend", "torch"), "torch-cuda12"),
        (("--keras", "2"), "tfkeras220-cuda12"),
        (("--tensorflow", "2.19"), "tf219-cuda12-conda"),
        (("--python-version", "3.14"), "jax-cuda12"),
    ],
)
def test_options_narrow_the_choice(options: tuple[str, ...], expected: str) -> None:
    assert document(recipes(*HEALTHY, *options, "--format", "json"))["chosen"] == expected


@pytest.mark.parametrize("name", [recipe.id for recipe in shipped()])
def test_each_recipe_is_shown_in_full(name: str) -> None:
    result = recipes("show", name, *HEALTHY)
    assert (result.code, result.err) == (0, "")
    for word in ("installs:", "requires:", "by hand:", "sources:", "tried:"):
        assert word in result.out
    commands = result.out.partition("by hand:\n")[2].partition("\n\n")[0].splitlines()
    specs = result.out.partition("installs:\n")[2].partition("\n\n")[0].splitlines()
    long = [line for line in result.out.splitlines() if len(line) > 80 and line not in (*commands, *specs)]
    assert long == []


def test_a_recipe_is_shown_as_json_too() -> None:
    found = document(recipes("show", "jax-cuda13", *HEALTHY, "--format", "json"))
    assert (found["id"], found["fits"], found["recipe"]["backend"]) == ("jax-cuda13", False, "jax")
    assert found["commands"][0].startswith("python3.")


def test_the_old_name_is_explained() -> None:
    out = " ".join(recipes("show", "keras-gpu", *HEALTHY).out.split())
    assert "exists only on Anaconda's channel `defaults`, its last version is 2.6.0, and commercial terms" in out


def test_slips_are_refused_with_2(tmp_path: Path) -> None:
    assert_refused(recipes("show", "tf220-cuda13", *HEALTHY), 2, "there is no recipe 'tf220-cuda13'", "tf220-cuda12")
    assert_refused(recipes("show", "zzz", *HEALTHY), 2, "`kdoctor recipes` lists all")
    assert_refused(recipes("show", *HEALTHY), 2, "Missing argument")
    assert_refused(recipes("--backend", "theano", *HEALTHY), 2, "--backend theano", "tensorflow, jax, torch")
    assert_refused(recipes("--keras", "new", *HEALTHY), 2, "--keras new")
    assert_refused(recipes("--python-version", "python3", *HEALTHY), 2, "--python-version python3")
    assert_refused(recipes("--format", "yaml", *HEALTHY), 2, "--format yaml")
    assert_refused(recipes("--for", "x.json", *HEALTHY), 2, "--for and --sysroot")
    assert_refused(recipes(*HEALTHY, "show", "keras-gpu"), 2, "come after `show`")
    assert_refused(recipes("--sysroot", str(tmp_path / "none")), 2 if os.name == "nt" else 3, "none")


def test_bad_input_is_refused_with_3(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text((FOLDER / "jax-cuda12.toml").read_text(encoding="utf-8").replace("driver_min =", "driver ="))
    assert_refused(recipes("--recipes", str(bad), *HEALTHY), 3, f"{bad}, line ", "unknown field `driver`")
    assert_refused(recipes("show", "x", "--recipes", str(tmp_path / "none.toml")), 3, "none.toml: does not exist")
    facts = tmp_path / "facts.json"
    facts.write_text("{")
    assert_refused(recipes("--for", str(facts)), 3, "is not JSON")
    assert_refused(recipes("--for", str(tmp_path / "none.json")), 3, "No such file")


def test_a_recipe_of_the_users_own_is_listed_and_steers_no_terminal(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    text = (FOLDER / "tf220-cuda12.toml").read_text(encoding="utf-8").replace('"tf220-cuda12"', '"own"', 1)
    own.write_text(text.replace('about = """\n', 'about = """\n\\u001b[31mred ', 1))
    assert any(line.split()[1:2] == ["own"] for line in recipes("--recipes", str(own), *HEALTHY).out.splitlines())
    shown = recipes("show", "own", "--recipes", str(own), *HEALTHY)
    assert (shown.code, "\\x1b[31mred" in shown.out, "\x1b" in shown.out) == (0, True, False)
