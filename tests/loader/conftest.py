"""What the loader's tests share."""

from __future__ import annotations

import pytest

from tests.loader.real import Toolbox


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Toolbox:
    """Compile once what every world is linked from."""
    return Toolbox(tmp_path_factory.mktemp("tools"))
