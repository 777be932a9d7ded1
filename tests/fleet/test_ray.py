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
from msgspec import to_builtins

from tests.fleet.planted import TREE
from tests.fleet.simulated import Fleet

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

    def add(self, name: str, gpus: int = 0) -> psutil.Process:
        assert self.process.stdin is not None
        self.process.stdin.write(f"add {name} {gpus}\n")
        self.process.stdin.flush()
        return psutil.Process(int(self.read()))

    def start(self, *arguments: str, command: str = "check") -> subprocess.Popen[str]:
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONPATH": str(TREE)}
        asked = [sys.executable, "-m", "kdoctor", "fleet", command, "--address", self.address, "--format", "json"]
        pipe = subprocess.PIPE
        return subprocess.Popen([*asked, *arguments], cwd=TREE, env=environ, stdout=pipe, stderr=pipe, text=True)


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


def test_workers_that_train_together_are_spread_over_the_nodes(cluster: Cluster, tmp_path: Path) -> None:
    ran = cluster.start(*together(tmp_path, "time.sleep(0)"), command="bench")
    out, err = ran.communicate(timeout=120)
    found = json.loads(out)
    assert (ran.returncode, err) == (0, "")
    assert len({row["name"] for row in found["workers"]}) == 2
    assert [(row["rank"], row["device"], row["failed"]) for row in found["workers"]] == [(0, "cpu", ""), (1, "cpu", "")]
    assert found["scaled"][0]["efficiency"] == pytest.approx(1 / 1.1, abs=0.01)


def test_a_worker_that_dies_is_named_with_its_node(cluster: Cluster, tmp_path: Path) -> None:
    ran = cluster.start(*together(tmp_path, "os.kill(os.getpid(), 9) if rank else time.sleep(5)"), command="bench")
    out, _ = ran.communicate(timeout=120)
    found = json.loads(out)
    name = found["workers"][1]["name"]
    assert (ran.returncode, found["exit_reason"]) == (1, "worker-lost")
    assert found["verdicts"][0]["what"] == f"1 of 2 workers did not come to the end: 1 on {name}."


def test_each_worker_has_a_gpu_of_its_own_where_the_cluster_has_any(cluster: Cluster, tmp_path: Path) -> None:
    raylet = cluster.add("gpus", 2)
    try:
        does = "open(os.environ['HOME'] + '/visible', 'w').write(os.environ.get('CUDA_VISIBLE_DEVICES', '-'))"
        ran = cluster.start(*together(tmp_path, does), command="bench")
        found = json.loads(ran.communicate(timeout=120)[0])
    finally:
        raylet.kill()
    assert [(row["name"], row["device"]) for row in found["workers"]] == [("gpus", "gpu:0"), ("gpus", "gpu:1")]
    assert (cluster.home / "visible").read_text(encoding="ascii") == "6,4"  # all of the node's, for a fast exchange


def test_more_workers_than_processors_are_refused(cluster: Cluster) -> None:
    ran = cluster.start("--workers", "99", "--backend", "torch", command="bench")
    out, err = ran.communicate(timeout=120)
    assert (ran.returncode, out) == (3, "")
    assert "--workers 99: the cluster has " in err


def together(folder: Path, does: str) -> tuple[str, ...]:
    """The options for two workers whose interpreter says what was simulated, after it did something."""
    said = [[to_builtins(event) for event in one.events] for one in Fleet(exchange_s=0.1).workers()]
    (folder / "said.json").write_text(json.dumps(said), encoding="utf-8")
    python = folder / "python"
    python.write_text(
        f"#!{sys.executable} -u\n"
        "import json, os, sys, time\n"
        "rank = json.load(sys.stdin)['rank']\n"
        f"for event in json.load(open({str(folder / 'said.json')!r}))[rank][:2]: print(json.dumps(event))\n"
        f"{does}\n"
        f"for event in json.load(open({str(folder / 'said.json')!r}))[rank][2:]: print(json.dumps(event))\n",
        encoding="utf-8",
    )
    python.chmod(0o755)
    return "--workers", "2", "--backend", "torch", "--python", str(python)


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
