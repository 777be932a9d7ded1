"""The pieces for CI systems: valid by the schemas of those who read them, and their shell steps run."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

TREE = Path(__file__).resolve().parents[1]
ACTION: dict[str, Any] = yaml.safe_load((TREE / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
bash = pytest.mark.skipif(shutil.which("bash") is None, reason="composite actions run in bash")


def tool(name: str) -> str:
    """A checker that the extra `dev` brings."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (extra `dev`)")
    return found


def passes(*command: str) -> None:
    ran = subprocess.run(command, cwd=TREE, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("schema", "path", "options"),
    [
        ("vendor.github-actions", "action.yml", ()),
        ("vendor.github-workflows", "ci/workflow.yml", ()),
        ("vendor.gitlab-ci", "ci/gitlab.yml", ("--data-transform", "gitlab-ci")),
    ],
)
def test_it_is_valid_by_its_schema(schema: str, path: str, options: tuple[str, ...]) -> None:
    passes(tool("check-jsonschema"), "--builtin-schema", schema, *options, path)


@pytest.mark.parametrize("path", sorted((TREE / "ci").glob("kubernetes-*.yaml")), ids=lambda path: path.stem)
def test_a_manifest_is_valid_by_kubernetes_own_schema(path: Path) -> None:
    passes(tool("kubernetes-validate"), "--strict", str(path))


def test_the_dockerfile_passes_its_linter() -> None:
    passes(tool("hadolint"), "ci/Dockerfile")


@pytest.mark.parametrize("name", [name for name, step in STEPS.items() if "run" in step])
def test_a_shell_step_passes_its_linter_and_takes_no_input_as_code(name: str, tmp_path: Path) -> None:
    script = STEPS[name]["run"]
    assert "${{" not in script  # what a user or an event gives reaches a step as a variable only
    path = tmp_path / "step.sh"
    path.write_text(script, encoding="utf-8")
    passes(tool("shellcheck"), "--shell", "bash", str(path))


def test_the_example_uses_inputs_that_the_action_has() -> None:
    workflow = yaml.safe_load((TREE / "ci/workflow.yml").read_text(encoding="utf-8"))
    steps = [step for step in workflow["jobs"]["gate"]["steps"] if "kdoctor" in step.get("uses", "")]
    assert len(steps) == 1
    assert set(steps[0]["with"]) <= set(ACTION["inputs"])


class Runner:
    """Runs steps of the action as GitHub does: inputs and contexts filled into `env`, outputs read from a file."""

    def __init__(self, folder: Path, **inputs: str) -> None:
        """Inputs by their names, - written as _."""
        self.temp, self.outputs = folder, folder / "outputs"
        self.context = {f"inputs.{name}": str(row.get("default", "")) for name, row in ACTION["inputs"].items()}
        self.context |= {f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items()}
        self.context |= {"runner.temp": str(folder), "github.action_path": str(TREE)}
        binaries = folder / "kdoctor/bin"
        binaries.mkdir(parents=True)
        for program, start in (("kdoctor", " -m kdoctor"), ("python", "")):
            path = binaries / program
            path.write_text(
                f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(TREE))} exec {shlex.quote(sys.executable)}{start} "$@"\n'
            )
            path.chmod(0o755)

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        filled = {key: re.sub(r"\$\{\{ (.*?) \}\}", self.value, value) for key, value in STEPS[name]["env"].items()}
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.temp), "GITHUB_OUTPUT": str(self.outputs), **filled}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[name]["run"]]
        ran = subprocess.run(
            command, cwd=self.temp, env=environ, capture_output=True, text=True, timeout=120, check=False
        )
        if self.outputs.exists():
            lines = self.outputs.read_text(encoding="utf-8").splitlines()
            self.context |= {
                f"steps.{STEPS[name].get('id')}.outputs.{line.partition('=')[0]}": line.partition("=")[2]
                for line in lines
            }
        return ran

    def value(self, match: re.Match[str]) -> str:
        return self.context.get(match[1], "")


@bash
def test_the_check_of_a_job_without_trouble_passes_and_leaves_reports(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("tensorflow[and-cuda]==2.20.0\n", encoding="utf-8")
    runner = Runner(tmp_path, file="requirements.txt\n")
    ran = runner.run("Check")
    assert ran.returncode == 0, ran.stderr
    assert runner.context["steps.check.outputs.code"] == "0"
    reports = tmp_path / "kdoctor/reports"
    assert {path.name for path in reports.iterdir()} == {"kdoctor.json", "kdoctor.sarif", "kdoctor.html"}
    assert runner.run("Result").returncode == 0


@bash
def test_an_unmet_requirement_fails_at_the_end_and_names_the_cause(tmp_path: Path) -> None:
    runner = Runner(tmp_path, require="gpu>=99\nkdoctor>=0\n")
    assert runner.run("Check").returncode == 0  # the reports are uploaded before the job fails
    report = json.loads((tmp_path / "kdoctor/reports/kdoctor.json").read_text(encoding="utf-8"))
    assert runner.context["steps.check.outputs.primary"] == report["primary"]["name"]
    assert runner.run("Result").returncode == 1


@bash
def test_an_input_is_never_run(tmp_path: Path) -> None:
    runner = Runner(tmp_path, require='$(touch hacked)"; touch hacked #', python="`touch hacked`")
    runner.run("Check")
    assert runner.run("Result").returncode in {2, 3}
    assert not list(tmp_path.rglob("hacked"))


@bash
def test_a_check_that_could_not_start_fails_the_job(tmp_path: Path) -> None:
    assert Runner(tmp_path).run("Result").returncode == 3


@bash
@pytest.mark.slow
def test_the_install_step_makes_an_environment_that_is_not_on_path(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    shutil.rmtree(tmp_path / "kdoctor")
    ran = runner.run("Install kdoctor")
    assert ran.returncode == 0, ran.stderr
    asked = [str(tmp_path / "kdoctor/bin/kdoctor"), "--version"]
    assert subprocess.run(asked, capture_output=True, check=True).stdout.startswith(b"kdoctor ")


def test_the_hook_judges_several_files_at_once(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((TREE / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    program, *arguments = hook["entry"].split()
    assert program == "kdoctor"
    (tmp_path / "requirements.txt").write_text("tensorflow==2.10.0\n", encoding="utf-8")
    (tmp_path / "environment.yml").write_text("dependencies: [python=3.12, 'tensorflow=2.10']\n", encoding="utf-8")
    command = [sys.executable, "-m", "kdoctor", *arguments, "requirements.txt", "environment.yml"]
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(TREE)}
    ran = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1, ran.stderr
    assert "environment.yml:1" in ran.stdout


def test_the_hook_takes_the_files_that_it_is_for() -> None:
    (hook,) = yaml.safe_load((TREE / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    taken = re.compile(hook["files"])
    for path in (
        "environment.yml",
        "docker/Dockerfile.gpu",
        "requirements-gpu.txt",
        "a/pyproject.toml",
        "environment-ml.yaml",
    ):
        assert taken.search(path), path
    for path in ("README.md", "src/environments.py", "my-requirements.md"):
        assert not taken.search(path), path
