"""`kdoctor fake` before genuine TensorFlow: it lists the simulated GPUs, and none where the driver is broken."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.wheels
TREE = Path(__file__).resolve().parents[2]
LIST = "import tensorflow as tf; print(len(tf.config.list_physical_devices('GPU')))"


@pytest.mark.parametrize(
    ("options", "gpus"),
    [
        (("--gpus", "2", "--model", "t4"), 2),
        (("--model", "a100", "--mig", "3g.20gb"), 1),
        (("--gpus", "2", "--fault", "lost-gpu"), 1),
        (("--fault", "driver-mismatch"), 0),
        (("--fault", "no-device"), 0),
    ],
)
def test_tensorflow_lists_what_is_simulated(
    venv: Callable[[str], Path], tmp_path: Path, options: tuple[str, ...], gpus: int
) -> None:
    python = venv("and-cuda-2.20") / "bin/python"
    done = subprocess.run(
        (sys.executable, "-m", "kdoctor", "fake", "-q", *options, "--", str(python), "-c", LIST),
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(TREE), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout.strip().splitlines()[-1:]) == (0, [str(gpus)]), done.stderr
