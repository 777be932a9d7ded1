"""The story that kdoctor comes from: from the wrong CUDA to an environment in which Keras trains.

The broken machine is a recorded one. The channel is a local one of genuine wheels packed as conda packages; only
what cannot matter without a GPU is a stub: conda-forge builds TensorFlow 2.15.0 for CUDA 11.8, PyPI for 12.2, so the
build's name is conda-forge's and its CUDA libraries are an empty package.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.wheels.repack import Repacked, distributions, python_of

pytestmark = pytest.mark.wheels
TREE = Path(__file__).resolve().parents[2]
BROKEN = TREE / "tests/machines/ubuntu2004-450-gtx1050ti-condakeras-cpu-build"
RECIPE = "tf215-cuda118-conda"


def kdoctor(home: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and document of the real command line."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(TREE), "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "kdoctor", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, env=environ, stdin=subprocess.DEVNULL, check=False)
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


@pytest.fixture(scope="module")
def channel(venv: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> str:
    """TensorFlow 2.15.0, Keras 2.15, Python 3.11 and all that they need, as conda packages."""
    prefix = venv("keras2-2.15")
    config = dict(line.split(" = ") for line in (prefix / "pyvenv.cfg").read_text(encoding="utf-8").splitlines())
    made = Repacked(tmp_path_factory.mktemp("story") / "channel")
    files, links = python_of(Path(config["home"]).parent, "3.11")
    made.add("python", "3.11.7", "0", files, links=links)
    for name, version, own, depends in distributions(prefix, "3.11"):
        is_tensorflow = name == "tensorflow"
        build = "cuda118py311h1_3" if is_tensorflow else "py311_0"
        made.add(name, version, build, own, [*depends, *(["__cuda", "cudatoolkit 11.8.*"] if is_tensorflow else [])])
    made.add("tensorflow", "2.15.0", "cpu_py311h1_0", {}, ["python 3.11.*"])
    made.add("cudatoolkit", "11.8.0", "0", {"lib/libdevice.10.bc": b"stub"}, ["__cuda >=11"])
    return made.write()


def test_from_the_wrong_cuda_to_an_environment_that_trains(channel: str, tmp_path: Path) -> None:
    code, report = kdoctor(tmp_path, "check", "--sysroot", str(BROKEN), "--format", "json", "--no-redact")
    toolkits = report["facts"]["sections"]["cuda_toolkits"]["items"]
    assert (code, report["primary"]["cause"]) == (1, "cpu-only-build-installed")
    assert {(one["version"], one["path"]) for one in toolkits} >= {
        ("10.1", "/usr"),
        ("10.0", "/home/user/anaconda3/envs/keras"),
    }
    assert report["primary"]["remedy"]["recipe"] == RECIPE

    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps(report["facts"]), encoding="utf-8")
    words = ("fix", "--conda", "--channel", channel, "--format", "json", "--no-redact")
    code, planned = kdoctor(tmp_path, *words, "--for", str(facts), "--dry-run")
    assert (code, planned["plan"]["recipe"], planned["plan"]["machine"]["__cuda"]) == (0, RECIPE, "11.0")
    assert "tensorflow 2.15.0 cuda118py311h1_3" in planned["plan"]["packages"]

    code, outcome = kdoctor(tmp_path, *words, "--recipe", RECIPE, "--yes", "--prefix", str(tmp_path / "keras gpu"))
    proofs = {proof["name"]: proof["said"] for proof in outcome["proofs"]}
    assert (code, outcome["done"], outcome["gpu"]) == (0, True, "not-here")
    assert proofs["import tensorflow"].startswith("2.15.0, 0 GPU")
    assert proofs["linear regression on CPU:0"].startswith("W 0.50")
    script = f". '{tmp_path}/keras gpu/kdoctor-activate.sh'; python -c 'import keras; print(keras.__version__)'"
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "2.15.0"
