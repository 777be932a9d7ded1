"""Workers that train together, with each genuine backend on the CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.wheels
TREE = Path(__file__).resolve().parents[2]
BACKENDS = {"tensorflow": "plain", "jax": "jax", "torch": "torch"}
Train = Callable[..., Any]


@pytest.fixture
def train(venv: Callable[[str], Path], tmp_path: Path) -> Train:
    """The document of two workers here."""

    def run(backend: str, *options: str) -> Any:  # noqa: ANN401  a document
        python = venv(BACKENDS[backend]) / "bin/python"
        command = [sys.executable, "-m", "kdoctor", "fleet", "bench", "--address", "local", "--workers", "2"]
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(TREE)}
        asked = [*command, "--python", str(python), "--backend", backend, "--format", "json", *options]
        found = subprocess.run(asked, cwd=TREE, env=environ, capture_output=True, text=True, timeout=900, check=False)
        assert (found.returncode, found.stderr) == (0, "")
        return json.loads(found.stdout)

    return run


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two workers need two processors")
@pytest.mark.parametrize("workload", ["lenet", "cats-dogs", "linear"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_two_workers_learn_what_one_does_and_the_parts_add_up(train: Train, backend: str, workload: str) -> None:
    size = "4" if workload == "cats-dogs" else "0"
    found = train(backend, "--workload", workload, "--seconds", "2", "--batch-size", size)
    assert found["losses"] == pytest.approx(found["expected_losses"], rel=1e-3)
    assert len(found["losses"]) == 4
    assert [one["kind"] for one in found["scaled"]] == ["weak", "strong"]
    for one in found["scaled"]:
        assert one["ideal_ms"] + sum(part["ms"] for part in one["parts"]) == pytest.approx(one["step_ms"])
    assert 0 <= 4 * found["parameters"] - found["exchange"]["bytes"] <= 4 * 384  # those that are not trained
    assert "losses-differ" not in [verdict["name"] for verdict in found["verdicts"]]
