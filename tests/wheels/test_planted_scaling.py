"""A slow link and a slow worker, planted: each is named, and nothing else is blamed.

The link is a real one between two network namespaces, throttled by `tc tbf`: for root on Linux. The slow worker shares
its processor with another program.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from kdoctor.fleet.scaling.report import report
from kdoctor.model.scaling import Asked, Scaling, Worked

pytestmark = [
    pytest.mark.wheels,
    pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two workers need two processors"),
]
TREE = Path(__file__).resolve().parents[2]
NETWORK, PORT = "10.231.77", 29431
is_root = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("tc") is not None
BUSY = "import os; os.sched_setaffinity(0, {1})\nwhile True: pass"


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)


@pytest.fixture
def hosts() -> Iterator[tuple[str, str]]:
    """Two namespaces, each with an end of one cable."""
    names = (f"kd{os.getpid()}a", f"kd{os.getpid()}b")
    try:
        for name in names:
            run("ip", "netns", "add", name)
        run(
            "ip",
            "link",
            "add",
            names[0],
            "netns",
            names[0],
            "type",
            "veth",
            "peer",
            "name",
            names[1],
            "netns",
            names[1],
        )
        for number, name in enumerate(names, 1):
            run("ip", "-n", name, "addr", "add", f"{NETWORK}.{number}/24", "dev", name)
            for device in (name, "lo"):
                run("ip", "-n", name, "link", "set", device, "up")
        yield names
    finally:
        for name in names:
            with contextlib.suppress(subprocess.CalledProcessError):
                run("ip", "netns", "del", name)


def trained(python: Path, home: Path, hosts: tuple[str, str] | None) -> Scaling:
    """What two workers of a perceptron make of it, each in its namespace."""
    started = []
    for rank in range(2):
        asked = Asked(
            workload="mlp",
            backend="torch",
            device="cpu",
            rank=rank,
            world=2,
            address=f"{NETWORK}.1" if hosts else "127.0.0.1",
            port=PORT,
            word="planted",
            threads=1,
            cores=(rank,),
            batch_size=512,
            seconds=20.0,
        )
        command = [sys.executable, "-m", "kdoctor", "fleet", "worker", msgspec.json.encode(asked).decode()]
        inside = ["ip", "netns", "exec", hosts[rank]] if hosts else []
        environ = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(TREE)}
        started.append(
            subprocess.Popen(
                [*inside, *command, "--python", str(python)], cwd=TREE, env=environ, stdout=subprocess.PIPE
            )
        )
    outputs = [process.communicate(timeout=600)[0] for process in started]
    workers = [
        msgspec.structs.replace(msgspec.json.decode(out, type=Worked), name=f"n{rank}")
        for rank, out in enumerate(outputs)
    ]
    return report(workers, workload="mlp", backend="torch", seconds=1.0)


def blamed(found: Scaling) -> list[str]:
    return [verdict.what for verdict in found.verdicts if verdict.name in {"straggler", "slow-link"}]


@pytest.mark.skipif(not is_root, reason="throttling a link needs root and iproute2")
def test_a_throttled_link_is_named(venv: Callable[[str], Path], hosts: tuple[str, str], tmp_path: Path) -> None:
    run(
        "tc",
        "-n",
        hosts[1],
        "qdisc",
        "add",
        "dev",
        hosts[1],
        "root",
        "tbf",
        "rate",
        "200mbit",
        "burst",
        "64kb",
        "latency",
        "50ms",
    )
    found = trained(venv("torch") / "bin/python", tmp_path, hosts)
    assert len(blamed(found)) == 1, found
    (said,) = blamed(found)
    assert "between n0 and n1" in said
    assert (
        10e6 < found.links[0].per_s < 27e6 or found.links[0].per_s > 1e8
    )  # the direction that is measured may be free
    parts = {part.name: part.share for part in found.scaled[0].parts}
    assert parts["communication"] > 0.3
    assert abs(parts["rest"]) < 0.1


def test_a_worker_that_shares_its_processor_is_named(venv: Callable[[str], Path], tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", BUSY]) as busy:
        try:
            found = trained(venv("torch") / "bin/python", tmp_path, None)
        finally:
            busy.kill()
    assert len(blamed(found)) == 1, found
    (said,) = blamed(found)
    assert said.startswith("Worker 1 on n1 is slow")
    parts = {part.name: part.share for part in found.scaled[0].parts}
    assert parts["imbalance"] > 0.2
