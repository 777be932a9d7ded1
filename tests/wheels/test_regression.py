"""The regression that proves an environment, on the CPU of every backend, as `kdoctor fix` asks for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kdoctor.commands.verify import by_training
from kdoctor.host.live import LiveHost

pytestmark = pytest.mark.wheels


@pytest.mark.parametrize(
    ("name", "backend"),
    [("plain", "tensorflow"), ("plain-2.15", "tensorflow"), ("keras2-2.15", ""), ("jax", "jax"), ("torch", "torch")],
)
def test_the_line_is_learned(venv: Callable[[str], Path], name: str, backend: str) -> None:
    named = {"KERAS_BACKEND": backend} if backend else {}
    host = LiveHost(examined=str(venv(name) / "bin/python"), environ={**LiveHost().environ, **named})
    proof = by_training(host, "CPU:0")
    assert (proof.name, proof.ok) == ("linear regression on CPU:0", True), proof.said
