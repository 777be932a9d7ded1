"""`kdoctor fleet check` on an engine that plays Ray's part, for what goes wrong; test_ray.py has Ray itself."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.planted import HEALTHY, TREE, report
from tests.processes import is_alive

ENGINE = TREE / "tests/fleet/engine"


@pytest.fixture
def address() -> Iterator[str]:
    """Where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def kdoctor(*arguments: str, home: Path, fleet: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    path = f"{TREE}{os.pathsep}{ENGINE}" if fleet is not None else str(TREE)
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": path, "COLUMNS": "200"}
    command = [sys.executable, "-m", "kdoctor", "fleet", *arguments]
    if fleet and fleet["nodes"]:
        (home / "report.json").write_bytes(report(HEALTHY))
    given = {**environ, "FLEET": json.dumps({**(fleet or {}), "report": str(home / "report.json")})}
    return subprocess.run(command, cwd=TREE, env=given, capture_output=True, text=True, timeout=120, check=False)


def node(name: str, does: str = "well", **other: object) -> dict[str, object]:
    return {
        "NodeID": f"id-{name}-{other.get('NodeManagerPort', 1)}",
        "NodeName": "",
        "NodeManagerHostname": name,
        "NodeManagerAddress": "10.0.0.1",
        "NodeManagerPort": 1,
        "Alive": True,
        "Resources": {"CPU": 8.0, "GPU": 2.0},
        "does": does,
        **other,
    }


def states(ran: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return {row["name"]: row["primary"] or row["state"] for row in json.loads(ran.stdout)["map"]}


def test_each_way_to_be_lost_costs_no_other_node(address: str, tmp_path: Path) -> None:
    ways = {"died": "died", "hung": "hung", "gone": "unreachable", "refused": "refused", "{": "garbage"}
    fleet = {"nodes": [node("well"), *(node(f"n-{want}", does) for does, want in ways.items())]}
    ran = kdoctor("check", "--address", address, "--timeout", "1", "--format", "json", home=tmp_path, fleet=fleet)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert states(ran) == {"well": "ok", **{f"n-{want}": want for want in ways.values()}}


def test_a_node_that_the_cluster_lost_before_is_named_and_one_that_came_back_is_not(
    address: str, tmp_path: Path
) -> None:
    fleet = {
        "nodes": [
            node("well"),
            node("away", Alive=False, DeathReason=2, NodeManagerAddress="10.0.0.2"),
            node("drained", Alive=False, DeathReason=4, NodeManagerAddress="10.0.0.3"),
            node("well", Alive=False, DeathReason=2, NodeManagerPort=7),
        ]
    }
    ran = kdoctor("check", "--address", address, "--format", "json", home=tmp_path, fleet=fleet)
    assert states(ran) == {"well": "ok", "away": "unreachable"}


def test_hosts_of_one_name_are_told_apart(address: str, tmp_path: Path) -> None:
    fleet = {
        "nodes": [
            node("gpu", NodeManagerPort=1),
            node("gpu", NodeManagerPort=2),
            node("gpu", NodeManagerPort=3, NodeManagerAddress="10.0.0.2"),
            node("gpu", NodeManagerPort=4, NodeName="named"),
        ]
    }
    ran = kdoctor("check", "--address", address, "--format", "json", home=tmp_path, fleet=fleet)
    assert set(states(ran)) == {"gpu@10.0.0.1:1", "gpu@10.0.0.1:2", "gpu@10.0.0.2", "named"}


def test_what_was_answered_is_kept_when_ray_aborts(address: str, tmp_path: Path) -> None:
    fleet = {"nodes": [node("well"), node("late", "abort")]}
    ran = kdoctor("check", "--address", address, "--format", "json", home=tmp_path, fleet=fleet)
    assert states(ran) == {"well": "ok", "late": "died"}


def test_a_shutdown_that_hangs_is_not_waited_for(address: str, tmp_path: Path) -> None:
    started = time.monotonic()
    ran = kdoctor("check", "--address", address, home=tmp_path, fleet={"nodes": [node("well")], "shutdown": 60})
    assert (ran.returncode, time.monotonic() - started < 20) == (0, True)


def test_a_bench_asks_for_the_whole_node(address: str, tmp_path: Path) -> None:
    fleet = {"nodes": [node("n", "alone")]}
    ran = kdoctor("bench", "--address", address, "--format", "json", home=tmp_path, fleet=fleet)
    said = json.loads(ran.stdout)["findings"][0]["evidence"][0]["value"]
    assert "got `float`" in said  # 2.0 GPUs, where a report should be


MISMATCH = (
    "Version mismatch: The cluster was started with:\n Ray: 2.9.0\n Python: 3.9.1\nThis\n Ray: 2.6.0\n Python: 3.11.7"
)


@pytest.mark.parametrize(
    ("fleet", "words"),
    [
        ({"init": MISMATCH}, ("runs Ray 2.9.0 on Python 3.9.1; here are Ray 2.6.0 and Python 3.11.7",)),
        ({"greeting": "token"}, ("asks for an authentication token", "RAY_AUTH_TOKEN_PATH")),
        ({"greeting": "strange"}, ("answers, but not as Ray's head does",)),
        ({"here": []}, ("this machine is no node of the cluster", "ray start --address=")),
        ({"init": "No node info found matching attributes"}, ("this machine is no node of the cluster",)),
        ({"init": "first\nsecond"}, ("Ray cannot join", "first")),
    ],
)
def test_no_way_in_is_one_line_and_exit_3(
    fleet: dict[str, Any], words: tuple[str, ...], address: str, tmp_path: Path
) -> None:
    ran = kdoctor("check", "--address", address, home=tmp_path, fleet={"nodes": [], **fleet})
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (3, "", 1)
    assert [word for word in words if word not in ran.stderr] == []
    assert list(tmp_path.iterdir()) == []  # no ~/.ray/auth_token


@pytest.mark.parametrize(
    ("arguments", "clusters", "code", "word"),
    [
        (("--address", "auto"), [], 3, "no Ray cluster runs on this machine"),
        (("--address", "auto"), ["a:1", "b:2"], 3, "2 Ray clusters run on this machine: a:1, b:2"),
        ((), ["127.0.0.1:1"], 3, "127.0.0.1:1: Connection refused"),
        (("--address", "127.0.0.1:1"), [], 3, "Connection refused"),
        (("--address", "here"), [], 2, "expected auto, HOST:PORT or, for a check, local"),
        (("--address", "h:0"), [], 2, "expected auto, HOST:PORT or, for a check, local"),
        (("--address", "h:65536"), [], 2, "expected auto, HOST:PORT or, for a check, local"),
        (("--address", "ray://h:1"), [], 2, "expected auto, HOST:PORT or, for a check, local"),
        (("--fail-on", "all"), [], 2, "--fail-on all"),
    ],
)
def test_no_cluster_is_one_line(
    arguments: tuple[str, ...], clusters: list[str], code: int, word: str, tmp_path: Path
) -> None:
    ran = kdoctor("check", *arguments, home=tmp_path, fleet={"nodes": [], "clusters": clusters})
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (code, "", 1)
    assert word in ran.stderr


def test_where_ray_is_not_installed_the_way_is_told(tmp_path: Path) -> None:
    if (
        subprocess.run([sys.executable, "-c", "import ray"], check=False, timeout=60, capture_output=True).returncode
        == 0
    ):
        pytest.skip("Ray is installed")
    ran = kdoctor("check", home=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (3, "", 1)
    assert "pip install 'keras-doctor[fleet]'" in ran.stderr


def test_local_is_one_machine_without_ray(tmp_path: Path) -> None:
    broken = {"PYTHONPATH": f"{TREE}{os.pathsep}{tmp_path}", "PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    (tmp_path / "ray.py").write_text("raise SystemExit(99)\n", encoding="utf-8")
    command = [sys.executable, "-m", "kdoctor", "fleet", "check", "--address", "local", "--format", "json"]
    ran = subprocess.run(command, cwd=TREE, env=broken, capture_output=True, text=True, timeout=120, check=False)
    merged = json.loads(ran.stdout)
    assert (len(merged["map"]), merged["answered"], ran.returncode in {0, 1}) == (1, 1, True)


def test_a_node_without_kdoctor_is_sent_one_that_needs_nothing_else(tmp_path: Path) -> None:
    """The zip, unpacked, in an interpreter without any other package."""
    pack = (
        "import io, sys, zipfile; sys.path.insert(0, 'kdoctor/inside'); import ray_node; "
        "zipfile.ZipFile(io.BytesIO(ray_node.packed('kdoctor'))).extractall(sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", pack, str(tmp_path)], cwd=TREE, check=True, timeout=120)
    sent = [sys.executable, "-S", "-E", str(tmp_path), "check", "--format", "json", "--python", sys.executable]
    ran = subprocess.run(sent, cwd="/", env={"PATH": "/usr/bin:/bin"}, capture_output=True, timeout=120, check=False)
    facts = json.loads(ran.stdout)["facts"]["sections"]
    assert ran.returncode in {0, 1}
    assert "pynvml" not in str(facts["nvml"])  # its children find what they import
    assert str(tmp_path) not in ran.stdout.decode()  # the examined environment is not what was sent


def test_what_is_sent_is_what_the_package_needs() -> None:
    """The core dependencies of pyproject.toml, but for those of a terminal and of logs."""
    text = (TREE / "pyproject.toml").read_text(encoding="utf-8")
    rows = text.partition("\ndependencies = [")[2].partition("\n]")[0].split('"')[1::2]
    names = {row.split(">")[0].strip() for row in rows}
    script = (TREE / "kdoctor/inside/ray_node.py").read_text(encoding="utf-8")
    sent = set(script.partition("NEEDED = (")[2].partition(")")[0].replace('"', "").split(", "))
    assert sent == names - {"rich", "hyperscan"}


def test_a_command_on_a_node_ends_with_its_worker(tmp_path: Path) -> None:
    file, command = tmp_path / "pid", tmp_path / "command.py"
    command.write_text(
        f"import os, time\nopen({str(file)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n", encoding="utf-8"
    )
    worker = (
        "import sys; sys.path.insert(0, 'kdoctor/inside'); import ray_node\n"
        f"ray_node.heard([sys.executable, {str(command)!r}], {{}}, 60)"
    )
    with subprocess.Popen([sys.executable, "-c", worker], cwd=TREE) as process:
        deadline = time.monotonic() + 30
        while not (file.exists() and file.read_text(encoding="ascii")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.kill()
    assert not is_alive(int(file.read_text(encoding="ascii")))
