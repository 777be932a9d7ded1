"""`kdoctor fleet check` on a Ray cluster of three nodes on this machine, where Ray is installed."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.fleet.planted import TREE

pytestmark = [
    pytest.mark.fleet,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed"),
]
AFTER_KILL_S = 5.0


class Cluster:
    """The child that has the cluster."""

    def __init__(self, process: subprocess.Popen[str], home: Path) -> None:
        """Wait until it is there."""
        self.process, self.home = process, home
        self.address: str = self.read()

    def read(self) -> str:
        assert self.process.stdout is not None
        return str(json.loads(self.process.stdout.readline()))

    def add(self, name: str) -> psutil.Process:
        assert self.process.stdin is not None
        self.process.stdin.write(f"add {name}\n")
        self.process.stdin.flush()
        return psutil.Process(int(self.read()))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONPATH": str(TREE)}
        command = [sys.executable, "-m", "kdoctor", "fleet", "check", "--address", self.address, "--format", "json"]
        pipe = subprocess.PIPE
        return subprocess.Popen([*command, *arguments], cwd=TREE, env=environ, stdout=pipe, stderr=pipe, text=True)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home = tmp_path_factory.mktemp("home")
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "RAY_USAGE_STATS_ENABLED": "0"}
    pipe = subprocess.PIPE
    started = [sys.executable, "-m", "tests.fleet.cluster"]
    with subprocess.Popen(started, cwd=TREE, env=environ, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield Cluster(process, home)
        finally:
            family = psutil.Process(process.pid).children(recursive=True)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=60)  # the end of its input ends the cluster
            process.kill()
            for child in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()


def rows(ran: subprocess.Popen[str]) -> dict[str, str]:
    out, err = ran.communicate(timeout=120)
    assert err == ""
    return {row["name"]: row["primary"] or row["state"] for row in json.loads(out)["map"]}


def test_every_node_answers_and_a_planted_difference_is_named(cluster: Cluster) -> None:
    before = set(cluster.home.iterdir())
    ran = cluster.start()
    out, err = ran.communicate(timeout=120)
    report = json.loads(out)
    differs = {finding["name"]: finding["nodes"] for finding in report["findings"] if finding["id"] == "FLEET"}
    assert (err, report["answered"]) == ("", 3)
    assert differs["gpus-differs"] == ["n3"]
    assert {path.name for path in set(cluster.home.iterdir()) - before} <= {".cache"}  # no .ray/auth_token


def test_a_node_that_is_killed_costs_no_other_and_at_most_five_seconds(cluster: Cluster) -> None:
    raylet = cluster.add("killed")
    ran = cluster.start()
    asked = wait_for_command(raylet)
    raylet.kill()
    killed = time.monotonic()
    found = rows(ran)
    assert time.monotonic() - killed < AFTER_KILL_S
    assert (found["killed"], len(found)) == ("died", 4)
    assert not {"died", "hung"} & {state for name, state in found.items() if name != "killed"}
    psutil.wait_procs([asked], timeout=10)
    assert not asked.is_running()


def test_a_node_that_hangs_is_given_up(cluster: Cluster) -> None:
    raylet = cluster.add("stopped")
    raylet.send_signal(signal.SIGSTOP)
    try:
        found = rows(cluster.start("--timeout", "15"))
    finally:
        raylet.kill()
    assert found["stopped"] == "hung"
    assert not {"died", "hung"} & {found[name] for name in ("n1", "n2", "n3")}


def wait_for_command(raylet: psutil.Process) -> psutil.Process:
    """The child of kdoctor's worker on that node."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for child in raylet.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if any("kdoctor" in word for word in child.cmdline()[1:]):
                    return child
        time.sleep(0.02)
    raise AssertionError
