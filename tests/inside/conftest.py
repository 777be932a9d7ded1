"""The children's modules, importable as they are for them."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.inside.child import INSIDE


@pytest.fixture(autouse=True)
def inside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`training` and `workloads` are top-level packages, beside the script."""
    monkeypatch.syspath_prepend(str(INSIDE))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in ("training", "workloads")]:
        del sys.modules[name]
