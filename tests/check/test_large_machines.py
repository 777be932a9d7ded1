"""A check costs little on a machine with much on it, and ends where a driver does not answer."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.fakegpu import Kit

TREE = Path(__file__).resolve().parents[2]
ENVIRONMENTS, TOOLKITS, PACKAGES = 200, 40, 5000
MOST_CPU_S, MOST_BYTES = 2.0, 80 << 20  # of a machine with one environment: 0.6 s and as much memory
LIMIT_S, MORE_S = 3.0, 4.0
LAUNCHER = """
import json, os, sys
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(child, 0)
json.dump([used.ru_utime + used.ru_stime, used.ru_maxrss * 1024], open(sys.argv[1], "w"))
sys.exit(os.waitstatus_to_exitcode(status))
"""  # a small process between: Linux counts what the starter holds to the peak of what it starts
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux")


class Ran(NamedTuple):
    report: dict[str, Any]
    cpu_s: float
    wall_s: float
    peak_bytes: int


def check(home: Path, *arguments: str, **more: str) -> Ran:
    """The real command line and what its processes cost."""
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": str(TREE), "LC_ALL": "C.UTF-8", **more}
    command = (sys.executable, "-m", "kdoctor", "check", "--format", "json", *arguments)
    started, used = time.monotonic(), home / "used.json"
    command = (sys.executable, "-S", "-c", LAUNCHER, str(used), *command)
    ran = subprocess.run(command, capture_output=True, timeout=120, env=environ, check=False)
    wall_s = time.monotonic() - started
    assert ran.returncode in (0, 1), ran.stderr.decode()
    cpu_s, peak_bytes = json.loads(used.read_text(encoding="utf-8"))
    return Ran(json.loads(ran.stdout), cpu_s, wall_s, peak_bytes)


def put(path: Path, text: str = "") -> None:
    """A file and its directories."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def environment(prefix: Path) -> None:
    """A conda environment with Keras, as far as files tell."""
    put(prefix / "conda-meta/history")
    python = {"name": "python", "version": "3.11.7", "build": "h0_0", "channel": "conda-forge"}
    put(prefix / "conda-meta/python-3.11.7-h0_0.json", json.dumps(python))
    put(prefix / "bin/python3.11", "#!/bin/sh\n")
    (prefix / "bin/python3.11").chmod(0o755)
    (prefix / "bin/python").symlink_to("python3.11")
    info = prefix / "lib/python3.11/site-packages/keras-3.5.0.dist-info"
    put(info / "METADATA", "Metadata-Version: 2.1\nName: keras\nVersion: 3.5.0\n")
    put(info / "RECORD", "keras/__init__.py,,\n")


def package(prefix: Path, number: int) -> None:
    """A package of an environment, with the lists that real ones have."""
    name = f"pkg{number}"
    files = [f"lib/{name}/file{index}" for index in range(40)]
    row = {"name": name, "version": "1.0", "build": "h_0", "channel": "conda-forge", "depends": ["python"] * 10}
    put(prefix / f"conda-meta/{name}-1.0-h_0.json", json.dumps({**row, "files": files}))


@pytest.mark.slow
def test_many_environments_toolkits_and_packages_cost_little(tmp_path: Path) -> None:
    root = tmp_path / "root"
    put(root / "etc/os-release", 'ID=ubuntu\nVERSION_ID="22.04"\nPRETTY_NAME="Ubuntu 22.04"\n')
    for number in range(ENVIRONMENTS):
        environment(root / f"opt/miniconda3/envs/env{number:03}")
    for number in range(PACKAGES):
        package(root / "opt/miniconda3/envs/env000", number)
    for number in range(TOOLKITS):
        version = f"{10 + number // 8}.{number % 8}"
        toolkit = root / f"usr/local/cuda-{version}"
        put(toolkit / "version.json", json.dumps({"cuda": {"name": "CUDA SDK", "version": f"{version}.0"}}))
        put(toolkit / "targets/x86_64-linux/lib/libcudart.so.12")
    ran = check(tmp_path, "--sysroot", str(root), "--python", "/opt/miniconda3/envs/env000/bin/python")
    sections = ran.report["facts"]["sections"]
    assert sections["conda"]["package_count"] == PACKAGES + 1
    assert len(sections["cuda_toolkits"]["items"]) == TOOLKITS
    assert (ran.cpu_s < MOST_CPU_S, ran.peak_bytes < MOST_BYTES) == (True, True), ran[1:]


@pytest.mark.parametrize(
    "stuck", [{"nvmlInit": "hang:60"}, {"cuInit": "hang:60"}, {"nvmlInit": "hang:60", "cuInit": "hang:60"}]
)
def test_a_driver_that_does_not_answer_costs_its_time_limit(tmp_path: Path, kit: Kit, stuck: dict[str, str]) -> None:
    ran = check(tmp_path, "--timeout", str(LIMIT_S), "--python", sys.executable, **kit.state(stuck))
    states = {name: section["state"] for name, section in ran.report["facts"]["sections"].items()}
    assert ran.wall_s < LIMIT_S + MORE_S
    assert {states["nvml" if name == "nvmlInit" else "libcuda"] for name in stuck} == {"unknown"}
    assert not [one for one in ran.report["outcomes"] if one["state"] == "crashed"]
