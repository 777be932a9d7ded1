"""The ready pieces in ci/fleet do what they say, with a kdoctor that is a script."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.fleet.planted import HEALTHY, TREE, report

PIECES = TREE / "ci/fleet"


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("code", "expected"), [(0, 0), (1, 1), (2, 0), (3, 0), (137, 0)])
def test_only_a_fault_that_was_found_keeps_jobs_from_a_node(code: int, expected: int, tmp_path: Path) -> None:
    kdoctor = script(tmp_path / "kdoctor", f"echo 'error KD103  driver-not-loaded'; exit {code}")
    environ = {"PATH": "/usr/bin:/bin", "KDOCTOR": str(kdoctor), "REPORTS": str(tmp_path / "reports")}
    ran = subprocess.run(
        [PIECES / "slurm-prolog"], env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == expected
    assert ran.stdout == ("kdoctor: error KD103  driver-not-loaded " if expected else "")


def test_the_prolog_runs_a_kdoctor_as_it_is(tmp_path: Path) -> None:
    kdoctor = script(tmp_path / "kdoctor", f'PYTHONPATH="{TREE}" exec "{sys.executable}" -m kdoctor "$@"')
    environ = {**os.environ, "KDOCTOR": str(kdoctor), "REPORTS": str(tmp_path / "reports")}
    subprocess.run([PIECES / "slurm-prolog"], env=environ, check=False, timeout=120, capture_output=True)
    written = tmp_path / "reports" / f"{os.uname().nodename}.json"
    assert {row["id"][:3] for row in json.loads(written.read_bytes())["outcomes"]} == {"KD1"}


def test_what_a_pod_prints_is_an_answer_with_its_node(tmp_path: Path) -> None:
    pod = yaml.safe_load((PIECES / "kubernetes.yaml").read_text(encoding="utf-8"))["spec"]["template"]["spec"]
    (tmp_path / "report").write_bytes(report(HEALTHY))
    script(tmp_path / "kdoctor", f"cat {tmp_path}/report")
    script(tmp_path / "sleep", ":")
    command = [*pod["containers"][0]["command"], pod["containers"][0]["args"][0].replace("/tmp/", f"{tmp_path}/")]  # noqa: S108
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "NODE": "gpu-7"}
    ran = subprocess.run(command, env=environ, capture_output=True, check=True, timeout=60)
    line = json.loads(ran.stdout)
    assert (line["node"], line["report"], ran.stdout.count(b"\n")) == ("gpu-7", json.loads(report(HEALTHY)), 1)


def test_the_play_runs_a_command_that_there_is() -> None:
    tasks = yaml.safe_load((PIECES / "ansible.yml").read_text(encoding="utf-8"))[0]["tasks"]
    asked = [task["ansible.builtin.command"]["argv"] for task in tasks if "ansible.builtin.command" in task]
    assert asked == [["{{ kdoctor }}", "check", "--format", "json"]]
