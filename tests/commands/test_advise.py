"""A recipe is offered where another environment has not got the fault, and nowhere else."""

from __future__ import annotations

import pytest

from tests.recorded import checked


@pytest.mark.parametrize(
    ("machine", "recipe"),
    [
        ("ubuntu2404-550-rtx3060-tf221-cusolver", "tf220-cuda12"),
        ("ubuntu2004-470-k80-tf215-kepler", "tf214-cuda118"),
        ("ubuntu2204-570-a100-jax-plugin-mismatch", "jax-cuda12"),
        ("ubuntu2404-550-rtx3060-tf220-own-keras-py", ""),
        ("ubuntu2404-550-rtx3060-tf220-theano", ""),
        ("debian12-none-rtx3060-tf220-no-driver", ""),
    ],
)
def test_the_recipe_is_that_of_the_machine_and_the_backend(machine: str, recipe: str) -> None:
    primary = checked(machine).report.primary
    assert primary is not None
    assert primary.remedy.recipe == recipe
    assert checked(machine).report.findings[0] == primary
