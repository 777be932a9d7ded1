"""`kdoctor bench` as people type it: what it refuses, and what it says where nothing can be trained."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fakegpu import Kit

TREE = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")


class Ran(NamedTuple):
    code: int
    out: str
    err: str


def bench(home: Path, *arguments: str, **more: str) -> Ran:
    """The real command line; ``more``: variables of its environment."""
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": str(TREE), "LC_ALL": "C.UTF-8", **more}
    command = [sys.executable, "-m", "kdoctor", "bench", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environ, check=False)
    return Ran(ran.returncode, ran.stdout, ran.stderr)


JAX_WITH_GPUS = """
__version__ = "0.10.2"
class Answer:
    def all(self): return True
    def __matmul__(self, other): return self
    def __eq__(self, other): return self
class Device:
    platform = "cuda"
    def __init__(self, number): self.number = number
    def __str__(self): return "cuda:%d" % self.number
def devices(): return [Device(0), Device(1)]
def device_put(array, device): return array
"""


def environment(folder: Path, *distributions: str, jax: str = "") -> str:
    """The interpreter of a venv in which these are installed, as far as files tell; they cannot be imported.

    ``jax``: what that package consists of instead.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    site = next((folder / "lib").glob("python*")) / "site-packages"
    for name in distributions:
        info = site / f"{name}-3.15.1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 3.15.1\n", encoding="utf-8")
        (info / "RECORD").write_text(f"{name}/__init__.py,,\n", encoding="utf-8")
        (site / name).mkdir()
        (site / name / "__init__.py").write_text("raise ImportError('broken on purpose')\n", encoding="utf-8")
    if jax:
        (site / "jax/__init__.py").write_text(jax, encoding="utf-8")
        (site / "jax/numpy.py").write_text("from jax import Answer\ndef ones(shape): return Answer()\n", "utf-8")
    return str(folder / "bin/python")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--quick", "--full"), "--quick and --full: choose one"),
        (("--workload", "resnet"), "there is no workload 'resnet'"),
        (("--precision", "float8"), "--precision float8: expected one of"),
        (("--mode", "fast"), "--mode fast: expected one of"),
        (("--backend", "theano"), "--backend theano: expected one of"),
        (("--batch-size", "0"), "--batch-size 0: expected whole numbers"),
        (("--epochs", "many"), "--epochs many: expected whole numbers"),
        (("--format", "yaml"), "--format yaml"),
        (("--provision", "--env", "x"), "leave out --python and --env"),
        (("--fail-below", "0.9"), "--fail-below needs a --baseline"),
        (("--plot", "curve.txt"), "expected a name that ends in .png or .svg"),
    ],
)
def test_a_slip_is_one_line_and_2(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    python = environment(tmp_path / "env", "keras", "jax")
    ran = bench(tmp_path, *arguments, *(() if "--provision" in arguments else ("--python", python)))
    assert (ran.code, ran.out, words in ran.err) == (2, "", True), ran
    assert ran.err.count("\n") == 1


def test_without_keras_the_way_to_one_is_named(tmp_path: Path) -> None:
    ran = bench(tmp_path, "--python", environment(tmp_path / "env"))
    assert (ran.code, "no backend of Keras is installed" in ran.err, "`kdoctor fix --pip`" in ran.err) == (
        3,
        True,
        True,
    )
    assert bench(tmp_path, "--python", environment(tmp_path / "jax", "jax")).err.startswith("kdoctor: Keras is not")


def test_where_nothing_could_be_run_it_is_3_and_said_in_the_document(tmp_path: Path) -> None:
    ran = bench(tmp_path, "--python", environment(tmp_path / "env", "keras", "jax"), "--format", "json")
    found = json.loads(ran.out)
    assert (ran.code, found["exit_reason"]) == (3, "nothing-ran")
    assert [result["status"] for result in found["results"]] == ["crashed", "crashed"]
    assert "broken on purpose" in " ".join(found["results"][0]["notes"])


def devices_of(ran: Ran) -> set[str]:
    """What was tried, also where it failed."""
    return {result["device"] for result in json.loads(ran.out)["results"]}


def test_every_device_that_the_framework_lists_is_measured(tmp_path: Path, kit: Kit) -> None:
    python = environment(tmp_path / "env", "keras", "jax", jax=JAX_WITH_GPUS)
    json_of = ("--python", python, "--workload", "linear", "--format", "json")
    gpus = kit.state(device_count=2)
    assert devices_of(bench(tmp_path, *json_of, **gpus)) == {"cpu", "gpu:0", "gpu:1", "all"}
    assert devices_of(bench(tmp_path, *json_of, "--device", "gpu", **gpus)) == {"gpu:0", "gpu:1"}
    assert devices_of(bench(tmp_path, *json_of, "--device", "cpu", **gpus)) == {"cpu"}
    refused = bench(tmp_path, *json_of, "--device", "gpu:2", **gpus)
    assert (refused.code, refused.out) == (2, "")
    assert "--device gpu:2: this backend has cpu, gpu:0, gpu:1, all." in refused.err


def test_a_uuid_names_the_gpu_by_the_order_of_cuda(tmp_path: Path, kit: Kit) -> None:
    """NVML has them the other way round."""
    python = environment(tmp_path / "env", "keras", "jax", jax=JAX_WITH_GPUS)
    json_of = ("--python", python, "--workload", "linear", "--format", "json", "--device", "GPU-2222")
    environ = {**kit.state(device_count=2), "CUDA_VISIBLE_DEVICES": "1,0"}
    assert devices_of(bench(tmp_path, *json_of, **environ)) == {"gpu:0"}


def test_a_gpu_that_the_framework_does_not_list_is_named(tmp_path: Path, kit: Kit) -> None:
    alone = JAX_WITH_GPUS.replace("[Device(0), Device(1)]", "[]")
    python = environment(tmp_path / "env", "keras", "jax", jax=alone)
    ran = bench(tmp_path, "--python", python, "--workload", "linear", "--format", "json", **kit.state())
    assert devices_of(ran) == {"cpu"}
    said = [verdict for verdict in json.loads(ran.out)["verdicts"] if verdict["name"] == "gpu-unused"]
    assert [verdict["what"] for verdict in said] == ["jax does not use the GPU of this machine."]


def test_baselines_that_cannot_be_read_are_refused_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    python = environment(tmp_path / "env", "keras", "jax")
    for path, words in (("bad.json", "is no document of kdoctor bench"), ("none.json", "No such file")):
        ran = bench(tmp_path, "--python", python, "--baseline", str(tmp_path / path))
        assert (ran.code, words in ran.err, ran.err.count("\n")) == (3, True, 1), ran


def test_a_file_that_exists_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("mine", encoding="utf-8")
    ran = bench(tmp_path, "--python", environment(tmp_path / "env"), "--csv", str(tmp_path / "mine.csv"))
    assert (ran.code, "mine.csv" in ran.err, ran.err.count("\n")) == (3, True, 1), ran


def test_workloads_and_history_are_listed_without_training(tmp_path: Path) -> None:
    assert bench(tmp_path, "--list").out.split() == ["cats-dogs", "imdb-lstm", "lenet", "linear", "mlp", "stacked-lstm"]
    assert "No run of kdoctor bench" in bench(tmp_path, "--history").out
    assert list(tmp_path.iterdir()) == []
