"""What the child that trains says where nothing trains."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from kdoctor.model.bench import Cell, End
from tests.inside.child import asked, ended, events

FRAMEWORKS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}
each_backend = pytest.mark.parametrize("backend", FRAMEWORKS)


@each_backend
def test_a_backend_that_cannot_be_imported_fails_every_cell_and_says_why(backend: str) -> None:
    if find_spec(backend):
        pytest.skip(f"{backend} is installed")
    cells = [Cell(workload=name, backend=backend, device="cpu") for name in ("linear", "lenet")]  # type: ignore[arg-type]  # a parameter is a str
    found = events(asked(*cells))
    assert [(done.cell, done.status, backend in done.detail) for done in ended(found)] == [
        (0, "failed", True),
        (1, "failed", True),
    ]
    assert found[-1] == End()
