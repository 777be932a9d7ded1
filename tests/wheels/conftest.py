"""The environments with wheels, once for all tests here."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.wheels import venvs


@pytest.fixture(scope="session")
def venv() -> Callable[[str], Path]:
    """Give the prefix of an environment by its name in `tests.wheels.venvs`."""
    return functools.cache(venvs.venv)
